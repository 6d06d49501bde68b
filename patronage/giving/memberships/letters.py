"""The letters about presents, complimentary memberships, trials and gifts that came past Stripe."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from patronage.books.models import ManualGift, Payment
from patronage.books.papers.models import Receipt
from patronage.foundation import outbox
from patronage.giving.memberships.models import Present
from patronage.giving.models import Pledge
from patronage.giving.standing import Policy
from patronage.people.models import Person

PRESENT = "giving/present"


def send_present(session: Session, present: Present, now: datetime) -> None:
    """Write to whoever gets a present; the address that redeems it is made when the letter leaves."""
    data = {
        "present": present.reference,
        "giver": present.giver_name,
        "name": present.recipient_name,
        "message": present.message,
        "months": present.months,
    }
    once = f"present:{present.reference}:{present.times_sent}"
    outbox.write(session, PRESENT, present.recipient_email, data, now, language=present.language, once=once)


def tell_of_redeeming(session: Session, present: Present, membership: Pledge, policy: Policy, now: datetime) -> None:
    """Welcome whoever redeemed a present, and tell whoever paid for it that it was redeemed."""
    once = f"present redeemed:{present.reference}"
    data = {"giver": present.giver_name, "until": _day(membership.paid_until, policy)}
    _to(session, "giving/present_begun", membership.person_id, data, now, once)
    buyer = session.get_one(Pledge, present.pledge_id)
    _to(session, "giving/present_accepted", buyer.person_id, {"name": present.recipient_name}, now, f"{once}:buyer")


def tell_of_membership(session: Session, pledge: Pledge, policy: Policy, now: datetime) -> None:
    """Tell somebody that they are a patron without paying, until when, and that it ends by itself."""
    until = _day(pledge.paid_until, policy)
    data = {"until": until, "pledge_reference": pledge.reference}
    once = f"complimentary:{pledge.reference}:{until}"
    _to(session, "giving/complimentary", pledge.person_id, data, now, once)


def tell_of_revoking(session: Session, pledge: Pledge, now: datetime) -> None:
    """Tell somebody that their complimentary membership has ended before its day."""
    data = {"pledge_reference": pledge.reference}
    _to(session, "giving/complimentary_ended", pledge.person_id, data, now, f"complimentary ended:{pledge.reference}")


def tell_of_end(session: Session, pledge: Pledge, policy: Policy, now: datetime) -> None:
    """Tell somebody that their membership ends soon, and how to stay a patron."""
    until = _day(pledge.paid_until, policy)
    _to(session, "giving/membership_ends", pledge.person_id, {"until": until}, now, f"ends:{pledge.reference}:{until}")


def tell_of_free_time(session: Session, pledge: Pledge, policy: Policy, now: datetime) -> None:
    """Confirm that a pledge has begun with time for which nothing is due, and say when the first charge comes."""
    data = {
        "amount_minor": pledge.amount_minor + pledge.fee_cover_minor,
        "currency": pledge.currency,
        "interval": str(pledge.interval),
        "pledge_reference": pledge.reference,
        "free_until": _day(pledge.free_until, policy),
    }
    _to(session, "giving/free_time", pledge.person_id, data, now, f"free time:{pledge.reference}")


def thank_for(
    session: Session, payment: Payment, gift: ManualGift, receipt: Receipt, until: datetime | None, policy: Policy,
    now: datetime,
) -> None:  # fmt: skip
    """Thank for a gift that came past Stripe, with its receipt, if the giver's address is known."""
    if payment.person_id is None:
        return
    data = {
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "paid_on": _day(payment.paid_at, policy),
        "channel": str(payment.channel),
        "payment_reference": payment.reference,
        "receipt_number": receipt.number,
        "until": _day(until, policy) if until else None,
        "name": gift.giver_name,
    }
    _to(session, "giving/manual_gift", payment.person_id, data, now, f"manual gift:{payment.reference}")


def _to(session: Session, kind: str, person_id: int, data: dict[str, Any], now: datetime, once: str) -> None:
    person = session.get_one(Person, person_id)
    outbox.write(session, kind, person.email, data, now, recipient_id=person.id, language=person.language, once=once)


def _day(at: datetime | None, policy: Policy) -> str:
    """Return the day of `at` in the newsroom's zone, as an ISO date."""
    return at.astimezone(policy.zone).date().isoformat() if at else ""
