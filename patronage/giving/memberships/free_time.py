"""Time for which nothing is due: a trial, or a period that a code made free; it makes a patron, but no vote."""

from datetime import datetime

from sqlalchemy.orm import Session

from patronage.giving.gateway import Answer
from patronage.giving.intake.charges import end_of_period
from patronage.giving.intake.told import Told, moment
from patronage.giving.memberships import letters
from patronage.giving.models import Pledge
from patronage.giving.standing import Policy


def take_in(session: Session, pledge: Pledge, told: Told, policy: Policy, now: datetime) -> None:
    """Write into `pledge`, whose row is locked, until when it is free; a letter tells of the first such time."""
    ends = [end for end in (_end_of_trial(pledge, told.subscription), _end_of_free(told.invoice)) if end]
    if not ends:
        return
    is_first = pledge.free_until is None and pledge.settled_at is None
    pledge.free_until = max([*ends, pledge.free_until or ends[0]])
    if is_first:
        letters.tell_of_free_time(session, pledge, policy, now)


def _end_of_trial(pledge: Pledge, subscription: Answer | None) -> datetime | None:
    """Return the end of a trial; once money has come, a trial only means that the day of payment was moved."""
    if subscription is None or subscription["status"] != "trialing" or pledge.settled_at:
        return None
    return moment(subscription["trial_end"])


def _end_of_free(invoice: Answer | None) -> datetime | None:
    """Return the end of the period on an invoice that was paid by a discount alone."""
    if invoice is None or invoice["status"] != "paid" or invoice["total"] != 0:
        return None
    return end_of_period(invoice)
