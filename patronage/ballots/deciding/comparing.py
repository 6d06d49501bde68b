"""Two slates beside each other in the words a page needs: what both hold, what only one holds, how fair each is."""

from collections.abc import Iterable
from dataclasses import dataclass

from patronage.ballots.frozen import Frozen, Slate, WhatIf


@dataclass(frozen=True)
class Side:
    """One slate as it is listed: (title, whether the other holds it too), and how fair it is."""

    slate: Slate
    topics: tuple[tuple[str, bool], ...]
    over: str | None  # the topic that those left out share


@dataclass(frozen=True)
class Compared:
    """The slate by most ticks and the fair one, for `places` topics; `only_*` are titles that one alone holds."""

    places: int
    approval: Side
    fair: Side
    only_approval: tuple[str, ...]
    only_fair: tuple[str, ...]

    @property
    def agree(self) -> bool:
        """Whether both choose the same topics."""
        return not self.only_approval and not self.only_fair


def compared(result: Frozen, views: WhatIf) -> Compared:
    """Return both slates of `views` side by side."""
    by_ticks, fair = views.approval, views.fair
    return Compared(
        views.places, side(result, by_ticks, fair.positions), side(result, fair, by_ticks.positions),
        _missing(result, by_ticks.positions, fair.positions), _missing(result, fair.positions, by_ticks.positions),
    )  # fmt: skip


def side(result: Frozen, slate: Slate, other: Iterable[int]) -> Side:
    """Return a slate as it is listed beside the positions of another one."""
    theirs = frozenset(other)
    topics = tuple((result.titles[position], position in theirs) for position in slate.positions)
    return Side(slate, topics, result.titles[slate.over] if slate.over is not None else None)


def _missing(result: Frozen, mine: Iterable[int], theirs: Iterable[int]) -> tuple[str, ...]:
    other = frozenset(theirs)
    return tuple(result.titles[position] for position in mine if position not in other)
