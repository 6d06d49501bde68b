"""The ledger: one fact at Stripe is one entry, entered once, however often and in whatever order it is told."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from patronage.books import months
from patronage.books.models import Account, EntryKind, LedgerEntry
from patronage.foundation.jobs import insert_ignoring

MOVES: dict[EntryKind, tuple[Account, Account]] = {  # kind → (debit, credit): the credit gives to the debit
    EntryKind.PAYMENT: (Account.STRIPE_BALANCE, Account.GIFTS),
    EntryKind.FEE: (Account.FEES, Account.STRIPE_BALANCE),
    EntryKind.REFUND: (Account.GIFTS, Account.STRIPE_BALANCE),
    EntryKind.REFUND_FAILURE: (Account.STRIPE_BALANCE, Account.GIFTS),
    EntryKind.DISPUTE: (Account.DISPUTES, Account.STRIPE_BALANCE),
    EntryKind.DISPUTE_FEE: (Account.FEES, Account.STRIPE_BALANCE),
    EntryKind.DISPUTE_REVERSAL: (Account.STRIPE_BALANCE, Account.DISPUTES),
    EntryKind.PAYOUT: (Account.BANK, Account.STRIPE_BALANCE),
    EntryKind.PAYOUT_FAILURE: (Account.STRIPE_BALANCE, Account.BANK),
    EntryKind.EXCHANGE_OUT: (Account.EXCHANGE, Account.STRIPE_BALANCE),
    EntryKind.EXCHANGE_IN: (Account.STRIPE_BALANCE, Account.EXCHANGE),
    EntryKind.ADJUSTMENT: (Account.STRIPE_BALANCE, Account.ADJUSTMENTS),
}
# A fee can be given back, a balance below zero is paid by the bank, an adjustment goes either way.
BOTH_WAYS = frozenset(
    {EntryKind.FEE, EntryKind.DISPUTE_FEE, EntryKind.PAYOUT, EntryKind.PAYOUT_FAILURE, EntryKind.ADJUSTMENT}
)


@dataclass(frozen=True)
class Amount:
    """`minor` units of `currency` (three capital letters); less than zero for what moves the other way."""

    minor: int
    currency: str


@dataclass(frozen=True)
class Fact:
    """Something that moved money: `stripe_id` is its id at Stripe, `happened_at` when it happened there.

    `balance_transaction_id` is Stripe's, where it is known by now.
    """

    kind: EntryKind
    stripe_id: str
    amount: Amount
    happened_at: datetime
    payment_id: int | None = None
    balance_transaction_id: str | None = None


@dataclass(frozen=True)
class Word:
    """What people add to an entry: who entered it by hand, why, and which entry it corrects."""

    by: int | None = None
    note: str | None = None
    corrects_id: int | None = None


SILENT = Word()


def post(session: Session, fact: Fact, now: datetime, word: Word = SILENT) -> bool:
    """Enter `fact`, which moves its amount as `MOVES` says; tell whether it was new.

    It counts in the month in which it happened, or in the first open one if that is closed. Nothing is entered for an
    amount of zero. An amount below zero moves the other way, where `BOTH_WAYS` allows it; `ValueError` elsewhere.
    Raises `KeyError` for manual entries, which say their own accounts: `enter`.
    """
    debit, credit = MOVES[fact.kind]
    if fact.amount.minor >= 0:
        return enter(session, fact, (debit, credit), now, word)
    if fact.kind not in BOTH_WAYS:
        raise ValueError(f"{fact.kind} of {fact.amount}")
    return enter(session, fact, (credit, debit), now, word)


def enter(session: Session, fact: Fact, accounts: tuple[Account, Account], now: datetime, word: Word = SILENT) -> bool:
    """Enter `fact`, moving its amount (its size alone counts) from the second of `accounts` to the first; as `post`."""
    if fact.amount.minor == 0 or _is_known(session, fact):
        return False
    row = {
        "kind": fact.kind, "stripe_id": fact.stripe_id, "payment_id": fact.payment_id, "debit": accounts[0],
        "credit": accounts[1], "amount_minor": abs(fact.amount.minor), "currency": fact.amount.currency,
        "posted_at": now, "booked_at": months.open_from(session, fact.happened_at),
        "balance_transaction_id": fact.balance_transaction_id, "corrects_id": word.corrects_id,
        "entered_by": word.by, "note": word.note,
    }  # fmt: skip
    return insert_ignoring(session, LedgerEntry, row)


def balance(session: Session, account: Account) -> dict[str, int]:
    """Return what stands on `account` by currency, in minor units: what was moved to it less what was moved away."""
    rows = session.execute(
        select(
            LedgerEntry.currency, func.sum(case((LedgerEntry.debit == account, 1), else_=-1) * LedgerEntry.amount_minor)
        )
        .where((LedgerEntry.debit == account) | (LedgerEntry.credit == account))
        .group_by(LedgerEntry.currency)
    )
    return {currency: int(total) for currency, total in rows}


def _is_known(session: Session, fact: Fact) -> bool:
    entered = select(LedgerEntry.id).where(LedgerEntry.kind == fact.kind, LedgerEntry.stripe_id == fact.stripe_id)
    return session.scalar(entered) is not None
