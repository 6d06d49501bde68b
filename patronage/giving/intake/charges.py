"""What a charge at Stripe means: a payment in the books, what came of it and went back, until when a pledge is paid."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.books import disputes, payments, refunds
from patronage.books.models import Payment
from patronage.books.payments import Received
from patronage.giving.gateway import Answer
from patronage.giving.intake import money_moved
from patronage.giving.intake.told import Told, inside, moment
from patronage.giving.models import Interval, Pledge, PledgePayment

GIVEN, GIVEN_BACK = "given", "given back"


def take_in(session: Session, pledge: Pledge, told: Told, now: datetime) -> Payment | None:
    """Write down the charge in `told` and what follows for `pledge`; return its payment if it is new.

    A charge that is pending (a bank debit on its way) or failed is no money yet, and nothing happens.
    """
    charge = told.charge
    if charge is None or charge["status"] != "succeeded" or not charge["captured"]:
        return None
    received = received_of(charge, told.invoice)
    payment, is_new = payments.record(session, received, pledge.person_id, pledge.source, now)
    if is_new:
        ends = end_of_period(told.invoice) if told.invoice else None
        session.add(PledgePayment(payment_id=payment.id, pledge_id=pledge.id, paid_until=ends))
    if balance := charge["balance_transaction"]:
        payments.settle(session, payment, money_moved.movement_of(balance), now)
    take_back(session, payment, told, now)
    recount(session, pledge)
    return payment if is_new else None


def take_back(session: Session, payment: Payment, told: Told, now: datetime) -> None:
    """Write down the refunds, disputes and warnings of `payment` that are in `told`, and the money they moved."""
    for refund in told.refunds:
        refunds.take_in(session, payment, money_moved.given_of(refund), now)
    for dispute in told.disputes:
        disputes.take_in(session, payment, money_moved.contested_of(dispute), now)
    for warning in told.warnings:
        disputes.take_in_warning(session, payment, money_moved.warned_of(warning))
    session.flush()
    refunds.count(session, payment)
    payment.disputed = told.disputed
    session.flush()


def recount(session: Session, pledge: Pledge) -> None:
    """Set `settled_at` and `paid_until` of `pledge` from its payments: money given back, or disputed, pays nothing."""
    rows = session.execute(
        select(Payment, PledgePayment.paid_until)
        .join(PledgePayment, PledgePayment.payment_id == Payment.id)
        .where(PledgePayment.pledge_id == pledge.id)
    ).all()
    kept = [until for payment, until in rows if payment.refunded_minor < payment.amount_minor and not payment.disputed]
    pledge.settled_at = min((payment.paid_at for payment, _ in rows), default=None)
    pledge.paid_until = max((until for until in kept if until), default=None)
    if pledge.interval == Interval.ONCE and pledge.settled_at:
        pledge.ended_at, pledge.ended_because = pledge.settled_at, GIVEN if kept else GIVEN_BACK


def received_of(charge: Answer, invoice: Answer | None) -> Received:
    """Return what the books are told of a charge; an invoice knows best when it was paid."""
    paid_at = inside(invoice, "status_transitions", "paid_at") or charge["created"]
    intent = charge["payment_intent"]
    return Received(
        charge_id=charge["id"],
        payment_intent_id=inside(intent, "id") or intent,
        invoice_id=inside(invoice, "id"),
        amount_minor=charge["amount_captured"],
        currency=charge["currency"].upper(),
        paid_at=moment(paid_at),
    )


def end_of_period(invoice: Answer) -> datetime | None:
    """Return until when a paid invoice pays: the end of the last period on its lines."""
    ends = [line["period"]["end"] for line in invoice["lines"]["data"] if line["amount"] > 0]
    return moment(max(ends)) if ends else None
