"""A frozen result as pages show it: read from its canonical JSON alone, never computed from ballots again."""

import json
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from typing import Any

from patronage.ballots.models import RoundResult


@dataclass(frozen=True)
class Line:
    """One topic of a result, in the order of the ranking; `share` of all ballots, exact.

    `votes` takes every ballot once. `weighted` is the sum of weights in a weighted round; it is None elsewhere, and
    where it would reveal how a few ballots that weigh more were cast. `days` is the cost in reporter days.
    """

    place: int
    position: int
    topic_id: int
    title: str
    votes: int
    share: Fraction
    chosen: bool
    days: int | None = None
    weighted: int | None = None


@dataclass(frozen=True)
class Slate:
    """Some topics by position, and how fair they are to voters: counted over ballots, each once.

    `nothing` is how many voters who ticked something find none of their topics in it. `left_out` is the largest group
    of those who share a topic, `over` is that topic's position (None: nobody is left out). The promise `holds` while
    that group is smaller than one in `places` of all who ticked something.
    """

    positions: tuple[int, ...]
    nothing: int
    left_out: int
    over: int | None
    holds: bool


@dataclass(frozen=True)
class WhatIf:
    """Both slates of `places` topics: by most ticks, and by sequential Phragmén."""

    places: int
    approval: Slate
    fair: Slate

    @property
    def agree(self) -> bool:
        """Tell whether both choose the same topics."""
        return set(self.approval.positions) == set(self.fair.positions)


@dataclass(frozen=True)
class Fair:
    """The fair slate's `order`, place after place: the slate of k places is its first k; `ties` were drawn by seed."""

    order: tuple[int, ...]
    ties: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Shares:
    """What equal shares choose within `budget` reporter days, of which the slate costs `spent`."""

    slate: Slate
    budget: int
    spent: int
    ties: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Unweighted:
    """The order and the slate if every ballot weighed one, beside a weighted result."""

    ranking: tuple[int, ...]
    ties: tuple[tuple[int, ...], ...]
    slate: tuple[int, ...]


@dataclass(frozen=True)
class Margin:
    """Two neighbours of the ranking on the same voters: `ahead` ballots more ticked the topic at `above`.

    `verdict` is "clear", "too close to call", "decided" or "equal" (everybody entitled voted: no doubt about it). How
    many ticked only the one or only the other stays out: it would tell how few ticked both.
    """

    above: int
    below: int
    ahead: int
    verdict: str


@dataclass(frozen=True)
class Flip:
    """How few ballots turn the last place (`above`) and the first without one: new ones, or ones that switch."""

    above: int
    below: int
    extra: int
    switched: int


@dataclass(frozen=True)
class Pair:
    """Patrons of `first` also want `second`: `both` ticked both, `lift` times as many as by chance."""

    first: int
    second: int
    both: int
    lift: Fraction


@dataclass(frozen=True)
class Band:
    """Some voters: how many (None: hidden) and how many of them ticked each chosen topic (None: hidden)."""

    name: str
    voters: int | None
    ticked: tuple[int | None, ...]


@dataclass(frozen=True)
class Breakdown:
    """The chosen topics (`positions`) by one `dimension`: "tier", "tenure" or "language"; made once, at closing."""

    dimension: str
    positions: tuple[int, ...]
    bands: tuple[Band, ...]


@dataclass(frozen=True)
class Chain:
    """The seals: how many `leaves`, the `root` over their sorted list, how many batches, and the last `head`; hex."""

    leaves: int
    root: str
    batches: int
    head: str


@dataclass(frozen=True)
class Frozen:
    """A frozen result as it is shown: the lines in order, and what the canonical JSON says around them.

    Results of the first schema (rounds closed before there were second views) have None and empty tuples where they
    say nothing.
    """

    lines: tuple[Line, ...]
    places: int
    cast: int
    blank: int
    electorate: int
    tied_titles: tuple[tuple[str, ...], ...]
    seed: str
    version: int
    canonical: str
    sha256: str
    frozen_at: datetime
    reason: str | None = None  # why this version corrects the one before
    is_weighted: bool = False
    policy: str = "until closing"
    named: int = 0  # how many of the electorate were granted their vote by name
    electorate_sha256: str | None = None
    ballots_sha256: str | None = None
    unweighted: Unweighted | None = None
    fair: Fair | None = None
    shares: Shares | None = None
    what_if: tuple[WhatIf, ...] = ()  # for 3 to 8 places and those of the round, as far as there are topics
    margins: tuple[Margin, ...] = ()  # between neighbours, from the top
    flip: Flip | None = None
    pairs: tuple[Pair, ...] = ()
    breakdowns: tuple[Breakdown, ...] = ()
    chain: Chain | None = None

    @property
    def turnout(self) -> Fraction:
        """Which part of those entitled cast a ballot."""
        return Fraction(self.cast, self.electorate) if self.electorate else Fraction(0)

    @property
    def slate(self) -> tuple[int, ...]:
        """The positions chosen, in the order of the ranking."""
        return tuple(line.position for line in self.lines if line.chosen)

    @cached_property
    def titles(self) -> dict[int, str]:
        """The titles as voted on, by position."""
        return {line.position: line.title for line in self.lines}

    def views(self, places: int | None = None) -> WhatIf | None:
        """Return both slates of `places` topics (None: of the round's own number), if they were frozen."""
        wanted = self.places if places is None else places
        return next((each for each in self.what_if if each.places == wanted), None)


def read(row: RoundResult) -> Frozen:
    """Return the frozen result in `row`, of either schema, as it is shown."""
    said = json.loads(row.canonical)
    lines = _lines(said)
    titles = {line.position: line.title for line in lines}
    return Frozen(
        lines=lines, places=said["places"], cast=said["ballots"]["cast"], blank=said["ballots"]["blank"],
        seed=said["tie_seed"], electorate=said["electorate"]["size"], version=row.version, canonical=row.canonical,
        sha256=row.sha256, frozen_at=row.frozen_at, reason=row.reason,
        tied_titles=tuple(tuple(titles[position] for position in tie) for tie in said["ties"]), **_second(said),
    )  # fmt: skip


def _lines(said: dict[str, Any]) -> tuple[Line, ...]:
    topics, cast = {topic["position"]: topic for topic in said["topics"]}, said["ballots"]["cast"]
    return tuple(
        Line(
            place=place, position=position, topic_id=topics[position]["topic"], title=topics[position]["title"],
            votes=topics[position]["votes"], chosen=position in said["slate"],
            share=Fraction(topics[position]["votes"], cast) if cast else Fraction(0),
            days=topics[position].get("days"), weighted=topics[position].get("weighted"),
        )
        for place, position in enumerate(said["ranking"], start=1)
    )  # fmt: skip


def _second(said: dict[str, Any]) -> dict[str, Any]:
    """Return what only the second schema says."""
    if said["schema"].endswith("/1"):
        return {}
    electorate = said["electorate"]
    return {
        "policy": electorate["policy"], "named": electorate["named"], "electorate_sha256": electorate["sha256"],
        "ballots_sha256": said["ballots"]["sha256"], "is_weighted": said["unweighted"] is not None,
        "unweighted": said["unweighted"] and Unweighted(**_tuples(said["unweighted"])),
        "fair": Fair(**_tuples(said["fair"])),
        "shares": said["equal_shares"] and _shares(said["equal_shares"]),
        "what_if": tuple(
            WhatIf(each["places"], _slate(each["approval"]), _slate(each["fair"])) for each in said["what_if"]
        ),
        "margins": tuple(Margin(**each) for each in said["margins"]),
        "flip": said["flip"] and Flip(**said["flip"]),
        "pairs": tuple(Pair(**{**each, "lift": Fraction(each["lift"])}) for each in said["co_support"]),
        "breakdowns": tuple(_breakdown(each) for each in said["breakdowns"]),
        "chain": Chain(**said["chain"]),
    }  # fmt: skip


def _slate(said: dict[str, Any]) -> Slate:
    return Slate(**_tuples(said))


def _shares(said: dict[str, Any]) -> Shares:
    return Shares(_slate(said["slate"]), said["budget"], said["spent"], _tuples(said)["ties"])


def _breakdown(said: dict[str, Any]) -> Breakdown:
    bands = tuple(Band(band["name"], band["voters"], tuple(band["ticked"])) for band in said["bands"])
    return Breakdown(said["dimension"], tuple(said["positions"]), bands)


def _tuples(said: dict[str, Any]) -> dict[str, Any]:
    """Return `said` with its lists as tuples, so that what is frozen stays so."""
    return {name: _tuple(value) for name, value in said.items()}


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value
