"""What the desk shows of a payment and of what went back of it; each page in a few queries."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, or_, select
from sqlalchemy.orm import Session, aliased

from patronage.books import disputes, refunds
from patronage.books.disputes import ANSWERABLE, CLOSED
from patronage.books.models import Account, Dispute, FraudWarning, LedgerEntry, Payment, Payout, PayoutLine, Refund
from patronage.books.refunds import BACK_AGAIN
from patronage.foundation.refused import Refused, Why, translatable
from patronage.giving.models import Pledge, PledgePayment
from patronage.giving.returning.models import RefundRequest, RequestState
from patronage.people import people
from patronage.people.models import Person

PAGE = 50
OPEN = (RequestState.WAITING, RequestState.SENDING)
Asker, Decider = aliased(Person), aliased(Person)


class NoSuchPayment(Refused):
    """There is no payment with this reference."""

    why = Why.NOT_FOUND
    reason = translatable("There is no payment with this reference.")


@dataclass(frozen=True)
class Asked:
    """A refund that staff asked for, with its payment, and the addresses of who asked and who decided."""

    request: RefundRequest
    payment: Payment
    asked_by: str | None
    decided_by: str | None


@dataclass(frozen=True)
class PaymentPage:
    """A payment and all that is known of it. `payout` is the one in which it was paid out."""

    payment: Payment
    giver: Person | None
    pledge_reference: str | None
    warning: FraudWarning | None
    entries: list[LedgerEntry] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    requests: list[Asked] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    payout: Payout | None = None

    @property
    def left_minor(self) -> int:
        """How much can be given back still."""
        open_minor = sum(asked.request.amount_minor for asked in self.requests if asked.request.state in OPEN)
        return max(self.payment.amount_minor - self.payment.refunded_minor - open_minor, 0)

    def asked_of(self, refund: Refund) -> Asked | None:
        """Return the request that a refund came of, or None: it was made at Stripe."""
        return next((each for each in self.requests if each.request.refund_stripe_id == refund.stripe_id), None)

    @property
    def is_with_the_bank(self) -> bool:
        """Whether a bank has the money, or asks for it: then it cannot be given back."""
        return any(each.status not in disputes.SETTLED_FOR_US | disputes.INQUIRIES for each in self.disputes)


@dataclass(frozen=True)
class Needs:
    """Counts of what waits for whoever keeps the money; `due_by` is when the next answer to a bank is due.

    `failed` counts refunds that came back, and those that Stripe refused.
    """

    disputes: int
    due_by: datetime | None
    warnings: int
    waiting: int
    failed: int
    payouts: int


def payment_page(session: Session, reference: str) -> PaymentPage:
    """Return the payment `reference` with all that belongs to it, in six queries. Raises `NoSuchPayment`."""
    found = session.execute(
        select(Payment, Person, Pledge.reference, FraudWarning)
        .outerjoin(Person, Person.id == Payment.person_id)
        .outerjoin(PledgePayment, PledgePayment.payment_id == Payment.id)
        .outerjoin(Pledge, Pledge.id == PledgePayment.pledge_id)
        .outerjoin(FraudWarning, FraudWarning.payment_id == Payment.id)
        .where(Payment.reference == reference)
        .order_by(FraudWarning.id.desc())
        .limit(1)
    ).first()
    if found is None:
        raise NoSuchPayment
    payment, giver, pledge_reference, warning = found
    entries = session.scalars(
        select(LedgerEntry).where(LedgerEntry.payment_id == payment.id).order_by(LedgerEntry.booked_at, LedgerEntry.id)
    ).all()
    return PaymentPage(
        payment, giver, pledge_reference, warning, list(entries),
        refunds.of_payment(session, payment.id),
        asked_for(session, select(RefundRequest.id).where(RefundRequest.payment_id == payment.id)),
        disputes.of_payment(session, payment.id),
        _payout_of(session, list(entries)),
    )  # fmt: skip


def asked_for(session: Session, wanted: Select[int], most: int = PAGE) -> list[Asked]:
    """Return the refund requests with the `wanted` ids, newest first."""
    rows = session.execute(
        select(RefundRequest, Payment, Asker.email, Decider.email)
        .join(Payment, Payment.id == RefundRequest.payment_id)
        .outerjoin(Asker, Asker.id == RefundRequest.asked_by)
        .outerjoin(Decider, Decider.id == RefundRequest.decided_by)
        .where(RefundRequest.id.in_(wanted))
        .order_by(RefundRequest.id.desc())
        .limit(most)
    )
    return [Asked(*row) for row in rows]


def failed_refunds(session: Session) -> list[tuple[Refund, Payment]]:
    """Return the refunds that failed and that nobody has taken note of."""
    query = select(Refund, Payment).join(Payment, Payment.id == Refund.payment_id).where(*_failed())
    return [(refund, payment) for refund, payment in session.execute(query.order_by(Refund.id).limit(PAGE))]


def open_warnings(session: Session) -> list[tuple[FraudWarning, Payment]]:
    """Return the early fraud warnings about which something can be done still."""
    query = select(FraudWarning, Payment).join(Payment, Payment.id == FraudWarning.payment_id).where(*_heeded())
    return [(warning, payment) for warning, payment in session.execute(query.order_by(FraudWarning.id).limit(PAGE))]


def all_disputes(session: Session, before: int | None) -> list[tuple[Dispute, Payment]]:
    """Return disputes and their payments: those the bank waits on first on the first page, then the newest."""
    query = select(Dispute, Payment).join(Payment, Payment.id == Dispute.payment_id)
    if before is not None:
        query = query.where(Dispute.id < before)
    return [
        (dispute, payment) for dispute, payment in session.execute(query.order_by(Dispute.id.desc()).limit(PAGE + 1))
    ]


def payments_like(session: Session, words: str, before: int | None) -> list[tuple[Payment, str | None]]:
    """Return payments and their givers' addresses, newest first: all, or of one reference or one address."""
    query = select(Payment, Person.email).outerjoin(Person, Person.id == Payment.person_id)
    if words:
        giver = select(Person.id).where(Person.email_key == _key_of(words)).scalar_subquery()
        query = query.where(or_(Payment.reference == words.upper(), Payment.person_id == giver))
    if before is not None:
        query = query.where(Payment.id < before)
    return [(payment, email) for payment, email in session.execute(query.order_by(Payment.id.desc()).limit(PAGE + 1))]


def _key_of(words: str) -> str | None:
    """Return the key by which a person is found, or None if `words` are no address."""
    try:
        return people.email_key(words)
    except people.BadAddress:
        return None


def needs(session: Session) -> Needs:
    """Count what waits for whoever keeps the money, in one query."""
    waits = Dispute.status.in_(ANSWERABLE)
    counts = [
        select(func.count()).select_from(Dispute).where(Dispute.status.not_in(CLOSED)),
        select(func.min(Dispute.due_by)).where(waits),
        select(func.count()).select_from(FraudWarning).where(*_heeded()),
        select(func.count()).select_from(RefundRequest).where(RefundRequest.state == RequestState.WAITING),
        select(_how_many(Refund, _failed()) + _how_many(RefundRequest, refused())),
        select(func.count()).select_from(Payout).where(Payout.difference_minor != 0),
    ]
    row = session.execute(select(*(query.scalar_subquery() for query in counts))).one()
    return Needs(*row)


def on_balance(entry: LedgerEntry) -> int:
    """Return what an entry brought to Stripe's balance, or took from it, in minor units."""
    sign = {entry.debit: 1, entry.credit: -1}.get(Account.STRIPE_BALANCE, 0)
    return sign * entry.amount_minor


def refused() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of a request that Stripe refused, and of which nobody has taken note."""
    return RefundRequest.state == RequestState.REFUSED, RefundRequest.seen_at.is_(None)


def _how_many(table: type[Refund | RefundRequest], which: tuple[ColumnElement[bool], ...]) -> ScalarSelect[int]:
    return select(func.count()).select_from(table).where(*which).scalar_subquery()


def _failed() -> tuple[ColumnElement[bool], ...]:
    return Refund.status.in_(BACK_AGAIN), Refund.seen_at.is_(None)


def _heeded() -> tuple[ColumnElement[bool], ...]:
    return FraudWarning.is_actionable.is_(True), FraudWarning.dismissed_at.is_(None)


def _payout_of(session: Session, entries: list[LedgerEntry]) -> Payout | None:
    """Return the payout that held the payment: its fee, or its exchange, knows the balance transaction."""
    numbers = [
        entry.balance_transaction_id
        for entry in entries
        if entry.kind in {"payment", "fee", "exchange_in"} and entry.balance_transaction_id
    ]
    query = select(Payout).join(PayoutLine, PayoutLine.payout_id == Payout.id)
    return session.scalar(query.where(PayoutLine.balance_transaction_id.in_(numbers)).order_by(Payout.id).limit(1))
