"""A payment that was taken after its giver had asked to stop, as Stripe did not answer then: staff decide about it."""

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from patronage.books.models import Payment
from patronage.giving.keeping.models import Deed, DeedKind, DeedOutcome
from patronage.giving.models import Pledge
from patronage.giving.returning import refunding

REASON = "asked to stop before this was charged"  # for the books, in English as the audit trail is


def follow(session: Session, pledge: Pledge, payment: Payment, now: datetime) -> None:
    """Leave a new `payment` of `pledge` to staff if the pledge was being stopped when it was taken."""
    was_open = or_(Deed.settled_at.is_(None), Deed.settled_at > payment.paid_at)
    was_meant = or_(Deed.outcome.is_(None), Deed.outcome == DeedOutcome.DONE)
    stops = select(Deed.id).where(Deed.pledge_id == pledge.id, Deed.kind == DeedKind.STOP)
    asked = stops.where(Deed.asked_at < payment.paid_at, was_open, was_meant)
    if payment.charge_id and session.scalar(asked.limit(1)) is not None:
        refunding.leave_to_staff(session, payment.charge_id, REASON, now)
