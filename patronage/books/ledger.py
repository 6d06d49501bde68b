"""The ledger: one fact at Stripe is one entry, entered once, however often and in whatever order it is told."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

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
}


@dataclass(frozen=True)
class Amount:
    """`minor` units (more than zero) of `currency` (three capital letters)."""

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


def post(session: Session, fact: Fact, now: datetime) -> bool:
    """Enter `fact`, which moves its amount as `MOVES` says; tell whether it was new.

    It counts in the month in which it happened. Nothing is entered for an amount of zero. Raises `KeyError` for manual
    entries and adjustments, which say their own accounts.
    """
    if fact.amount.minor == 0:
        return False
    debit, credit = MOVES[fact.kind]
    row = {
        "kind": fact.kind, "stripe_id": fact.stripe_id, "payment_id": fact.payment_id, "debit": debit,
        "credit": credit, "amount_minor": fact.amount.minor, "currency": fact.amount.currency, "posted_at": now,
        "booked_at": fact.happened_at, "balance_transaction_id": fact.balance_transaction_id,
    }  # fmt: skip
    return insert_ignoring(session, LedgerEntry, row)


def balance(session: Session, account: Account) -> dict[str, int]:
    """Return what stands on `account` by currency, in minor units: what was moved to it less what was moved away."""
    sign = case((LedgerEntry.debit == account, 1), else_=-1)
    rows = session.execute(
        select(LedgerEntry.currency, func.sum(sign * LedgerEntry.amount_minor))
        .where((LedgerEntry.debit == account) | (LedgerEntry.credit == account))
        .group_by(LedgerEntry.currency)
    )
    return {currency: int(total) for currency, total in rows}
