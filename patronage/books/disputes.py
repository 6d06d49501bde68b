"""Disputes: a bank that wants a payment back, the money it takes, the fee Stripe keeps, and what is won again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.books import ledger, movements
from patronage.books.ledger import Amount, Fact
from patronage.books.models import Dispute, EntryKind, FraudWarning, Payment
from patronage.books.movements import Movement

INQUIRIES = frozenset({"warning_needs_response", "warning_under_review"})
ANSWERABLE = frozenset({"needs_response", "warning_needs_response", "appeal_needs_response"})
UNDER_REVIEW = frozenset({"under_review", "warning_under_review", "appeal_under_review"})
SETTLED_FOR_US = frozenset({"won", "warning_closed", "prevented"})
CLOSED = SETTLED_FOR_US | {"lost"}


@dataclass(frozen=True)
class Contested:
    """A dispute as Stripe says it is now, over `amount_minor` of its payment's currency. `moved`: oldest first."""

    stripe_id: str
    amount_minor: int
    currency: str
    reason: str
    status: str
    opened_at: datetime
    due_by: datetime | None
    is_answered: bool
    moved: tuple[Movement, ...]


@dataclass(frozen=True)
class Warned:
    """An early fraud warning, as Stripe says it is now."""

    stripe_id: str
    fraud_type: str
    is_actionable: bool
    warned_at: datetime


def take_in(session: Session, payment: Payment, contested: Contested, now: datetime) -> Dispute:
    """Write down a dispute about `payment` and every movement of money it caused; return its row.

    Whoever calls this holds the lock on what the payment pays for.
    """
    dispute = session.scalar(select(Dispute).where(Dispute.stripe_id == contested.stripe_id))
    if dispute is None:
        dispute = Dispute(
            stripe_id=contested.stripe_id, payment_id=payment.id, amount_minor=contested.amount_minor,
            currency=contested.currency, reason=contested.reason, status=contested.status,
            opened_at=contested.opened_at, fee_minor=0,
        )  # fmt: skip
        session.add(dispute)
    dispute.amount_minor, dispute.reason, dispute.status = contested.amount_minor, contested.reason, contested.status
    dispute.due_by = contested.due_by if contested.status in ANSWERABLE else None
    dispute.evidence_sent_at = dispute.evidence_sent_at or (now if contested.is_answered else None)
    dispute.closed_at = (dispute.closed_at or now) if contested.status in CLOSED else None
    dispute.fee_minor = sum(movement.fee_minor for movement in contested.moved)
    dispute.fee_currency = contested.moved[0].currency if contested.moved else None
    session.flush()
    for movement in contested.moved:
        _enter(session, payment, contested, movement, now)
    return dispute


def take_in_warning(session: Session, payment: Payment, warned: Warned) -> None:
    """Write down an early fraud warning about `payment`."""
    warning = session.scalar(select(FraudWarning).where(FraudWarning.stripe_id == warned.stripe_id))
    if warning is None:
        warning = FraudWarning(
            stripe_id=warned.stripe_id, payment_id=payment.id, fraud_type=warned.fraud_type, warned_at=warned.warned_at,
            is_actionable=warned.is_actionable,
        )  # fmt: skip
        session.add(warning)
    warning.is_actionable = warned.is_actionable


def of_payment(session: Session, payment_id: int) -> list[Dispute]:
    """Return the disputes about a payment, oldest first."""
    query = select(Dispute).where(Dispute.payment_id == payment_id)
    return list(session.scalars(query.order_by(Dispute.opened_at, Dispute.id)))


def _enter(session: Session, payment: Payment, contested: Contested, movement: Movement, now: datetime) -> None:
    """Enter one movement: a withdrawal, or a reversal, of part or all; its fee on a line of its own.

    Stripe names no amount in the payment's currency for a movement in another one: it is the whole of the dispute.
    """
    movements.withdraw_adjustment(session, movement, now)
    kind = EntryKind.DISPUTE if movement.amount_minor < 0 else EntryKind.DISPUTE_REVERSAL
    is_same = movement.currency == contested.currency
    size = abs(movement.amount_minor) if is_same else contested.amount_minor
    fact = Fact(kind, movement.id, Amount(size, contested.currency), movement.made_at, payment.id, movement.id)
    ledger.post(session, fact, now)
    signed = Amount(size if movement.amount_minor > 0 else -size, contested.currency)
    movements.exchange(session, movement, signed, payment.id, now)
    movements.keep_fee(session, movement, payment.id, now, EntryKind.DISPUTE_FEE)
