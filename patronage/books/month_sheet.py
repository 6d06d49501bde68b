"""A month of the books as a sheet: groups of entries, the lines they make, sums of lines, balances before and after."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from patronage.books.models import Account, Channel, ClosedMonth, EntryKind


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
