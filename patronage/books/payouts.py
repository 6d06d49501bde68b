"""Payouts: money that Stripe sends to the bank, and what each of its lines is in the ledger."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from patronage.books import ledger, movements
from patronage.books.ledger import Amount, Fact
from patronage.books.models import Account, EntryKind, LedgerEntry, Payout, PayoutLine
from patronage.books.movements import Movement
from patronage.foundation.jobs import insert_ignoring

STAGES = ("pending", "in_transit", "paid", "failed", "canceled")  # no payout goes back to an earlier one
AT_ONCE = 400  # ids in one question: SQLite takes no more than some thousand values
OF_CHARGES = ("charge",)  # reporting categories whose entry may be older than its balance transaction


@dataclass(frozen=True)
class Sent:
    """A payout as Stripe says it is now: `amount_minor` (below zero when the bank paid) of `currency`.

    `moved` is its own movement on Stripe's balance, `returned` what came back when it failed or was canceled.
    """

    stripe_id: str
    amount_minor: int
    currency: str
    status: str
    is_automatic: bool
    is_listed: bool
    failure_reason: str | None
    made_at: datetime
    arrives_at: datetime
    moved: Movement | None
    returned: Movement | None


def take_in(session: Session, sent: Sent, now: datetime) -> Payout:
    """Write down a payout and what it moved; return its row, locked. An older answer does not undo a newer one."""
    row = {
        "stripe_id": sent.stripe_id, "amount_minor": sent.amount_minor, "currency": sent.currency,
        "status": sent.status, "is_automatic": sent.is_automatic, "made_at": sent.made_at,
        "arrives_at": sent.arrives_at, "failure_reason": sent.failure_reason,
    }  # fmt: skip
    insert_ignoring(session, Payout, row)
    payout = session.scalars(
        select(Payout).where(Payout.stripe_id == sent.stripe_id).with_for_update().execution_options(
            populate_existing=True
        )
    ).one()  # fmt: skip
    if _stage(sent.status) >= _stage(payout.status):
        payout.status, payout.arrives_at, payout.failure_reason = sent.status, sent.arrives_at, sent.failure_reason
    for kind, movement in ((EntryKind.PAYOUT, sent.moved), (EntryKind.PAYOUT_FAILURE, sent.returned)):
        if movement:
            movements.withdraw_adjustment(session, movement, now)
            amount = Amount(sent.amount_minor, sent.currency)
            ledger.post(session, Fact(kind, sent.stripe_id, amount, movement.made_at, None, movement.id), now)
            movements.keep_fee(session, movement, None, now)
    return payout


def explained(session: Session, lines: Sequence[Movement]) -> dict[str, int]:
    """Return what the ledger holds on Stripe's balance for each of `lines`, by balance transaction, in its currency."""
    found: dict[str, int] = {}
    for start in range(0, len(lines), AT_ONCE):
        found.update(_explained(session, lines[start : start + AT_ONCE]))
    return {line.id: found.get(line.id, 0) for line in lines}


def match(session: Session, payout: Payout, lines: Iterable[Movement], now: datetime) -> None:
    """Compare `payout` (locked) with its `lines`, and write down what the books explain of each.

    What the ledger knows nothing of becomes a fee or an adjustment, so that nothing is outside the books; what it
    knows otherwise than Stripe stays a difference. The payout's own line is left out.
    """
    others = [line for line in lines if line.source_id != payout.stripe_id]
    known = explained(session, others)
    for line in others:
        if known[line.id] == 0 and line.net_minor != 0:
            movements.adjust(session, line, now)
    known = explained(session, others)
    _keep_lines(session, payout, others, known)
    payout.matched_at, payout.difference_minor = now, payout.amount_minor - sum(known.values())


def match_unlisted(payout: Payout, now: datetime) -> None:
    """Match a payout that somebody asked for by hand: Stripe lists no lines of it, its amount is all there is."""
    payout.matched_at, payout.difference_minor = now, 0


def _explained(session: Session, lines: Sequence[Movement]) -> dict[str, int]:
    by_source = {line.source_id: line for line in lines if line.source_id and line.category in OF_CHARGES}
    sign = case((LedgerEntry.debit == Account.STRIPE_BALANCE, 1), else_=-1)
    is_payment = (LedgerEntry.kind == EntryKind.PAYMENT) & LedgerEntry.stripe_id.in_(by_source)
    rows = session.execute(
        select(
            LedgerEntry.kind, LedgerEntry.stripe_id, LedgerEntry.balance_transaction_id, LedgerEntry.currency,
            func.sum(sign * LedgerEntry.amount_minor),
        )
        .where(or_(LedgerEntry.balance_transaction_id.in_([line.id for line in lines]), is_payment))
        .where((LedgerEntry.debit == Account.STRIPE_BALANCE) | (LedgerEntry.credit == Account.STRIPE_BALANCE))
        .group_by(
            LedgerEntry.kind, LedgerEntry.stripe_id, LedgerEntry.balance_transaction_id, LedgerEntry.currency
        )
    )  # fmt: skip
    by_id = {line.id: line for line in lines}
    totals: dict[str, int] = {}
    for kind, stripe_id, number, currency, total in rows:
        line = by_source.get(stripe_id) if kind == EntryKind.PAYMENT else by_id.get(number)
        if line and line.currency == currency:
            totals[line.id] = totals.get(line.id, 0) + int(total)
    return totals


def _keep_lines(session: Session, payout: Payout, lines: list[Movement], known: dict[str, int]) -> None:
    written = {
        line.balance_transaction_id: line
        for line in session.scalars(select(PayoutLine).where(PayoutLine.payout_id == payout.id))
    }
    for line in lines:
        row = written.get(line.id)
        if row is None:
            row = PayoutLine(
                balance_transaction_id=line.id, payout_id=payout.id, type=line.category, source_id=line.source_id,
                amount_minor=line.amount_minor, fee_minor=line.fee_minor, currency=line.currency, made_at=line.made_at,
            )  # fmt: skip
            session.add(row)
        row.explained_minor = known[line.id]


def _stage(status: str) -> int:
    return STAGES.index(status) if status in STAGES else 0
