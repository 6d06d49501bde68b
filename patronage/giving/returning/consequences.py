"""What follows when money goes back: a letter for a refund, the end of a pledge for a dispute."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.books.disputes import INQUIRIES, SETTLED_FOR_US
from patronage.books.models import Payment
from patronage.books.refunds import STANDING
from patronage.foundation import jobs, outbox
from patronage.giving import marks
from patronage.giving.gateway import Answer
from patronage.giving.intake.told import Told
from patronage.giving.models import Pledge
from patronage.giving.standing import DISPUTED, MEANT_ONCE, Policy
from patronage.people.models import Person

END_DISPUTED = "giving/end-disputed"


def follow(session: Session, pledge: Pledge, told: Told, policy: Policy, now: datetime) -> None:
    """Write the letters and jobs that refunds and disputes call for, each once.

    A refund that is first seen when it has failed already is nothing to write about; who meant to give once hears of
    the money in the letter about that, unless it is staff who give it back later. An inquiry takes no money and ends
    nothing.
    """
    if pledge.ended_because == DISPUTED:
        _tell_of_end(session, pledge, now)
    charge_id = told.charge["id"] if told.refunds and told.charge else None
    payment = session.scalar(select(Payment).where(Payment.charge_id == charge_id)) if charge_id else None
    for refund in told.refunds:
        is_by_staff = marks.REFUND_REQUEST in (refund["metadata"] or {})
        if payment and refund["status"] in STANDING and (is_by_staff or pledge.ended_because != MEANT_ONCE):
            _tell_of_refund(session, pledge, payment, refund, policy, now)
    for dispute in told.disputes:
        if dispute["status"] not in SETTLED_FOR_US | INQUIRIES and pledge.stripe_subscription_id:
            once = f"{END_DISPUTED}:{dispute['id']}"
            jobs.put(session, END_DISPUTED, {"pledge": pledge.id, "dispute": dispute["id"]}, now, once=once)


def _tell_of_end(session: Session, pledge: Pledge, now: datetime) -> None:
    """Write that `pledge` was stopped because a bank asked for a payment back."""
    facts = {
        "amount_minor": pledge.amount_minor + pledge.fee_cover_minor,
        "currency": pledge.currency,
        "pledge_reference": pledge.reference,
    }
    _write(session, "giving/ended_by_dispute", pledge, facts, f"ended by dispute:{pledge.reference}", now)


def _tell_of_refund(
    session: Session, pledge: Pledge, payment: Payment, refund: Answer, policy: Policy, now: datetime
) -> None:
    facts = {
        "amount_minor": refund["amount"],
        "paid_minor": payment.amount_minor,
        "currency": payment.currency,
        "paid_on": payment.paid_at.astimezone(policy.zone).date().isoformat(),
        "payment_reference": payment.reference,
    }
    _write(session, "giving/refunded", pledge, facts, f"refund:{refund['id']}", now)


def _write(session: Session, kind: str, pledge: Pledge, facts: dict[str, object], once: str, now: datetime) -> None:
    person = session.get_one(Person, pledge.person_id)
    outbox.write(session, kind, person.email, facts, now, recipient_id=person.id, language=person.language, once=once)
