"""Donors and their payments, for tests of what they get on paper."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from patronage.books import payments
from patronage.books.models import Dispute, Payment, Refund, RefundStatus
from patronage.books.papers import receipts
from patronage.books.payments import Received
from patronage.people import people
from patronage.people.models import Person

KYIV = ZoneInfo("Europe/Kyiv")


def donor(
    session: Session, now: datetime, email: str = "vira@reader.example", name: str | None = "Віра Їжакевич"
) -> Person:
    """Return somebody who gives."""
    return people.find_or_add(session, email, now, name=name)


def paid(session: Session, person: Person | None, at: datetime, **of: Any) -> Payment:
    """Return a payment recorded at `at`, without its receipt: five euros, charge ch_1, but for what `of` says."""
    known = {"amount": 500, "currency": "EUR", "charge": "ch_1", **of}
    received = Received(known["charge"], None, None, known["amount"], known["currency"], at)
    payment, _is_new = payments.record(session, received, person.id if person else None, None, at)
    return payment


def receipted(session: Session, person: Person | None, at: datetime, **of: Any) -> Payment:
    """Return a payment that was made at `at` and has its receipt."""
    payment = paid(session, person, at, **of)
    receipts.issue(session, payment, KYIV, at)
    return payment


def given_back(session: Session, payment: Payment, amount: int, at: datetime, name: str = "re_1") -> Refund:
    """Return a refund of `payment` that succeeded at `at`."""
    refund = Refund(
        stripe_id=name, payment_id=payment.id, amount_minor=amount, currency=payment.currency,
        status=RefundStatus.SUCCEEDED, made_at=at,
    )  # fmt: skip
    session.add(refund)
    payment.refunded_minor += amount
    session.flush()
    return refund


def contested(session: Session, payment: Payment, status: str, at: datetime, amount: int | None = None) -> Dispute:
    """Return a dispute about all of `payment`, or about `amount` of it."""
    dispute = Dispute(
        stripe_id="du_1", payment_id=payment.id, amount_minor=amount or payment.amount_minor, currency=payment.currency,
        reason="fraudulent", status=status, opened_at=at,
    )  # fmt: skip
    session.add(dispute)
    payment.disputed = True
    session.flush()
    return dispute
