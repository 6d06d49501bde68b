"""Gifts that came past Stripe, on the side of giving: who gave, and the membership that a gift may carry."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.books import manual_gifts
from patronage.books.manual_gifts import Entered
from patronage.books.models import ManualGift, Payment
from patronage.books.papers import receipts
from patronage.giving import standing
from patronage.giving.intake import charges
from patronage.giving.memberships import letters, unpaid
from patronage.giving.memberships.pricing import Editor
from patronage.giving.models import Pledge, PledgeKind, PledgePayment
from patronage.giving.standing import Policy
from patronage.people import people
from patronage.people.models import Person

TAKEN_BACK = "given back"


@dataclass(frozen=True)
class Giver:
    """Who gave, if their address is known, and until when (UTC) the gift makes them a patron, if at all."""

    email: str | None
    until: datetime | None


def enter(session: Session, entered: Entered, giver: Giver, policy: Policy, editor: Editor) -> Payment:
    """Write a gift down with what follows of it: books, receipt, membership, letter. The form sent twice is one gift.

    Raises `MonthIsClosed`, `BadAddress`.
    """
    person = people.find_or_add(session, giver.email, editor.now, name=entered.giver_name) if giver.email else None
    person_id = person.id if person else None
    payment, is_new = manual_gifts.record(session, entered, person_id, editor.person_id, policy.zone, editor.now)
    if not is_new:
        return payment
    if person and giver.until:
        _carry(session, payment, person, giver.until, policy, editor.now)
    gift = session.get_one(ManualGift, payment.id)
    receipt = receipts.issue(session, payment, policy.zone, editor.now)
    letters.thank_for(session, payment, gift, receipt, giver.until, policy, editor.now)
    return payment


def _carry(session: Session, payment: Payment, person: Person, until: datetime, policy: Policy, now: datetime) -> None:
    """Let a payment make its giver a patron until `until`; a membership that runs already is extended."""
    session.get_one(Person, person.id, with_for_update=True)
    pledge = unpaid.running(session, PledgeKind.MANUAL, person.id)
    if pledge is None:
        pledge = unpaid.begin(session, PledgeKind.MANUAL, person, until, payment.currency, policy, now)
    session.add(PledgePayment(payment_id=payment.id, pledge_id=pledge.id, paid_until=until))
    session.flush()
    _recount(session, pledge, policy, now)


def reverse(session: Session, reference: str, why: str, policy: Policy, editor: Editor) -> Payment:
    """Take a gift back out of the books, and what it carried from the membership. Raises as `manual_gifts.reverse`."""
    payment = manual_gifts.reverse(session, reference, why, editor.person_id, policy.zone, editor.now)
    pledge = session.scalar(
        select(Pledge)
        .join(PledgePayment, PledgePayment.pledge_id == Pledge.id)
        .where(PledgePayment.payment_id == payment.id)
        .with_for_update(of=Pledge)
    )
    session.flush()
    if pledge is not None:
        _recount(session, pledge, policy, editor.now)
    return payment


def _recount(session: Session, pledge: Pledge, policy: Policy, now: datetime) -> None:
    """Let `pledge` last as long as the gifts that stand behind it say."""
    charges.recount(session, pledge)
    if pledge.paid_until is None or pledge.paid_until <= now:
        pledge.ended_at, pledge.ended_because = pledge.paid_until or now, TAKEN_BACK
    else:
        pledge.ended_at = pledge.ended_because = None
        unpaid.arrange_end(session, pledge, now)
    standing.decide(pledge, policy.grace)


def membership_of(session: Session, payment: Payment) -> tuple[Pledge, datetime | None] | None:
    """Return the pledge a gift pays for, and until when it does, or None."""
    row = session.execute(
        select(Pledge, PledgePayment.paid_until)
        .join(PledgePayment, PledgePayment.pledge_id == Pledge.id)
        .where(PledgePayment.payment_id == payment.id)
    ).first()
    return (row[0], row[1]) if row else None
