"""Gifts that came past Stripe: entered by hand, never edited; a wrong one is reversed by an entry of its own."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.books import ledger, months, references
from patronage.books.ledger import Amount, Fact, Word
from patronage.books.models import Account, Channel, EntryKind, LedgerEntry, ManualGift, Payment
from patronage.books.papers import receipts
from patronage.books.papers.receipts import Returned
from patronage.foundation.refused import Refused, Why
from patronage.people import audit
from patronage.people.models import Person

ACCOUNTS = {  # where the money is, by how it came
    Channel.BANK_TRANSFER: Account.BANK,
    Channel.GRANT: Account.BANK,
    Channel.CHEQUE: Account.BANK,
    Channel.CASH: Account.CASH,
    Channel.PAYPAL: Account.PAYPAL,
    Channel.CRYPTO: Account.CRYPTO,
}


class NoSuchGift(Refused):
    """There is no gift of this name among those entered by hand."""

    why = Why.NOT_FOUND
    reason = _l("There is no gift with this reference among those entered by hand.")


class MonthIsClosed(Refused):
    """The gift would have to be booked into a closed month."""

    reason = _l("The month of this day is closed. Nothing can be booked into it any more.")


class ReversedAlready(Refused):
    """It was reversed before."""

    why = Why.CONFLICT
    reason = _l("This gift was reversed already.")


@dataclass(frozen=True)
class Coins:
    """Crypto as it came: `amount` of `coin`, each worth `rate` on that day according to `source`; decimals as text."""

    coin: str
    amount: str
    rate: str
    source: str


@dataclass(frozen=True)
class Entered:
    """What the bookkeeper typed; `amount_minor` of `currency` came at `received_at` (UTC). `submission` is one-time."""

    channel: Channel
    amount_minor: int
    currency: str
    received_at: datetime
    giver_name: str
    note: str
    submission: str
    coins: Coins | None = None


def record(
    session: Session, entered: Entered, person_id: int | None, by: int, zone: ZoneInfo, now: datetime
) -> tuple[Payment, bool]:
    """Write a gift into the books with its receipt; return its payment, and whether it is new. Raises `MonthIsClosed`.

    The form sent twice is entered once.
    """
    session.get_one(Person, by, with_for_update=True)  # two clicks of one person go one after the other
    known = session.scalar(select(ManualGift).where(ManualGift.submission == entered.submission))
    if known is not None:
        return session.get_one(Payment, known.payment_id), False
    if months.open_from(session, entered.received_at) != entered.received_at:
        raise MonthIsClosed
    payment = Payment(
        reference=references.new("R", 2), person_id=person_id, channel=entered.channel,
        amount_minor=entered.amount_minor, currency=entered.currency, paid_at=entered.received_at, refunded_minor=0,
        disputed=False,
    )  # fmt: skip
    session.add(payment)
    session.flush()
    _keep(session, payment, entered, by, now)
    _enter(session, payment, payment.reference, (ACCOUNTS[entered.channel], Account.GIFTS), payment.paid_at, now,
           Word(by, entered.note or None))  # fmt: skip
    receipts.issue(session, payment, zone, now)
    said = f"{entered.channel}, {entered.amount_minor} {entered.currency}"
    audit.record(session, by, "manual gift entered", payment.reference, said, now)
    return payment, True


def reverse(session: Session, reference: str, why: str, by: int, zone: ZoneInfo, now: datetime) -> Payment:
    """Take a gift that was entered wrongly out of the books again, by an entry the other way round, booked now.

    Raises `NoSuchGift`, `ReversedAlready`.
    """
    payment, gift = find(session, reference, locked=True)
    if gift.reversed_at is not None:
        raise ReversedAlready
    entry = select(LedgerEntry.id).where(LedgerEntry.kind == EntryKind.MANUAL, LedgerEntry.stripe_id == reference)
    word = Word(by, why, session.scalars(entry).one())
    number = f"{reference}-reversed"
    _enter(session, payment, number, (Account.GIFTS, ACCOUNTS[payment.channel]), now, now, word)
    gift.reversed_at, gift.reversed_by, gift.reversed_because = now, by, why
    payment.refunded_minor = payment.amount_minor
    receipts.credit(session, payment, Returned(number, payment.amount_minor, now), zone, now)
    audit.record(session, by, "manual gift reversed", reference, why, now)
    return payment


def find(session: Session, reference: str, *, locked: bool = False) -> tuple[Payment, ManualGift]:
    """Return a gift that came past Stripe, its payment's row locked if asked for. Raises `NoSuchGift`."""
    query = select(Payment).where(Payment.reference == reference, Payment.charge_id.is_(None))
    payment = session.scalar(query.with_for_update() if locked else query)
    gift = session.get(ManualGift, payment.id, populate_existing=locked) if payment else None
    if payment is None or gift is None:
        raise NoSuchGift
    return payment, gift


def entries_of(session: Session, payment: Payment) -> list[LedgerEntry]:
    """Return what the ledger holds of a gift, in the order in which it was entered."""
    return list(session.scalars(select(LedgerEntry).filter_by(payment_id=payment.id).order_by(LedgerEntry.id)))


def page_of(session: Session, before: int | None, most: int) -> list[tuple[Payment, ManualGift]]:
    """Return up to `most` gifts that came past Stripe, those entered last first."""
    query = select(Payment, ManualGift).join(ManualGift, ManualGift.payment_id == Payment.id)
    if before is not None:
        query = query.where(Payment.id < before)
    return [(payment, gift) for payment, gift in session.execute(query.order_by(Payment.id.desc()).limit(most))]


def _keep(session: Session, payment: Payment, entered: Entered, by: int, now: datetime) -> None:
    coins = entered.coins
    session.add(
        ManualGift(
            payment_id=payment.id, submission=entered.submission, giver_name=entered.giver_name, note=entered.note,
            coin=coins.coin if coins else None, coin_amount=coins.amount if coins else None,
            coin_rate=coins.rate if coins else None, rate_source=coins.source if coins else None,
            entered_at=now, entered_by=by,
        )
    )  # fmt: skip
    session.flush()


def _enter(
    session: Session, payment: Payment, number: str, accounts: tuple[Account, Account], happened_at: datetime,
    now: datetime, word: Word,
) -> None:  # fmt: skip
    amount = Amount(payment.amount_minor, payment.currency)
    ledger.enter(session, Fact(EntryKind.MANUAL, number, amount, happened_at, payment.id), accounts, now, word)
