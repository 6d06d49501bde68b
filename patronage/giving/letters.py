"""The letters that follow from what Stripe told: a receipt, an end arranged, a second pledge."""

from datetime import datetime

from sqlalchemy.orm import Session

from patronage.books.models import Payment
from patronage.books.papers.models import Receipt
from patronage.foundation import outbox
from patronage.giving.intake.charges import end_of_period
from patronage.giving.intake.told import Told
from patronage.giving.models import Interval, Pledge
from patronage.giving.standing import MEANT_ONCE_WITHIN, Policy
from patronage.people.models import Person

MANAGE = "/account"


def send_receipt(
    session: Session, pledge: Pledge, payment: Payment, receipt: Receipt, told: Told, policy: Policy, now: datetime
) -> None:
    """Write the receipt for `payment`: one letter a charge, whatever told of it first."""
    next_at = end_of_period(told.invoice) if told.invoice and not pledge.ends_at and not pledge.ended_at else None
    write(session, "giving/receipt", pledge, now, f"receipt:{payment.charge_id}", {
        "payment_reference": payment.reference,
        "receipt_number": receipt.number,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "paid_on": day(payment.paid_at, policy),
        "next_on": day(next_at, policy) if next_at and pledge.interval != Interval.ONCE else None,
        "once_until_on": day(payment.paid_at + MEANT_ONCE_WITHIN, policy) if _is_first(pledge, payment) else None,
    })  # fmt: skip


def _is_first(pledge: Pledge, payment: Payment) -> bool:
    """Tell whether `payment` began a regular pledge, so that its giver may have meant to give once."""
    return pledge.interval != Interval.ONCE and not pledge.ended_at and payment.paid_at == pledge.settled_at


def tell_of_ending(session: Session, pledge: Pledge, policy: Policy, now: datetime) -> None:
    """Write that the end of `pledge` is arranged, or that it was lifted: once each time, whoever did it and where."""
    kind = "giving/pledge_ending" if pledge.ends_at else "giving/pledge_resumed"
    until = pledge.ends_at or pledge.next_charge_at or pledge.paid_until
    write(session, kind, pledge, now, f"{kind}:{pledge.reference}:{pledge.version}", {
        "amount_minor": pledge.amount_minor + pledge.fee_cover_minor,
        "currency": pledge.currency,
        "until_on": day(until, policy) if until else None,
    })  # fmt: skip


def tell_of_second_pledge(session: Session, pledge: Pledge, now: datetime) -> None:
    """Write that `pledge` has begun beside another regular one, so that nobody pays twice without knowing."""
    write(session, "giving/second_pledge", pledge, now, f"second pledge:{pledge.reference}", {
        "amount_minor": pledge.amount_minor + pledge.fee_cover_minor,
        "currency": pledge.currency,
    })  # fmt: skip


def write(session: Session, kind: str, pledge: Pledge, now: datetime, once: str, data: dict[str, object]) -> None:
    """Put a letter about `pledge` to its giver into the outbox; `once` names the fact it tells."""
    person = session.get_one(Person, pledge.person_id)
    facts = {
        **data,
        "pledge_reference": pledge.reference,
        "interval": str(pledge.interval),
        "manage_path": MANAGE,
    }
    outbox.write(session, kind, person.email, facts, now, recipient_id=person.id, language=person.language, once=once)


def day(at: datetime, policy: Policy) -> str:
    """Return the day of `at` in the newsroom's zone, as an ISO date."""
    return at.astimezone(policy.zone).date().isoformat()
