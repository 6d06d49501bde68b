"""What a month of the books comes to: sums by kind and accounts, live or as a closed month froze them, and balances."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, literal, select, union_all
from sqlalchemy.orm import Session

from patronage.books import months
from patronage.books.models import Account, Channel, ClosedMonth, EntryKind, LedgerEntry, Payment

MONTHS = 12


class Line(StrEnum):
    """A line of the month view: what moved Stripe's balance, and what came past Stripe."""

    GROSS = "gross"
    REFUNDS = "refunds"
    REFUND_FAILURES = "refund_failures"
    DISPUTES = "disputes"
    REVERSALS = "reversals"
    FEES = "fees"
    DISPUTE_FEES = "dispute_fees"
    EXCHANGE = "exchange"
    ADJUSTMENTS = "adjustments"
    PAYOUTS = "payouts"
    PAYOUT_FAILURES = "payout_failures"
    MANUAL = "manual"


KINDS: dict[Line, tuple[EntryKind, ...]] = {
    Line.GROSS: (EntryKind.PAYMENT,),
    Line.REFUNDS: (EntryKind.REFUND,),
    Line.REFUND_FAILURES: (EntryKind.REFUND_FAILURE,),
    Line.DISPUTES: (EntryKind.DISPUTE,),
    Line.REVERSALS: (EntryKind.DISPUTE_REVERSAL,),
    Line.FEES: (EntryKind.FEE,),
    Line.DISPUTE_FEES: (EntryKind.DISPUTE_FEE,),
    Line.EXCHANGE: (EntryKind.EXCHANGE_OUT, EntryKind.EXCHANGE_IN),
    Line.ADJUSTMENTS: (EntryKind.ADJUSTMENT,),
    Line.PAYOUTS: (EntryKind.PAYOUT,),
    Line.PAYOUT_FAILURES: (EntryKind.PAYOUT_FAILURE,),
    Line.MANUAL: (EntryKind.MANUAL,),
}
LINE_OF = {kind: line for line, kinds in KINDS.items() for kind in kinds}
TO_BANK = (Line.PAYOUTS, Line.PAYOUT_FAILURES)
SUMS: dict[str, tuple[Line, ...]] = {  # of several lines, by the name that addresses carry
    "net": tuple(line for line in Line if line not in TO_BANK),
    "paid_out": TO_BANK,
    "given_back": (Line.REFUNDS, Line.REFUND_FAILURES),
    "disputed": (Line.DISPUTES, Line.REVERSALS, Line.DISPUTE_FEES),
}


@dataclass(frozen=True)
class Group:
    """The entries of one kind between the same accounts: `entries` of them, `total_minor` of `currency` together.

    `channel` tells how a gift came that was entered by hand; None for all else.
    """

    kind: EntryKind
    debit: Account
    credit: Account
    currency: str
    entries: int
    total_minor: int
    channel: Channel | None = None

    def on(self, account: Account) -> int:
        """What it brought to `account`, in minor units; below zero for what it took."""
        return self.total_minor * ((self.debit == account) - (self.credit == account))


@dataclass(frozen=True)
class Figure:
    """One number of the view: how many entries are behind it, and what they come to in minor units."""

    entries: int = 0
    minor: int = 0

    def __add__(self, other: "Figure") -> "Figure":
        return Figure(self.entries + other.entries, self.minor + other.minor)


NOTHING = Figure()


@dataclass(frozen=True)
class Span:
    """From `begins` (None: since ever) until before `ends`, in UTC."""

    begins: datetime | None
    ends: datetime


@dataclass(frozen=True)
class Sheet:
    """A month: its groups, and what Stripe held by currency as it began. `closed` is its row once it is locked."""

    month: str
    span: Span
    groups: tuple[Group, ...]
    opening: Mapping[str, int]
    closed: ClosedMonth | None = None
    _lines: dict[tuple[Line, str], Figure] = field(default_factory=dict, compare=False)

    @property
    def currencies(self) -> list[str]:
        """The currencies in which something moved or is held, by name."""
        held = {currency for currency, minor in self.opening.items() if minor}
        return sorted(held | {group.currency for group in self.groups})

    def line(self, line: Line, currency: str) -> Figure:
        """What `line` brought to Stripe's balance, in minor units of `currency`."""
        if not self._lines:
            for group in self.groups:
                if Account.STRIPE_BALANCE not in (group.debit, group.credit):
                    continue
                place = (LINE_OF[group.kind], group.currency)
                figure = Figure(group.entries, group.on(Account.STRIPE_BALANCE))
                self._lines[place] = self._lines.get(place, NOTHING) + figure
        return self._lines.get((line, currency), NOTHING)

    def sum(self, name: str, currency: str) -> Figure:
        """What the lines of one of `SUMS` brought to Stripe's balance; payouts are below zero as a rule."""
        return sum((self.line(line, currency) for line in SUMS[name]), NOTHING)

    def closing(self, currency: str) -> int:
        """What Stripe held as the month ended."""
        return self.opening.get(currency, 0) + sum(self.line(line, currency).minor for line in Line)

    def has(self, line: Line) -> bool:
        """Tell whether anything of `line` moved Stripe's balance, in any currency."""
        return any(self.line(line, currency).entries for currency in self.currencies)

    @property
    def has_manual(self) -> bool:
        """Tell whether anything was entered by hand."""
        return any(group.kind == EntryKind.MANUAL for group in self.groups)

    @property
    def channels(self) -> list[Channel]:
        """The ways past Stripe by which something was given."""
        used = {group.channel for group in self.groups}
        return [channel for channel in Channel if channel in used]

    def given(self, channel: Channel, currency: str) -> Figure:
        """What was given by `channel` past Stripe, less what was taken out of the books again."""
        given = (
            Figure(group.entries, -group.on(Account.GIFTS))
            for group in self.groups
            if group.channel == channel and group.currency == currency
        )
        return sum(given, NOTHING)

    def corrections(self, currency: str) -> Figure:
        """What was put on other accounts by hand: how often, and how much was moved in all."""
        moved = (
            Figure(group.entries, group.total_minor)
            for group in self.groups
            if group.kind == EntryKind.MANUAL and not group.channel and group.currency == currency
        )
        return sum(moved, NOTHING)


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
