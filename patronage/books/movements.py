"""Movements of Stripe's balance: what each brought or took, in the currency it settled in, and its entries."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.books import ledger
from patronage.books.ledger import Amount, Fact, Word
from patronage.books.models import EntryKind, LedgerEntry

CORRECTED = "corrected"


@dataclass(frozen=True)
class Movement:
    """One of Stripe's balance transactions: `amount_minor` (signed) less `fee_minor` is what it brought, in `currency`.

    `category` is Stripe's reporting category, `source_id` what it belongs to (a charge, a refund, a dispute …);
    `exchange_rate` is a decimal as text, where the money came in another currency.
    """

    id: str
    amount_minor: int
    fee_minor: int
    currency: str
    made_at: datetime
    category: str
    source_id: str | None = None
    exchange_rate: str | None = None
    description: str | None = None

    @property
    def net_minor(self) -> int:
        """What it brought to Stripe's balance, or took from it."""
        return self.amount_minor - self.fee_minor


def exchange(session: Session, movement: Movement, original: Amount, payment_id: int | None, now: datetime) -> None:
    """Enter that `original` (signed as the movement is) became the movement's amount, if the currencies differ.

    The balance then shows in each currency what Stripe holds in it.
    """
    if movement.currency == original.currency:
        return
    became = Amount(movement.amount_minor, movement.currency)
    left, came = (original, became) if movement.amount_minor > 0 else (became, original)
    for kind, amount in ((EntryKind.EXCHANGE_OUT, left), (EntryKind.EXCHANGE_IN, came)):
        size = Amount(abs(amount.minor), amount.currency)
        ledger.post(session, Fact(kind, movement.id, size, movement.made_at, payment_id, movement.id), now)


def keep_fee(
    session: Session, movement: Movement, payment_id: int | None, now: datetime, kind: EntryKind = EntryKind.FEE
) -> bool:
    """Enter what Stripe kept of `movement` as a fee, or gave back if it is below zero; tell whether it was new."""
    amount = Amount(movement.fee_minor, movement.currency)
    return ledger.post(session, Fact(kind, movement.id, amount, movement.made_at, payment_id, movement.id), now)


def adjust(session: Session, movement: Movement, now: datetime) -> None:
    """Enter a movement that is none of our facts: Stripe's own fees as fees, all else as an adjustment.

    `fee` is the category of what Stripe takes for its other services (Billing, Radar, taxes on fees).
    """
    said = Word(note=f"{movement.category}: {movement.description or movement.source_id or movement.id}"[:255])
    is_fee = movement.category == "fee"
    kind, sign = (EntryKind.FEE, -1) if is_fee else (EntryKind.ADJUSTMENT, 1)
    amount = Amount(sign * movement.amount_minor, movement.currency)
    fact = Fact(kind, movement.id, amount, movement.made_at, None, movement.id)
    ledger.post(session, fact, now, said)
    if not is_fee:
        keep_fee(session, movement, None, now)


def withdraw_adjustment(session: Session, movement: Movement, now: datetime) -> None:
    """Take back the adjustment that was entered for `movement` while nobody knew what it was: now it is known.

    The fee that was entered beside it stays: it is the same fee.
    """
    entered = select(LedgerEntry).where(LedgerEntry.kind == EntryKind.ADJUSTMENT, LedgerEntry.stripe_id == movement.id)
    known = session.scalar(entered)
    if known is None:
        return
    amount = Amount(-movement.amount_minor, movement.currency)
    fact = Fact(EntryKind.ADJUSTMENT, f"{movement.id}:{CORRECTED}", amount, now, None, movement.id)
    ledger.post(session, fact, now, Word(note="it is known now what this was", corrects_id=known.id))
