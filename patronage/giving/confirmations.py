"""The letters that confirm what was changed about a pledge, whoever changed it and where: here, or at Stripe."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from patronage.foundation import jobs
from patronage.giving import letters
from patronage.giving.models import Interval, Pledge
from patronage.giving.standing import Policy

REMIND = "giving/remind-of-pause"
REMINDED_BEFORE = timedelta(days=7)
UNPAID_FOR_GOOD = "paused"  # the status of a subscription that Stripe itself lets rest, after the last try


@dataclass(frozen=True)
class Before:
    """What a pledge was like before something was applied to it."""

    was_settled: bool
    was_late: bool
    total_minor: int
    interval: Interval
    paused_at: datetime | None
    resumes_at: datetime | None
    ends_at: datetime | None
    trial_until: datetime | None
    next_charge_at: datetime | None


def note(pledge: Pledge) -> Before:
    """Return what `pledge` is like now."""
    return Before(
        pledge.settled_at is not None, pledge.past_due_at is not None,
        pledge.amount_minor + pledge.fee_cover_minor, pledge.interval, pledge.paused_at, pledge.resumes_at,
        pledge.ends_at, pledge.trial_until, pledge.next_charge_at,
    )  # fmt: skip


def tell_of_changes(session: Session, before: Before, pledge: Pledge, policy: Policy, now: datetime) -> None:
    """Write what changed since `before`: an end arranged or lifted, a pause, another amount, interval or day."""
    if not before.was_settled and not pledge.ends_at:
        return
    if not pledge.settled_at or pledge.ended_at:
        return
    if (before.ends_at is None) != (pledge.ends_at is None):
        letters.tell_of_ending(session, pledge, policy, now)
    elif (before.paused_at, before.resumes_at) != (pledge.paused_at, pledge.resumes_at):
        _tell_of_pause(session, before, pledge, policy, now)
    elif _has_changed(before, pledge, now):
        _tell(session, "giving/pledge_changed", pledge, policy, now)


def _tell_of_pause(session: Session, before: Before, pledge: Pledge, policy: Policy, now: datetime) -> None:
    """Write that `pledge` rests or goes on; a pause that ran out was announced a week before.

    One that goes on without being paid is told as that, in the letter about the failed try.
    """
    fell_late = pledge.past_due_at is not None and not before.was_late
    if pledge.paused_at and pledge.stripe_status != UNPAID_FOR_GOOD:
        _tell(session, "giving/pledge_paused", pledge, policy, now)
        _arrange_reminder(session, pledge, now)
    elif pledge.paused_at is None and not fell_late and not (before.resumes_at and before.resumes_at <= now):
        _tell(session, "giving/pledge_resumed", pledge, policy, now)


def _has_changed(before: Before, pledge: Pledge, now: datetime) -> bool:
    if (before.total_minor, before.interval) != (pledge.amount_minor + pledge.fee_cover_minor, pledge.interval):
        return True
    moved_to = pledge.trial_until
    return moved_to is not None and moved_to > now and moved_to not in {before.trial_until, before.next_charge_at}


def _arrange_reminder(session: Session, pledge: Pledge, now: datetime) -> None:
    if pledge.resumes_at is None or pledge.resumes_at - REMINDED_BEFORE <= now:
        return
    data = {"pledge": pledge.id, "resumes_at": pledge.resumes_at.isoformat()}
    once = f"{REMIND}:{pledge.id}:{pledge.version}"
    jobs.put(session, REMIND, data, pledge.resumes_at - REMINDED_BEFORE, once=once)


def tell_of_pause_ending(session: Session, pledge: Pledge, resumes_at: str, policy: Policy, now: datetime) -> None:
    """Write that `pledge` goes on soon, if it still rests until the moment `resumes_at` (ISO) it rested until then."""
    if pledge.paused_at and pledge.resumes_at and pledge.resumes_at.isoformat() == resumes_at and not pledge.ends_at:
        _tell(session, "giving/pause_ends", pledge, policy, now)


def tell_it_was_once(session: Session, pledge: Pledge, given_back: bool | None, policy: Policy, now: datetime) -> None:
    """Write that a pledge was turned into a gift given once; `given_back` is None where that did not work."""
    facts = {"money": {True: "given back", False: "kept", None: "stuck"}[given_back]}
    _tell(session, "giving/meant_once", pledge, policy, now, once=f"meant once:{pledge.reference}", **facts)


def tell_it_was_refused(session: Session, pledge: Pledge, deed_id: int, policy: Policy, now: datetime) -> None:
    """Write that what was asked for was not done after all, and that nothing changed."""
    _tell(session, "giving/deed_refused", pledge, policy, now, once=f"deed refused:{deed_id}")


def _tell(
    session: Session, kind: str, pledge: Pledge, policy: Policy, now: datetime, *, once: str = "", **facts: str
) -> None:
    letters.write(session, kind, pledge, now, once or f"{kind}:{pledge.reference}:{pledge.version}", {
        "amount_minor": pledge.amount_minor + pledge.fee_cover_minor,
        "currency": pledge.currency,
        "until_on": letters.day(pledge.next_charge_at, policy) if pledge.next_charge_at else None,
        **facts,
    })  # fmt: skip
