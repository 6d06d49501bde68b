"""Receipts: one for each payment, a note for what went back of it, numbered without a gap and never changed."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from patronage.books import disputes, references, refunds
from patronage.books.models import Payment
from patronage.books.papers import entities
from patronage.books.papers.models import LegalEntity, Paper, Receipt, ReceiptCounter, ReceiptDonor
from patronage.foundation import jobs
from patronage.foundation.jobs import Job, insert_ignoring
from patronage.foundation.refused import Refused, Why
from patronage.people.models import Person

DIGITS = 6
ISSUE = "books/issue-receipts"  # the job that issues what is missing; the migration puts the first one down
LOST = "lost"  # the status of a dispute whose money stays with the bank of who gave it


class NoSuchReceipt(Refused):
    """There is no receipt of this name, or it is somebody else's."""

    why = Why.NOT_FOUND
    reason = _l("There is no such receipt.")


@dataclass(frozen=True)
class Returned:
    """Money that went back: the refund's id at Stripe (or here), minor units in the payment's currency, when (UTC).

    `way` is "refund", or "dispute" where a bank took it back; the id is the dispute's then.
    """

    stripe_id: str
    amount_minor: int
    happened_at: datetime
    way: str = "refund"

    @property
    def fact(self) -> str:
        """What a credit note about it tells."""
        return f"{self.way}:{self.stripe_id}"


@dataclass(frozen=True)
class _Told:
    """What a paper is to tell."""

    kind: Paper
    fact: str
    reference: str
    amount_minor: int
    happened_at: datetime
    corrects: Receipt | None = None


def issue(session: Session, payment: Payment, zone: ZoneInfo, now: datetime) -> Receipt:
    """Return the receipt for `payment`, issued now if it had none; to be called where the payment is recorded."""
    told = _Told(Paper.RECEIPT, f"payment:{payment.id}", payment.reference, payment.amount_minor, payment.paid_at)
    known = _find(session, told.fact)
    return known or _issue(session, payment, told, zone, now)


def credit(session: Session, payment: Payment, returned: Returned, zone: ZoneInfo, now: datetime) -> Receipt:
    """Return the credit note for money that went back of `payment`, issued now if there was none; once each time."""
    told = _Told(
        Paper.CREDIT_NOTE, returned.fact, references.new("N", 2), returned.amount_minor,
        returned.happened_at, issue(session, payment, zone, now),
    )  # fmt: skip
    return _find(session, told.fact) or _issue(session, payment, told, zone, now)


def cancel_credit(session: Session, payment: Payment, returned: Returned, zone: ZoneInfo, now: datetime) -> Receipt:
    """Return the note that cancels the credit note of a refund that failed, or a dispute won late; nothing is deleted.

    Issues the credit note too if it was never told before, so that the series tells the whole story.
    """
    note = credit(session, payment, returned, zone, now)
    told = _Told(
        Paper.CREDIT_NOTE_CANCELLED, f"{returned.way}_failure:{returned.stripe_id}", references.new("N", 2),
        note.amount_minor, now, note,
    )  # fmt: skip
    return _find(session, told.fact) or _issue(session, payment, told, zone, now)


def follow(session: Session, charge_id: str, zone: ZoneInfo, now: datetime) -> None:
    """Issue what went back of a charge calls for: a note for each refund and each dispute that was lost.

    Where the refund failed later, or the dispute was won after all, the note is cancelled.
    """
    payment = session.scalar(select(Payment).where(Payment.charge_id == charge_id))
    if payment:
        _follow(session, payment, zone, now)


def _follow(session: Session, payment: Payment, zone: ZoneInfo, now: datetime) -> None:
    for refund in refunds.of_payment(session, payment.id):
        returned = Returned(refund.stripe_id, refund.amount_minor, refund.made_at)
        if refund.status in refunds.STANDING:
            credit(session, payment, returned, zone, now)
        elif _find(session, returned.fact):
            cancel_credit(session, payment, returned, zone, now)
    for dispute in disputes.of_payment(session, payment.id):
        left = payment.amount_minor - _noted(session, payment.id)  # a bank may ask for what was given back before
        amount = min(dispute.amount_minor, left)
        returned = Returned(dispute.stripe_id, amount, dispute.closed_at or now, way="dispute")
        is_told = _find(session, returned.fact) is not None
        if dispute.status == LOST and not is_told and amount > 0:
            credit(session, payment, returned, zone, now)
        elif dispute.status in disputes.SETTLED_FOR_US and is_told:
            cancel_credit(session, payment, returned, zone, now)


def _noted(session: Session, payment_id: int) -> int:
    """Return what the notes on a payment come to, in minor units, those that were cancelled left out."""
    signs = {Paper.RECEIPT: 0, Paper.CREDIT_NOTE: 1, Paper.CREDIT_NOTE_CANCELLED: -1}
    return sum(signs[paper.kind] * paper.amount_minor for paper in of_payment(session, payment_id))


def _find(session: Session, fact: str) -> Receipt | None:
    return session.scalar(select(Receipt).where(Receipt.fact == fact))


def _issue(session: Session, payment: Payment, told: _Told, zone: ZoneInfo, now: datetime) -> Receipt:
    """Write the next paper of the series of this year.

    The counter's row is locked until the transaction ends: whoever comes second waits, and looks again whether the
    paper is there; whoever rolls back gives the number back. So the series has no gap.
    """
    if told.corrects:
        entity = entities.known(session, told.corrects.entity_id)
    else:
        entity = entities.issuing_for(session, payment.currency)
    year = now.astimezone(zone).year
    counter = _locked_counter(session, entity.id, year)
    if known := _find(session, told.fact):
        return known
    counter.last += 1
    receipt = Receipt(
        reference=told.reference, entity_id=entity.id, year=year, serial=counter.last,
        number=number(entity, year, counter.last), kind=told.kind, fact=told.fact, payment_id=payment.id,
        corrects_id=told.corrects.id if told.corrects else None, donor_id=_donor(session, payment.person_id),
        amount_minor=told.amount_minor, currency=payment.currency, happened_at=told.happened_at, issued_at=now,
        issuer=dict(told.corrects.issuer) if told.corrects else entities.frozen(session, entity),
    )  # fmt: skip
    session.add(receipt)
    session.flush()
    return receipt


def _locked_counter(session: Session, entity_id: int, year: int) -> ReceiptCounter:
    insert_ignoring(session, ReceiptCounter, {"entity_id": entity_id, "year": year, "last": 0})
    locked = select(ReceiptCounter).filter_by(entity_id=entity_id, year=year).with_for_update()
    return session.scalars(locked.execution_options(populate_existing=True)).one()


def number(entity: LegalEntity, year: int, serial: int) -> str:
    """Return the number of a paper: the entity's prefix, the year, and where it stands in the series."""
    return "-".join(filter(None, [entity.prefix, str(year), f"{serial:0{DIGITS}}"]))


def _donor(session: Session, person_id: int | None) -> int | None:
    """Return the row that says who gave, as they are called today; None for money nobody is known to have given."""
    if person_id is None:
        return None
    person = session.get_one(Person, person_id)
    last = session.scalar(
        select(ReceiptDonor).where(ReceiptDonor.person_id == person_id).order_by(ReceiptDonor.id.desc()).limit(1)
    )
    if last is None or (last.name, last.email) != (person.name, person.email):
        last = ReceiptDonor(person_id=person_id, name=person.name, email=person.email)
        session.add(last)
        session.flush()
    return last.id


def issue_missing(
    session: Session, after: tuple[datetime, int] | None, zone: ZoneInfo, now: datetime, most: int = 200
) -> tuple[datetime, int] | None:
    """Issue receipts for up to `most` payments that have none, with the notes on them, in the order of payment.

    `after` is (paid_at, id) of the last one looked at; returns the place to go on from, or None when all are done.
    """
    missing = select(Payment).where(_has_none()).order_by(Payment.paid_at, Payment.id).limit(most)
    if after:
        paid_at, last_id = after
        later = (Payment.paid_at > paid_at) | ((Payment.paid_at == paid_at) & (Payment.id > last_id))
        missing = missing.where(Payment.paid_at >= paid_at, later)
    payments = list(session.scalars(missing))
    for payment in payments:
        _issue_all(session, payment, zone, now)
    return (payments[-1].paid_at, payments[-1].id) if len(payments) == most else None


def are_owed(session: Session, span: tuple[datetime, datetime]) -> bool:
    """Tell whether a payment made within `span` waits for its receipt."""
    within = (Payment.paid_at >= span[0], Payment.paid_at < span[1])
    return session.scalar(select(Payment.id).where(*within, _has_none()).limit(1)) is not None


def are_being_issued(session: Session) -> bool:
    """Tell whether the worker is still at the receipts that were owed."""
    under_way = select(Job.id).where(Job.kind == ISSUE, Job.done_at.is_(None), Job.dead_at.is_(None))
    return session.scalar(under_way.limit(1)) is not None


def have_issued(session: Session, now: datetime) -> None:
    """Have the worker issue all receipts that are owed, unless it is at it."""
    if not are_being_issued(session):
        jobs.put_again(session, ISSUE, {"after": None}, now, once=f"{ISSUE}:0")


def issue_of(session: Session, person_id: int, zone: ZoneInfo, now: datetime) -> None:
    """Issue the receipts somebody's payments wait for, so that their statements are whole."""
    theirs = select(Payment).where(Payment.person_id == person_id, _has_none())
    for payment in session.scalars(theirs.order_by(Payment.paid_at, Payment.id)).all():
        _issue_all(session, payment, zone, now)


def waits(session: Session, person_id: int) -> bool:
    """Tell whether a payment of somebody waits for its receipt."""
    return session.scalar(select(Payment.id).where(Payment.person_id == person_id, _has_none()).limit(1)) is not None


def _has_none() -> ColumnElement[bool]:
    return ~exists().where(Receipt.payment_id == Payment.id, Receipt.kind == Paper.RECEIPT)


def _issue_all(session: Session, payment: Payment, zone: ZoneInfo, now: datetime) -> None:
    issue(session, payment, zone, now)
    if payment.refunded_minor or payment.disputed:
        _follow(session, payment, zone, now)


def of_payment(session: Session, payment_id: int) -> list[Receipt]:
    """Return the receipt of a payment and the notes on it, in the order in which they were issued."""
    return list(session.scalars(select(Receipt).where(Receipt.payment_id == payment_id).order_by(Receipt.id)))


def find(session: Session, reference: str, person_id: int | None = None) -> Receipt:
    """Return the paper called `reference`; if `person_id` is given, only one about their own payment.

    Raises `NoSuchReceipt`.
    """
    wanted = select(Receipt).where(Receipt.reference == reference)
    if person_id is not None:
        wanted = wanted.join(Payment, Payment.id == Receipt.payment_id).where(Payment.person_id == person_id)
    receipt = session.scalar(wanted)
    if receipt is None:
        raise NoSuchReceipt
    return receipt


def ask_for(session: Session, reference: str, person_id: int | None, zone: ZoneInfo, now: datetime) -> None:
    """Issue the receipt of the payment called `reference` if it waits for one, whoever asked for it first.

    Only of somebody's own payment if `person_id` is given. Raises `NoSuchReceipt`.
    """
    wanted = select(Payment).where(Payment.reference == reference)
    payment = session.scalar(wanted if person_id is None else wanted.where(Payment.person_id == person_id))
    if payment is None:
        raise NoSuchReceipt
    _issue_all(session, payment, zone, now)
