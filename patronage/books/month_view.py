"""What a month of the books comes to: sums by kind and accounts, live or as a closed month froze them, and balances."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, literal, select, union_all
from sqlalchemy.orm import Session

from patronage.books import months
from patronage.books.models import Account, Channel, ClosedMonth, EntryKind, LedgerEntry, Payment
from patronage.books.month_sheet import Group, Sheet, Span

MONTHS = 12


def through(session: Session, month: str, zone: ZoneInfo, number: int = MONTHS) -> list[Sheet]:
    """Return `number` months up to `month` ("2026-11"), oldest first, in three questions. Raises `NotAMonth`.

    Closed months say what was frozen, and carry what Stripe held then; only what came after them is added up.
    """
    names = _names_until(month, number)
    known = _closed(session, month, number + 1)
    spans = _spans(names, known, zone)
    before = [closed for closed in known.values() if closed.month < names[0]]
    opening = _balance_of(before[0]) if before else {}
    carried = Span(before[0].ends_at if before else None, spans[names[0]].begins or spans[names[0]].ends)
    live = {name: spans[name] for name in names if name not in known}
    if names[0] not in known:
        live[""] = carried
    sums = _sums(session, live)
    opening = _add(opening, sums.get("", ()))
    sheets = []
    for name in names:
        groups = _frozen_groups(known[name]) if name in known else sums[name]
        sheet = Sheet(name, spans[name], tuple(groups), opening, known.get(name))
        opening = {currency: sheet.closing(currency) for currency in sheet.currencies}
        sheets.append(sheet)
    return sheets


def of(session: Session, month: str, zone: ZoneInfo) -> Sheet:
    """Return one month. Raises `NotAMonth`."""
    return through(session, month, zone, 1)[0]


def added_up(session: Session, month: str, zone: ZoneInfo) -> Sheet:
    """Return one month from its entries, though it may be closed. Raises `NotAMonth`."""
    known = _closed(session, month, 2)
    closed = known.pop(month, None)
    spans = _spans([month], {**known, **({month: closed} if closed else {})}, zone)
    before = next(iter(known.values()), None)
    span = spans[month]
    sums = _sums(session, {"": Span(before.ends_at if before else None, span.begins or span.ends), month: span})
    return Sheet(month, span, tuple(sums[month]), _add(_balance_of(before) if before else {}, sums[""]), closed)


def span_of(session: Session, month: str, zone: ZoneInfo) -> Span:
    """Return from when to when entries count in `month`. Raises `NotAMonth`."""
    return _spans([month], _closed(session, month, 2), zone)[month]


def frozen(sheet: Sheet) -> dict[str, Any]:
    """Return `sheet` as a closed month keeps it; see `ClosedMonth.figures`."""
    groups = [
        [group.kind, group.debit, group.credit, group.currency, group.entries, group.total_minor, group.channel]
        for group in sheet.groups
    ]
    return {"groups": groups, "balance": {currency: sheet.closing(currency) for currency in sheet.currencies}}


@dataclass(frozen=True)
class Bounds:
    """The month of the first entry (the current one while there is none), the one that runs, the last closed one."""

    first: str
    current: str
    last_closed: str | None

    @property
    def next_to_close(self) -> str | None:
        """The month that may be closed now: the first open one, if it is over."""
        candidate = months.next_after(self.last_closed) if self.last_closed else self.first
        return candidate if candidate < self.current else None


def bounds(session: Session, zone: ZoneInfo, now: datetime) -> Bounds:
    """Return between which months the books lie, in one question."""
    current = months.month_of(now, zone)
    begun = select(func.min(LedgerEntry.booked_at)).scalar_subquery()
    closed = select(func.max(ClosedMonth.month)).scalar_subquery()
    first, last_closed = session.execute(select(begun, closed)).one()
    return Bounds(min(months.month_of(first, zone) if first else current, current), current, last_closed)


def balances_at(session: Session, moment: datetime) -> dict[tuple[Account, str], int]:
    """Return what stood on each account by currency just before `moment`, in minor units."""
    found: dict[tuple[Account, str], int] = {}
    for group in _sums(session, {"": Span(None, moment)})[""]:
        for account in (group.debit, group.credit):
            place = (account, group.currency)
            found[place] = found.get(place, 0) + group.on(account)
    return {place: minor for place, minor in found.items() if minor}


def changed_since_closed(session: Session) -> list[str]:
    """Return the closed months whose entries do not come to what was frozen; there are none while all is well."""
    known = {closed.month: closed for closed in session.scalars(select(ClosedMonth).order_by(ClosedMonth.month))}
    spans: dict[str, Span] = {}
    begins: datetime | None = None
    for closed in known.values():
        spans[closed.month], begins = Span(begins, closed.ends_at), closed.ends_at
    live = _sums(session, spans)
    return [month for month, closed in known.items() if _sorted(live[month]) != _sorted(_frozen_groups(closed))]


def _names_until(month: str, number: int) -> list[str]:
    if not months.MONTH.fullmatch(month):
        raise months.NotAMonth
    last = int(month[:4]) * 12 + int(month[5:]) - 1
    return [f"{each // 12:04d}-{each % 12 + 1:02d}" for each in range(max(last - number + 1, 12), last + 1)]


def _closed(session: Session, month: str, most: int) -> dict[str, ClosedMonth]:
    """Return the last closed months up to `month`, newest first."""
    query = select(ClosedMonth).where(ClosedMonth.month <= month).order_by(ClosedMonth.month.desc()).limit(most)
    return {closed.month: closed for closed in session.scalars(query)}


def _spans(names: Sequence[str], known: Mapping[str, ClosedMonth], zone: ZoneInfo) -> dict[str, Span]:
    """Return the span of each month: where a closed one ends the next begins, even if the zone has changed since."""
    ends = {name: known[name].ends_at if name in known else None for name in known}
    spans = {}
    for name in names:
        begins = next((ends[each] for each in known if months.next_after(each) == name), None)
        after = months.next_after(name)
        spans[name] = Span(begins or months.begin_of(name, zone), ends.get(name) or months.begin_of(after, zone))
    return spans


def _frozen_groups(closed: ClosedMonth) -> list[Group]:
    return [
        Group(EntryKind(kind), Account(debit), Account(credit), currency, entries, total, channel and Channel(channel))
        for kind, debit, credit, currency, entries, total, channel in closed.figures.get("groups", [])
    ]


def _balance_of(closed: ClosedMonth) -> dict[str, int]:
    return dict(closed.figures.get("balance", {}))


def _add(opening: Mapping[str, int], groups: Iterable[Group]) -> dict[str, int]:
    held = dict(opening)
    for group in groups:
        held[group.currency] = held.get(group.currency, 0) + group.on(Account.STRIPE_BALANCE)
    return held


def _sums(session: Session, spans: Mapping[str, Span]) -> dict[str, list[Group]]:
    """Add up the entries of each of `spans`; entries made by hand are asked for alone, with how their gift came."""
    found: dict[str, list[Group]] = {name: [] for name in spans}
    if not spans:
        return found
    columns = (LedgerEntry.kind, LedgerEntry.debit, LedgerEntry.credit, LedgerEntry.currency)
    totals = (func.count(), func.sum(LedgerEntry.amount_minor))
    told = [
        select(literal(name), *columns, *totals)
        .where(_within(span), LedgerEntry.kind != EntryKind.MANUAL)
        .group_by(*columns)
        for name, span in spans.items()
    ]
    for name, kind, debit, credit, currency, entries, total in session.execute(union_all(*told)):
        found[name].append(Group(kind, debit, credit, currency, entries, int(total)))
    by_hand = [
        select(literal(name), *columns, *totals, Payment.channel)
        .outerjoin(Payment, and_(Payment.id == LedgerEntry.payment_id, Payment.channel != Channel.STRIPE))
        .where(_within(span), LedgerEntry.kind == EntryKind.MANUAL)
        .group_by(*columns, Payment.channel)
        for name, span in spans.items()
    ]
    for name, kind, debit, credit, currency, entries, total, channel in session.execute(union_all(*by_hand)):
        found[name].append(Group(kind, debit, credit, currency, entries, int(total), channel))
    return found


def _within(span: Span) -> Any:
    until = LedgerEntry.booked_at < span.ends
    return until if span.begins is None else and_(LedgerEntry.booked_at >= span.begins, until)


def _sorted(groups: Iterable[Group]) -> list[tuple[str, ...]]:
    return sorted(tuple(map(str, vars(group).values())) for group in groups)
