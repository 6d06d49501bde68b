"""The rounds as this process last saw them, so that strangers' pages need no question to the database.

It holds what decides which page is shown, and nothing of any vote.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select

from patronage.ballots.deciding.models import EditorialDecision, Telling
from patronage.ballots.models import ReasonState, Round, RoundReason, RoundResult, Topic, TopicState
from patronage.foundation.database import Database
from patronage.foundation.fresh import Fresh


class Phase(StrEnum):
    """What a visitor finds at the address of a round."""

    SOON = "soon"  # announced, voting has not begun
    OPEN = "open"
    COUNTING = "counting"  # time is up, the result is about to be frozen
    CLOSED = "closed"


@dataclass(frozen=True)
class KnownRound:
    """The dates of a round that decide its phase, and how many are on its list of voters once it is written."""

    id: int
    opens_at: datetime
    closes_at: datetime
    closed_at: datetime | None
    electorate_size: int | None = None

    def phase(self, now: datetime) -> Phase:
        """Return the phase at `now`."""
        if self.closed_at:
            return Phase.CLOSED
        if now >= self.closes_at:
            return Phase.COUNTING
        return Phase.OPEN if now >= self.opens_at else Phase.SOON


def known(round_: Round) -> KnownRound:
    """Return what is known of a row."""
    return KnownRound(round_.id, round_.opens_at, round_.closes_at, round_.closed_at, round_.electorate_size)


@dataclass(frozen=True)
class Snapshot:
    """All rounds there are for the public, by id; `stories` changes with whatever is told of a result afterwards.

    That is: somebody put on a topic or nobody any more, a story published, a decision, a telling, a voter's reason
    shown or hidden, a certification, a correction.
    """

    rounds: dict[int, KnownRound]
    stories: tuple[object, ...]

    def mark(self, now: datetime) -> tuple[object, ...]:
        """Return what a list of all rounds depends on."""
        return (self.stories, *((each.id, each.phase(now)) for each in self.rounds.values()))


class KnownRounds(Fresh[Snapshot]):
    """The snapshot of this process; a call returns it, at most a second old."""

    def __init__(self, database: Database) -> None:
        super().__init__(self._look)
        self._database = database

    def _look(self) -> Snapshot:
        columns = (Round.id, Round.opens_at, Round.closes_at, Round.closed_at, Round.electorate_size)
        query = select(*columns).where(Round.opened_at.is_not(None)).order_by(Round.id)
        with self._database.reading() as session:
            rounds = {row.id: KnownRound(*row) for row in session.execute(query)}
            stories = tuple(session.execute(_TOLD_AFTERWARDS).one())
        return Snapshot(rounds, stories)


_MOMENTS = (func.count(Topic.published_at), func.max(Topic.published_at), func.max(Topic.assigned_at))
_IN_HAND = Topic.state.in_((TopicState.ASSIGNED, TopicState.PUBLISHED))
_TOLD_AFTERWARDS = select(
    *select(func.count(), *_MOMENTS).where(_IN_HAND).subquery().c,
    select(func.count(EditorialDecision.id)).scalar_subquery(),  # ids may come to light in another order
    select(func.count()).where(Telling.told_at.is_not(None)).scalar_subquery(),
    *(
        select(func.count()).where(RoundReason.state == state).scalar_subquery()
        for state in (ReasonState.SHOWN, ReasonState.HIDDEN)
    ),
    select(func.count()).where(Round.certified_at.is_not(None)).scalar_subquery(),
    select(func.count()).where(RoundResult.version > 1).scalar_subquery(),
)
