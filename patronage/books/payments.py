"""Payments: money that came in, one row a charge, what it came to on Stripe's balance, and what was taken back."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.books import ledger, movements, references
from patronage.books.ledger import Amount, Fact
from patronage.books.models import EntryKind, Payment
from patronage.books.movements import Movement


@dataclass(frozen=True)
class Received:
    """A charge that settled: `amount_minor` of `currency` (EUR) at `paid_at`, with its ids at Stripe."""

    charge_id: str
    payment_intent_id: str | None
    invoice_id: str | None
    amount_minor: int
    currency: str
    paid_at: datetime


def find(session: Session, charge_id: str) -> Payment | None:
    """Return the payment of a charge, or None."""
    return session.scalar(select(Payment).where(Payment.charge_id == charge_id))


def record(
    session: Session, received: Received, person_id: int | None, source: str | None, now: datetime
) -> tuple[Payment, bool]:
    """Write down a charge and its ledger entry; return its payment and whether it is new.

    Whoever calls this holds the lock on what the charge pays for, so that two cannot find it missing at once.
    """
    known = find(session, received.charge_id)
    if known:
        known.invoice_id = known.invoice_id or received.invoice_id
        return known, False
    payment = Payment(
        reference=references.new("R", 2), person_id=person_id, source=source, charge_id=received.charge_id,
        payment_intent_id=received.payment_intent_id, invoice_id=received.invoice_id,
        amount_minor=received.amount_minor, currency=received.currency, paid_at=received.paid_at,
        refunded_minor=0, disputed=False,
    )  # fmt: skip
    session.add(payment)
    session.flush()
    amount = Amount(received.amount_minor, received.currency)
    ledger.post(session, Fact(EntryKind.PAYMENT, received.charge_id, amount, received.paid_at, payment.id), now)
    return payment, True


def settle(session: Session, payment: Payment, movement: Movement, now: datetime) -> None:
    """Write down what `payment` came to on Stripe's balance, once that is known: the exchange, if any, and the fee."""
    if payment.settled_minor is None:
        movements.withdraw_adjustment(session, movement, now)
        payment.settled_minor, payment.settled_currency = movement.amount_minor, movement.currency
        payment.exchange_rate = movement.exchange_rate
    movements.exchange(session, movement, Amount(payment.amount_minor, payment.currency), payment.id, now)
    movements.keep_fee(session, movement, payment.id, now)
