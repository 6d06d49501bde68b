"""Payouts as the bookkeeper sees them: each line beside what the books hold for it, and why the two differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, func, or_, select, tuple_
from sqlalchemy.orm import Session

from patronage.books.models import Account, EntryKind, LedgerEntry, Payout, PayoutLine
from patronage.foundation import jobs
from patronage.foundation.refused import Refused, Why

PAGE = 50
MOST_DIFFERENCES = 50
LOOK_AGAIN = "books/look-again-at-payout"  # a job; the room that speaks with Stripe does it
OVER = ("failed", "canceled")
OF_FEES = (EntryKind.FEE, EntryKind.DISPUTE_FEE)


class NoSuchPayout(Refused):
    """There is no payout of this id."""

    why = Why.NOT_FOUND
    reason = _l("There is no such payout in the books.")


class Reason(StrEnum):
    """Why a line is not what the books hold for it, or should be looked at though the sums agree."""

    MISSING = "missing"  # the books know nothing of it
    FEE = "fee"  # they have another fee
    AMOUNT = "amount"  # they have another amount
    FOREIGN = "foreign"  # it is none of the newsroom's gifts: entered as an adjustment


@dataclass(frozen=True)
class Difference:
    """A line and why it is listed; `ours` and `theirs` are the fees or amounts that differ, in minor units."""

    line: PayoutLine
    reason: Reason
    ours: int
    theirs: int


def page_of(session: Session, before: int | None, *, open_only: bool) -> list[Payout]:
    """Return up to a page of payouts, and one more if there is one, those made last first.

    `open_only`: those that are not explained to the cent. `before` is the id of the last one of the page before.
    """
    query = select(Payout)
    if open_only:
        query = query.where(or_(Payout.matched_at.is_(None), Payout.difference_minor != 0), Payout.status.not_in(OVER))
    if before is not None:
        place = select(Payout.made_at, Payout.id).where(Payout.id == before).scalar_subquery()
        query = query.where(tuple_(Payout.made_at, Payout.id) < place)
    return list(session.scalars(query.order_by(Payout.made_at.desc(), Payout.id.desc()).limit(PAGE + 1)))


def find(session: Session, stripe_id: str) -> Payout:
    """Return a payout by its id at Stripe. Raises `NoSuchPayout`."""
    payout = session.scalar(select(Payout).where(Payout.stripe_id == stripe_id))
    if payout is None:
        raise NoSuchPayout
    return payout


def lines_of(session: Session, payout: Payout, after: int) -> list[PayoutLine]:
    """Return up to a page of the lines of `payout` behind the one of id `after`, and one more if there is one."""
    query = select(PayoutLine).where(PayoutLine.payout_id == payout.id, PayoutLine.id > after)
    return list(session.scalars(query.order_by(PayoutLine.id).limit(PAGE + 1)))


def totals_of(session: Session, payout: Payout) -> tuple[int, int, int]:
    """Return how many lines `payout` has, what they brought, and what the books hold for them, in minor units."""
    brought = func.coalesce(func.sum(PayoutLine.amount_minor - PayoutLine.fee_minor), 0)
    held = func.coalesce(func.sum(PayoutLine.explained_minor), 0)
    number, came, known = session.execute(
        select(func.count(), brought, held).where(PayoutLine.payout_id == payout.id)
    ).one()
    return number, int(came), int(known)


def differences_of(session: Session, payout: Payout) -> list[Difference]:
    """Return the lines of `payout` that should be looked at, with the reason, up to `MOST_DIFFERENCES`."""
    adjusted = select(LedgerEntry.id).where(
        LedgerEntry.kind == EntryKind.ADJUSTMENT, LedgerEntry.stripe_id == PayoutLine.balance_transaction_id
    )
    brought = PayoutLine.amount_minor - PayoutLine.fee_minor
    query = select(PayoutLine).where(
        PayoutLine.payout_id == payout.id, or_(brought != PayoutLine.explained_minor, adjusted.exists())
    )
    lines = list(session.scalars(query.order_by(PayoutLine.id).limit(MOST_DIFFERENCES)))
    entries = _entries_of(session, lines)
    found = (_compared(line, entries.get(line.id, [])) for line in lines)
    return [difference for difference in found if difference]


def look_again(session: Session, payout: Payout, now: datetime) -> None:
    """Have `payout` compared with the books once more, soon; asked twice, it is done once."""
    jobs.put_again(session, LOOK_AGAIN, {"payout": payout.stripe_id}, now, once=f"{LOOK_AGAIN}:{payout.stripe_id}")


def _entries_of(session: Session, lines: Sequence[PayoutLine]) -> dict[int, list[LedgerEntry]]:
    """Return the entries of each of `lines`, by its id."""
    by_movement = {line.balance_transaction_id: line for line in lines}
    by_source = {line.source_id: line for line in lines if line.source_id and line.type == "charge"}
    is_payment = and_(LedgerEntry.kind == EntryKind.PAYMENT, LedgerEntry.stripe_id.in_(by_source))
    query = select(LedgerEntry).where(or_(LedgerEntry.balance_transaction_id.in_(by_movement), is_payment))
    found: dict[int, list[LedgerEntry]] = {}
    for entry in session.scalars(query.order_by(LedgerEntry.id)):
        line = by_movement.get(entry.balance_transaction_id or "") or by_source.get(entry.stripe_id)
        if line:
            found.setdefault(line.id, []).append(entry)
    return found


def _compared(line: PayoutLine, entries: Sequence[LedgerEntry]) -> Difference | None:
    brought = line.amount_minor - line.fee_minor
    if brought == line.explained_minor:
        left = sum(_on(entry, Account.ADJUSTMENTS) for entry in entries if entry.kind == EntryKind.ADJUSTMENT)
        return Difference(line, Reason.FOREIGN, brought, brought) if left else None
    same = [entry for entry in entries if entry.currency == line.currency]
    if not same:
        return Difference(line, Reason.MISSING, 0, brought)
    fees = sum(_on(entry, Account.FEES) for entry in same if entry.kind in OF_FEES)
    if brought - line.explained_minor == fees - line.fee_minor:
        return Difference(line, Reason.FEE, fees, line.fee_minor)
    return Difference(line, Reason.AMOUNT, line.explained_minor, brought)


def _on(entry: LedgerEntry, account: Account) -> int:
    return entry.amount_minor * ((entry.debit == account) - (entry.credit == account))
