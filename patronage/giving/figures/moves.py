"""Notes what a change of a pledge means for the month's income, in the transaction that changes the pledge."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from patronage.giving.figures.models import CountedPledge, Figure, Move, PledgeMove
from patronage.giving.models import Interval, Pledge, PledgeKind, PledgeState

RUNNING = {PledgeState.ACTIVE, PledgeState.PAST_DUE}
SHARES = {Interval.ONCE: 0, Interval.MONTH: 12, Interval.YEAR: 1}  # of a payment in a month, in twelfths


@dataclass(frozen=True)
class Change:
    """What a pledge counted for and counts for now, in twelfths, and since when."""

    before: int
    after: int
    at: datetime


def note(session: Session, pledge: Pledge, zone: ZoneInfo, now: datetime) -> None:
    """Write down what the state of `pledge`, whose row is locked, changes in the figures; mostly that is nothing.

    Months begin in `zone`. A move counts in the month in which it happened, also when it is heard of later.
    """
    counted = session.get(CountedPledge, pledge.id)
    before, after = counted.twelfths if counted else 0, worth(pledge)
    if before == after:
        return
    change = Change(before, after, _moment(pledge, counted is None, after, now))
    month = month_of(change.at, zone)
    kind = _kind(session, pledge, change)
    if counted is None:
        counted = _begin(session, pledge, month)
    counted.twelfths = after
    step = (after > 0) - (before > 0)
    move = PledgeMove(
        pledge_id=pledge.id, at=change.at, month=month, cohort=counted.cohort, kind=kind, currency=pledge.currency,
        pledges=step, twelfths=after - before,
    )  # fmt: skip
    session.add(move)
    session.flush()
    _add_up(session, move)


def worth(pledge: Pledge) -> int:
    """Return what a pledge brings a month, in twelfths of a minor unit: nothing unless it is paid for and runs."""
    if pledge.kind != PledgeKind.PAID or pledge.state not in RUNNING:
        return 0
    return (pledge.amount_minor + pledge.fee_cover_minor) * SHARES[pledge.interval]


def month_of(moment: datetime, zone: ZoneInfo) -> str:
    """Return the month of `moment` in `zone`: "2026-11"."""
    return moment.astimezone(zone).strftime("%Y-%m")


def _moment(pledge: Pledge, is_first: bool, after: int, now: datetime) -> datetime:
    if is_first:
        return pledge.settled_at or now
    if after == 0:
        return pledge.ended_at or pledge.paused_at or now
    return now


def _kind(session: Session, pledge: Pledge, change: Change) -> Move:
    if change.after == 0:
        return Move.LOST
    if change.before:
        return Move.RAISED if change.after > change.before else Move.LOWERED
    return Move.REACTIVATED if _gave_before(session, pledge) else Move.NEW


def _gave_before(session: Session, pledge: Pledge) -> bool:
    """Tell whether the giver had a regular pledge, and has none that runs now: a second one beside it is new."""
    rows = select(CountedPledge.twelfths).where(CountedPledge.person_id == pledge.person_id)
    known = list(session.scalars(rows))
    return bool(known) and not any(known)


def _begin(session: Session, pledge: Pledge, month: str) -> CountedPledge:
    first = select(func.min(CountedPledge.cohort)).where(CountedPledge.person_id == pledge.person_id)
    cohort = min(session.scalar(first) or month, month)
    counted = CountedPledge(
        pledge_id=pledge.id, person_id=pledge.person_id, currency=pledge.currency, twelfths=0, cohort=cohort
    )
    session.add(counted)
    return counted


def _add_up(session: Session, move: PledgeMove) -> None:
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    fresh = insert(Figure).values(
        month=move.month, currency=move.currency, kind=move.kind, cohort=move.cohort, moves=1, pledges=move.pledges,
        twelfths=move.twelfths,
    )  # fmt: skip
    session.execute(
        fresh.on_conflict_do_update(
            index_elements=[Figure.month, Figure.currency, Figure.kind, Figure.cohort],
            set_={
                "moves": Figure.moves + 1,
                "pledges": Figure.pledges + fresh.excluded.pledges,
                "twelfths": Figure.twelfths + fresh.excluded.twelfths,
            },
        )
    )
