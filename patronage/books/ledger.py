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
}


@dataclass(frozen=True)
class Amount:
    """`minor` units (more than zero) of `currency` (three capital letters)."""

    minor: int
    currency: str


def post(
    session: Session,
    kind: EntryKind,
    stripe_id: str,
    amount: Amount,
    now: datetime,
    *,
    payment_id: int | None = None,
) -> bool:
    """Enter the fact `stripe_id` of `kind`, which moves `amount` as `MOVES` says; tell whether it was new.

    Nothing is entered for an amount of zero. Raises `KeyError` for manual entries, which say their own accounts.
    """
    if amount.minor == 0:
        return False
    debit, credit = MOVES[kind]
    row = {
        "kind": kind, "stripe_id": stripe_id, "payment_id": payment_id, "debit": debit, "credit": credit,
        "amount_minor": amount.minor, "currency": amount.currency, "posted_at": now,
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
