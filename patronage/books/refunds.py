"""Refunds: money given back, part or whole, and given back to us when it could not arrive."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from patronage.books import ledger, movements
from patronage.books.ledger import Amount, Fact
from patronage.books.models import EntryKind, Payment, Refund, RefundStatus
from patronage.books.movements import Movement

STANDING = frozenset({RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION, RefundStatus.SUCCEEDED})
BACK_AGAIN = frozenset({RefundStatus.FAILED, RefundStatus.CANCELED})


@dataclass(frozen=True)
class Given:
    """A refund as Stripe says it is now: `amount_minor` in the currency of its payment.

    `moved` is what it took from Stripe's balance, `returned` what came back when it failed; None while nothing did.
    """

    stripe_id: str
    amount_minor: int
    currency: str
    status: RefundStatus
    failure_reason: str | None
    made_at: datetime
    moved: Movement | None
    returned: Movement | None


def take_in(session: Session, payment: Payment, given: Given, now: datetime) -> Refund | None:
    """Write down a refund of `payment` and what it moved; return its row if it is new, else None.

    Whoever calls this holds the lock on what the payment pays for, and counts afterwards: `count`.
    """
    refund = session.scalar(select(Refund).where(Refund.stripe_id == given.stripe_id))
    is_new = refund is None
    if refund is None:
        refund = Refund(
            stripe_id=given.stripe_id, payment_id=payment.id, amount_minor=given.amount_minor,
            currency=given.currency, status=given.status, made_at=given.made_at,
        )  # fmt: skip
        session.add(refund)
    refund.status, refund.failure_reason = given.status, given.failure_reason
    session.flush()
    for kind, movement in ((EntryKind.REFUND, given.moved), (EntryKind.REFUND_FAILURE, given.returned)):
        if movement:
            _enter(session, payment, given, kind, movement, now)
    return refund if is_new else None


def count(session: Session, payment: Payment) -> None:
    """Set how much of `payment` was given back: what is under way counts, what came back does not."""
    given = select(func.coalesce(func.sum(Refund.amount_minor), 0))
    total = session.scalar(given.where(Refund.payment_id == payment.id, Refund.status.in_(STANDING))) or 0
    payment.refunded_minor = min(int(total), payment.amount_minor)


def of_payment(session: Session, payment_id: int) -> list[Refund]:
    """Return the refunds of a payment, oldest first."""
    query = select(Refund).where(Refund.payment_id == payment_id)
    return list(session.scalars(query.order_by(Refund.made_at, Refund.id)))


def _enter(
    session: Session, payment: Payment, given: Given, kind: EntryKind, movement: Movement, now: datetime
) -> None:
    movements.withdraw_adjustment(session, movement, now)
    amount = Amount(given.amount_minor, given.currency)
    ledger.post(session, Fact(kind, given.stripe_id, amount, movement.made_at, payment.id, movement.id), now)
    signed = Amount(amount.minor if movement.amount_minor > 0 else -amount.minor, amount.currency)
    movements.exchange(session, movement, signed, payment.id, now)
    movements.keep_fee(session, movement, payment.id, now)
