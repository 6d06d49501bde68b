"""Memberships that Stripe does not charge for: they begin, may be extended, and end by themselves on their day."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from patronage.foundation import jobs
from patronage.foundation.tools import Tools
from patronage.giving import standing
from patronage.giving.memberships import letters
from patronage.giving.models import Interval, Pledge, PledgeKind, PledgeState
from patronage.giving.pledging import new_reference
from patronage.giving.standing import Policy
from patronage.people.models import Person

END = "giving/end-membership"
REMIND = "giving/remind-of-end"
REMINDED_BEFORE = timedelta(days=14)
SHORTEST_REMINDED = timedelta(days=21)  # whoever has less than that was told the end when it began
RUN_OUT = "run out"


def begin(
    session: Session, kind: PledgeKind, person: Person, until: datetime, currency: str, policy: Policy, now: datetime
) -> Pledge:
    """Make `person` a patron until `until` by a pledge of `kind`, which is not PAID; its end is arranged."""
    pledge = Pledge(
        reference=new_reference(), person_id=person.id, kind=kind, interval=Interval.MONTH, amount_minor=0,
        fee_cover_minor=0, currency=currency, state=PledgeState.OFFERED, offered_at=now, settled_at=now,
        paid_until=until, tries=0, version=0,
    )  # fmt: skip
    session.add(pledge)
    session.flush()
    standing.decide(pledge, policy.grace)
    arrange_end(session, pledge, now)
    return pledge


def running(session: Session, kind: PledgeKind, person_id: int) -> Pledge | None:
    """Return the membership of `kind` somebody has now, locked, or None."""
    mine = select(Pledge).where(Pledge.person_id == person_id, Pledge.kind == kind, Pledge.ended_at.is_(None))
    return session.scalar(mine.order_by(Pledge.id.desc()).limit(1).with_for_update())


def free_from(session: Session, person_id: int, now: datetime) -> datetime:
    """Return when all that somebody has now is over, as far as it is paid: `now` for whoever has nothing."""
    theirs = select(func.max(Pledge.paid_until)).where(Pledge.person_id == person_id, Pledge.interval != Interval.ONCE)
    last = session.scalar(theirs.where(Pledge.ended_at.is_(None), Pledge.settled_at.is_not(None)))
    return max(last, now) if last else now


def move_end(session: Session, pledge: Pledge, until: datetime, policy: Policy, now: datetime) -> None:
    """Let `pledge`, whose row is locked, last until `until` instead."""
    pledge.paid_until, pledge.ended_at, pledge.ended_because = until, None, None
    standing.decide(pledge, policy.grace)
    arrange_end(session, pledge, now)


def arrange_end(session: Session, pledge: Pledge, now: datetime) -> None:
    """Have `pledge` ended on its day, and its holder told two weeks before; to be called when that day was moved."""
    if pledge.paid_until is None:
        return
    until = pledge.paid_until.astimezone(UTC)  # as it will be read again
    data = {"pledge": pledge.id, "until": until.isoformat()}
    jobs.put(session, END, data, until, once=f"{END}:{pledge.id}:{until.isoformat()}")
    if until - now >= SHORTEST_REMINDED:
        jobs.put(session, REMIND, data, until - REMINDED_BEFORE, once=f"{REMIND}:{pledge.id}:{until.isoformat()}")


def end(pledge: Pledge, because: str, policy: Policy, now: datetime) -> None:
    """End `pledge`, whose row is locked, now: what is left of its time is gone."""
    pledge.ended_at, pledge.ended_because = now, because
    pledge.paid_until = min(pledge.paid_until or now, now)
    standing.decide(pledge, policy.grace)


def end_on_its_day(tools: Tools, policy: Policy, data: dict[str, Any]) -> None:
    """Job: end a membership whose day has come; one that was extended or ended meanwhile stays as it is."""
    with tools.database.transaction() as session:
        pledge = session.get_one(Pledge, data["pledge"], with_for_update=True)
        if pledge.ended_at is not None or pledge.paid_until is None or pledge.paid_until > tools.clock.now():
            return
        pledge.ended_at, pledge.ended_because = pledge.paid_until, RUN_OUT
        standing.decide(pledge, policy.grace)


def remind(tools: Tools, policy: Policy, data: dict[str, Any]) -> None:
    """Job: tell the holder that a membership ends soon, unless it was moved or is outlasted, or they give regularly."""
    with tools.database.transaction() as session:
        pledge = session.get_one(Pledge, data["pledge"])
        if pledge.ended_at is not None or pledge.paid_until is None or pledge.paid_until.isoformat() != data["until"]:
            return
        is_outlasted = free_from(session, pledge.person_id, tools.clock.now()) > pledge.paid_until
        if not is_outlasted and not gives_regularly(session, pledge.person_id):
            letters.tell_of_end(session, pledge, policy, tools.clock.now())


def gives_regularly(session: Session, person_id: int) -> bool:
    """Tell whether somebody has a pledge of their own that runs."""
    mine = select(Pledge.id).where(Pledge.person_id == person_id, Pledge.kind == PledgeKind.PAID)
    live = mine.where(Pledge.state.in_((PledgeState.ACTIVE, PledgeState.PAST_DUE)), Pledge.ends_at.is_(None))
    return session.scalar(live.limit(1)) is not None
