"""The rows behind every number of the books: entries of a month, a line, a currency; with what corrects them."""

from dataclasses import dataclass, fields
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from patronage.books import month_view
from patronage.books.models import Account, Channel, EntryKind, LedgerEntry, Payment
from patronage.books.month_sheet import KINDS, SUMS, Line
from patronage.foundation.refused import Refused, Why

PAGE = 50
GIFTS, CORRECTIONS = "gifts", "corrections"  # what was entered by hand


class NoSuchEntry(Refused):
    """There is no entry of this number."""

    why = Why.NOT_FOUND
    reason = _l("There is no such entry in the ledger.")


@dataclass(frozen=True)
class Wanted:
    """Which entries are wanted; what is empty does not matter. `kind` is a `Line`, a sum of them, or a word above.

    `movement` is the id of a balance transaction of Stripe, `source` of the charge it belongs to.
    """

    month: str = ""
    currency: str = ""
    kind: str = ""
    channel: str = ""
    movement: str = ""
    source: str = ""

    def asked(self) -> dict[str, str]:
        """Return what an address says of it."""
        return {each.name: getattr(self, each.name) for each in fields(self) if getattr(self, each.name)}


@dataclass(frozen=True)
class Shown:
    """An entry with the reference and the channel of its payment, if it has one, and the ids of what corrects it."""

    entry: LedgerEntry
    reference: str | None
    channel: Channel | None
    corrected_by: int | None


def page_of(session: Session, wanted: Wanted, before: int | None, zone: ZoneInfo) -> list[Shown]:
    """Return up to a page of the entries, and one more if there is one, newest first. Raises `NotAMonth`.

    `before` is the id of the last entry of the page before.
    """
    query = _with_its_payment().where(*_conditions(session, wanted, zone))
    if before is not None:
        place = select(LedgerEntry.booked_at, LedgerEntry.id).where(LedgerEntry.id == before).subquery()
        query = query.where(
            tuple_(LedgerEntry.booked_at, LedgerEntry.id) < select(place.c.booked_at, place.c.id).scalar_subquery()
        )
    rows = session.execute(query.order_by(LedgerEntry.booked_at.desc(), LedgerEntry.id.desc()).limit(PAGE + 1))
    return [Shown(*row) for row in rows]


def find(session: Session, entry_id: int) -> Shown:
    """Return one entry. Raises `NoSuchEntry`."""
    row = session.execute(_with_its_payment().where(LedgerEntry.id == entry_id)).first()
    if row is None:
        raise NoSuchEntry
    return Shown(*row)


def corrections_of(session: Session, entry: LedgerEntry) -> list[LedgerEntry]:
    """Return the entry that `entry` corrects, and those that correct it, in the order in which they were entered."""
    around = or_(LedgerEntry.corrects_id == entry.id, LedgerEntry.id == entry.corrects_id)
    return list(session.scalars(select(LedgerEntry).where(around).order_by(LedgerEntry.id)))


def _with_its_payment() -> Any:
    correcting = aliased(LedgerEntry)
    by = select(correcting.id).where(correcting.corrects_id == LedgerEntry.id).order_by(correcting.id).limit(1)
    columns = (LedgerEntry, Payment.reference, Payment.channel, by.scalar_subquery())
    return select(*columns).outerjoin(Payment, Payment.id == LedgerEntry.payment_id)


def _conditions(session: Session, wanted: Wanted, zone: ZoneInfo) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.month:
        span = month_view.span_of(session, wanted.month, zone)
        conditions += [LedgerEntry.booked_at >= span.begins, LedgerEntry.booked_at < span.ends]
    if wanted.currency:
        conditions.append(LedgerEntry.currency == wanted.currency)
    if wanted.kind:
        conditions.append(_of_kind(wanted.kind))
    if wanted.channel in set(Channel):
        conditions.append(Payment.channel == Channel(wanted.channel))
    if wanted.movement:
        is_payment = and_(LedgerEntry.kind == EntryKind.PAYMENT, LedgerEntry.stripe_id == wanted.source)
        conditions.append(or_(LedgerEntry.balance_transaction_id == wanted.movement, is_payment))
    return conditions


def _of_kind(kind: str) -> ColumnElement[bool]:
    is_gift = Payment.channel != Channel.STRIPE
    if kind == GIFTS:
        return and_(LedgerEntry.kind == EntryKind.MANUAL, is_gift)
    if kind == CORRECTIONS:
        return and_(LedgerEntry.kind == EntryKind.MANUAL, or_(Payment.id.is_(None), ~is_gift))
    lines = SUMS.get(kind) or ((Line(kind),) if kind in set(Line) else ())
    wanted = [each for line in lines for each in KINDS[line]]
    at_stripe = or_(LedgerEntry.debit == Account.STRIPE_BALANCE, LedgerEntry.credit == Account.STRIPE_BALANCE)
    return and_(LedgerEntry.kind.in_(wanted), at_stripe)
