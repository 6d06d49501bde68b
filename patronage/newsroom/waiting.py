"""What waits for the editors: counted in one query, for the desk's first page and for the digests."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session

from patronage.ballots.deciding.models import Telling
from patronage.ballots.models import ReasonState, Round, RoundReason, Topic, TopicState

AT_ONCE = timedelta(minutes=5)  # so long the worker may take
SOON = timedelta(hours=48)
LONG = timedelta(days=14)


@dataclass(frozen=True)
class Waiting:
    """How many of each thing need an editor; nothing of any vote that is open."""

    suggestions: int  # nobody has read yet
    overdue: int  # votes that are over, and that the worker has not closed
    closing_soon: int  # votes that close within two days
    uncertified: int  # closed votes whose key still exists
    unassigned: int  # chosen topics nobody is on
    assigned_long: int  # topics somebody has been on for two weeks and more
    untold: int  # letters to voters that are owed
    whys: int  # voters' reasons of closed votes that nobody has read

    def __bool__(self) -> bool:
        """Tell whether anything waits."""
        return any(vars(self).values())


def of_editors(session: Session, now: datetime) -> Waiting:
    """Return what waits at `now`, UTC."""
    closed = select(Round.id).where(Round.closed_at.is_not(None))
    is_open = and_(Round.opened_at.is_not(None), Round.closed_at.is_(None))
    counts = (
        _topics(and_(Topic.state == TopicState.SUGGESTED, Topic.shown_at.is_(None))),
        select(func.count()).select_from(Round).where(is_open, Round.closes_at <= now - AT_ONCE),
        select(func.count()).select_from(Round).where(is_open, Round.closes_at > now, Round.closes_at <= now + SOON),
        select(func.count()).select_from(Round).where(Round.closed_at.is_not(None), Round.certified_at.is_(None)),
        _topics(Topic.state == TopicState.CHOSEN),
        _topics(and_(Topic.state == TopicState.ASSIGNED, Topic.assigned_at <= now - LONG)),
        select(func.count()).select_from(Telling).where(Telling.told_at.is_(None)),
        select(func.count()).where(RoundReason.state == ReasonState.WAITING, RoundReason.round_id.in_(closed)),
    )
    return Waiting(*session.execute(select(*(count.scalar_subquery() for count in counts))).one())


def _topics(which: ColumnElement[bool]) -> Select[int]:
    return select(func.count()).select_from(Topic).where(which)
