"""What became of a Checkout page: paid, unpaid while a bank debit is on its way, failed, or expired."""

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from patronage.giving import marks
from patronage.giving.gateway import Answer
from patronage.giving.intake.told import Told, inside
from patronage.giving.models import Checkout


def close(session: Session, told: Told, now: datetime) -> None:
    """Write down in its checkout what became of the session in `told`; an open one is left alone.

    A checkout whose opening timed out does not know its session: it is found by the mark we left on it.
    """
    page = told.session
    outcome = outcome_of(page, told.intent) if page else None
    if page is None or outcome is None:
        return
    key = inside(page, "metadata", marks.CHECKOUT)
    ours = or_(Checkout.stripe_session_id == page["id"], Checkout.idempotency_key == key)
    checkout = session.scalar(select(Checkout).where(ours).with_for_update())
    if checkout is None:
        return
    checkout.stripe_session_id = checkout.stripe_session_id or page["id"]
    checkout.closed_at, checkout.outcome = checkout.closed_at or now, outcome


def outcome_of(page: Answer, intent: Answer | None) -> str | None:
    """Return the word for a session, with the payment intent of one that is complete but unpaid; None if it is open."""
    if page["status"] == "expired":
        return "expired"
    if page["status"] != "complete":
        return None
    if page["payment_status"] != "unpaid":
        return "paid"
    return "unpaid" if intent is None or intent["status"] == "processing" else "failed"
