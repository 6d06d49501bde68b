"""Who is a patron now, and where a pledge stands: decided from facts, never stored as an opinion."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from patronage.giving.models import Interval, Pledge, PledgeKind, PledgeState

MEANT_ONCE = "meant once"  # why a pledge ended that was meant to be a gift given once
DISPUTED = "disputed"  # why one ended whose giver's bank wants a payment back
MEANT_ONCE_WITHIN = timedelta(days=14)  # of the first payment


@dataclass(frozen=True)
class Policy:
    """What the newsroom has decided: how long a late payment costs nobody their standing, and where its days begin."""

    grace: timedelta
    zone: ZoneInfo


@dataclass(frozen=True)
class Facts:
    """What is known of a pledge; all moments in UTC.

    `settled_at` is when its first payment settled, `paid_until` the end of the last period that is paid and was
    neither given back nor disputed. `trial_until` is until when Stripe charges nothing, as when the day of payment was
    moved; `ended_because` is the cause of an end. `free_until` is the end of the last period for which nothing was due:
    a trial, or one that a code made free.
    """

    interval: Interval
    settled_at: datetime | None = None
    past_due_at: datetime | None = None
    paused_at: datetime | None = None
    ended_at: datetime | None = None
    paid_until: datetime | None = None
    trial_until: datetime | None = None
    ended_because: str | None = None
    free_until: datetime | None = None
    kind: PledgeKind = PledgeKind.PAID


def facts_of(pledge: Pledge) -> Facts:
    """Return the facts that stand in the row of `pledge`."""
    return Facts(
        pledge.interval,
        pledge.settled_at,
        pledge.past_due_at,
        pledge.paused_at,
        pledge.ended_at,
        pledge.paid_until,
        pledge.trial_until,
        pledge.ended_because,
        pledge.free_until,
        pledge.kind,
    )


def state_of(facts: Facts) -> PledgeState:
    """Return where a pledge stands. A gift given once is over as soon as it is settled: nothing more comes of it."""
    if facts.ended_at or (facts.interval == Interval.ONCE and facts.settled_at):
        return PledgeState.ENDED
    if not facts.settled_at and not facts.free_until:  # a bank debit on its way is a promise, no more
        return PledgeState.OFFERED
    if facts.paused_at:
        return PledgeState.PAUSED
    return PledgeState.PAST_DUE if facts.past_due_at else PledgeState.ACTIVE


def patron_until(facts: Facts, grace: timedelta) -> datetime | None:
    """Return when a pledge stops making its giver a patron unless it is paid again, or None if it makes none.

    While a pledge runs, a late payment costs nobody their standing for `grace`; once it has ended, or while it is
    paused, there is no payment to wait for. Who moves the day of payment stays a patron until that day. Gifts given
    once make no patron, nor does a pledge whose giver meant to give once. A trial makes a patron until it ends, and a
    membership that nobody pays for by Stripe until its day; neither has grace.
    """
    until = _covered_until(facts)
    if until is None or facts.ended_because == MEANT_ONCE:
        return None
    has_no_grace = facts.ended_at or facts.paused_at or not facts.settled_at or facts.kind != PledgeKind.PAID
    return until if has_no_grace else max(until, facts.trial_until or until) + grace


def _covered_until(facts: Facts) -> datetime | None:
    """Return the end of what is paid or free; once all money was given back, nothing is free any more either."""
    if facts.interval == Interval.ONCE or (facts.settled_at and not facts.paid_until):
        return None
    covered = (facts.paid_until if facts.settled_at else None, facts.free_until)
    return max((until for until in covered if until), default=None)


def decide(pledge: Pledge, grace: timedelta) -> None:
    """Write down in `pledge` what follows from its facts; every change of a fact is followed by this."""
    facts = facts_of(pledge)
    pledge.state = state_of(facts)
    pledge.patron_until = patron_until(facts, grace)
    pledge.version = pledge.version + 1


# A ballot needs settled money behind it: whoever tries a membership out is a patron, and cannot vote yet.
def patron_clause(person_id: Any, now: datetime) -> ColumnElement[bool]:
    """Return the condition "`person_id` (a value or a column) is a patron at `now`", for a query's WHERE."""
    return exists().where(Pledge.person_id == person_id, *stands(now))


def is_patron(session: Session, person_id: int, now: datetime) -> bool:
    """Tell whether somebody is a patron at `now`."""
    return bool(session.scalar(select(patron_clause(person_id, now))))


def patrons_at(now: datetime) -> Select[int]:
    """Return the query for the ids of all who are patrons at `now`, each once."""
    return select(Pledge.person_id).where(*stands(now)).distinct()


def how_many_patrons(session: Session, now: datetime) -> int:
    """Return how many people are patrons at `now`."""
    return session.scalar(select(func.count()).select_from(patrons_at(now).subquery())) or 0


def stands(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return the conditions under which a row of Pledge makes its giver a patron at `now`."""
    return Pledge.settled_at.is_not(None), Pledge.patron_until > now
