"""Everything that is counted of a round, once: the result, both slates for three to eight places, margins, and more.

All but the weighted count take every ballot once. What is returned stands in the canonical JSON as it is.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from patronage.ballots import tally
from patronage.ballots.counting import co_support, equal_shares, fairness, margins, phragmen
from patronage.ballots.counting.profile import Profile
from patronage.ballots.models import Ballot, Round, RoundTopic
from patronage.ballots.sealing.weights import Weighing
from patronage.foundation.streaming import portions

WHAT_IF = range(3, 9)  # so many places are looked at besides the round's own
MOST_PAIRS = 10


def of_round(session: Session, round_: Round, topics: Sequence[RoundTopic], eligible: int) -> dict[str, Any]:
    """Count the raw ballots of `round_`, whatever the order of rows; `eligible` is the size of the electorate."""
    ids = {row.position: row.topic_id for row in topics}
    profile, seed = Profile.read(grouped(session, round_.id), ids), round_.tie_seed or ""
    plain = ranked(profile.votes, ids, round_.places, seed)
    weighing = Weighing.read(weighed(session, round_.id), ids) if round_.weighted else None
    decides = ranked(weighing.votes, ids, round_.places, seed) if weighing else plain
    slates = _Slates(profile)
    fair = phragmen.order(profile, ids, max(round_.places, WHAT_IF[-1]), seed)
    return {
        **decides,
        "rules": _rules(round_, weighing is not None),
        "ballots": {"cast": profile.cast, "blank": profile.blank},
        "topics": {position: _votes(profile, weighing, position) for position in ids},
        "unweighted": plain if weighing else None,
        "fair": {"order": fair.order, "ties": fair.ties},
        "what_if": [
            slates.what_if(places, _ticked(decides["ranking"], profile), fair.order)
            for places in sorted({round_.places, *WHAT_IF})
            if places <= len(ids)
        ],
        "equal_shares": _shares(profile, round_, topics, slates) if round_.budget_days else None,
        "margins": _margins(profile, plain["ranking"], round_.places, eligible),
        "flip": _flip(profile, plain["ranking"], round_.places),
        "co_support": _pairs(profile, plain["ranking"]),
    }


def grouped(session: Session, round_id: int) -> Iterator[tuple[str, int]]:
    """Yield (choices, how many ballots) of a round, read in portions."""
    ballot = Ballot.__table__.c
    query = select(ballot.choices, func.count()).where(ballot.round_id == round_id).group_by(ballot.choices)
    for portion in portions(session, query):
        yield from portion


def weighed(session: Session, round_id: int) -> Iterator[tuple[str, int, int]]:
    """Yield (choices, weight, how many ballots) of a round, read in portions."""
    ballot = Ballot.__table__.c
    query = select(ballot.choices, ballot.weight, func.count()).where(ballot.round_id == round_id)
    query = query.group_by(ballot.choices, ballot.weight)
    for portion in portions(session, query):
        yield from portion


def ranked(votes: dict[int, int], topics: dict[int, int], places: int, seed: str) -> dict[str, Any]:
    """Return the ranking, the ties in it, and the slate that rule "approval" makes of `votes`."""
    return vars(tally.decided(votes, topics, places, seed))


class _Slates:
    """Slates as they are told; each set of topics is looked at once, however many views it stands in."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._known: dict[frozenset[int], tuple[int, fairness.LeftOut]] = {}

    def what_if(self, places: int, ranking: Sequence[int], fair: Sequence[int]) -> dict[str, Any]:
        """Return both slates of `places` topics."""
        return {
            "places": places,
            "approval": self.told(ranking[:places], places),
            "fair": self.told(fair[:places], places),
        }

    def told(self, slate: Sequence[int], places: int) -> dict[str, Any]:
        """Return one slate and how it treats voters."""
        nothing, left_out = self._seen(slate)
        return {
            "positions": tuple(slate), "nothing": nothing, "left_out": left_out.voters, "over": left_out.position,
            "holds": left_out.keeps_promise(self._profile.asking, places),
        }  # fmt: skip

    def _seen(self, slate: Sequence[int]) -> tuple[int, fairness.LeftOut]:
        known = frozenset(slate)
        if known not in self._known:
            nothing = fairness.with_nothing(self._profile, slate).voters
            self._known[known] = nothing, fairness.left_out(self._profile, slate)
        return self._known[known]


def _rules(round_: Round, is_weighted: bool) -> dict[str, Any]:
    """Return the rules with their versions: what a later version of this software counts by them stays the same."""
    shares = {
        "name": equal_shares.RULE,
        "version": equal_shares.RULE_VERSION,
        "completion": equal_shares.COMPLETION,
        "steps": equal_shares.STEPS_OF_A_ROUND,
    }
    return {
        **({"equal_shares": shares} if round_.budget_days else {}),
        "approval": {"name": tally.RULE, "version": tally.RULE_VERSION, "weighted": is_weighted},
        "fair": {"name": phragmen.RULE, "version": phragmen.RULE_VERSION},
    }


def _shares(profile: Profile, round_: Round, topics: Sequence[RoundTopic], slates: _Slates) -> dict[str, Any]:
    """Return what equal shares buy; a topic without a cost cannot be bought, so it stays out."""
    costs = {row.position: row.reporter_days for row in topics if row.reporter_days}
    ids = {row.position: row.topic_id for row in topics if row.position in costs}
    budget = round_.budget_days or 0
    bought = equal_shares.of_round(profile, ids, costs, budget, round_.tie_seed or "")
    slate = slates.told(bought.slate, max(len(bought.slate), 1))
    return {"slate": slate, "budget": budget, "spent": int(bought.cost), "ties": bought.ties}


def _votes(profile: Profile, weighing: Weighing | None, position: int) -> dict[str, Any]:
    votes = {"votes": profile.votes[position]}
    return votes if weighing is None else {**votes, "weighted": weighing.shown(position)}


def _ticked(ranking: Iterable[int], profile: Profile) -> list[int]:
    return [position for position in ranking if profile.votes[position]]


def _margins(profile: Profile, ranking: tuple[int, ...], places: int, eligible: int) -> list[dict[str, Any]]:
    """Return the margins between neighbours from the top to one beyond the last view's line."""
    foremost = ranking[: max(places, WHAT_IF[-1]) + 1]
    found = (margins.between(profile, above, below, eligible) for above, below in pairwise(foremost))
    return [{"above": each.a, "below": each.b, "ahead": each.ballots, "verdict": str(each.verdict)} for each in found]


def _flip(profile: Profile, ranking: tuple[int, ...], places: int) -> dict[str, int] | None:
    found = margins.to_flip(profile, ranking, places)
    return vars(found) if found else None


def _pairs(profile: Profile, ranking: tuple[int, ...]) -> list[dict[str, Any]]:
    found = co_support.pairs(profile, ranking)[:MOST_PAIRS]
    return [{"first": pair.a, "second": pair.b, "both": pair.both, "lift": str(pair.lift)} for pair in found]
