"""The journal in the language of beancount (https://beancount.github.io/docs/beancount_language_syntax.html).

It begins with what stood on each account and ends with what stands on it then, so that `bean-check` proves the sums.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from patronage.books import journal, month_view
from patronage.books.journal import PORTION, Line
from patronage.books.models import Account
from patronage.books.month_sheet import Span
from patronage.foundation.database import Database
from patronage.foundation.sheets import amount

NAMES = {
    Account.STRIPE_BALANCE: "Assets:Stripe",
    Account.BANK: "Assets:Bank",
    Account.CASH: "Assets:Cash",
    Account.PAYPAL: "Assets:PayPal",
    Account.CRYPTO: "Assets:Crypto",
    Account.GIFTS: "Income:Gifts",
    Account.DISPUTES: "Income:Disputes",
    Account.FEES: "Expenses:Fees",
    Account.ADJUSTMENTS: "Equity:Adjustments",
    Account.EXCHANGE: "Equity:Exchange",
}
OPENING = "Equity:Opening-Balances"
Standing = Mapping[tuple[Account, str], int]  # minor units by account and currency


def written(database: Database, span: Span, zone: ZoneInfo) -> Iterator[str]:
    """Yield the journal of `span`, which has a beginning, days as they are in `zone`."""
    begins = span.begins or span.ends
    with database.reading() as session:
        standing = month_view.balances_at(session, begins)
    first, last = (moment.astimezone(zone).date() for moment in (begins, span.ends))
    yield _opened(first, standing)
    at_end = dict(standing)
    parts: list[str] = []
    for line in journal.lines(database, span):
        _move(at_end, line)
        parts.append(_transaction(line, zone))
        if len(parts) == PORTION:
            yield "".join(parts)
            parts.clear()
    yield "".join(parts) + _asserted(last, at_end)


def _opened(first: date, standing: Standing) -> str:
    before = first - timedelta(days=1)
    lines = [f"{before} open {name}" for name in (*NAMES.values(), OPENING)]
    for (account, currency), minor in sorted(standing.items()):
        carried = _postings(NAMES[account], OPENING, minor, currency)
        lines.append(f'\n{before} * "carried forward"\n{carried}')
    return "\n".join(lines) + "\n"


def _transaction(line: Line, zone: ZoneInfo) -> str:
    said = [("entry", str(line.id)), ("payment", line.reference), ("note", line.note),
            ("corrects", str(line.corrects_id or ""))]  # fmt: skip
    told = "".join(f"  {name}: {_quoted(value)}\n" for name, value in said if value)
    moved = _postings(NAMES[line.debit], NAMES[line.credit], line.amount_minor, line.currency)
    day = line.booked_at.astimezone(zone).date()
    return f"\n{day} * {_quoted(str(line.kind).replace('_', ' '))} {_quoted(line.stripe_id)}\n{told}{moved}\n"


def _postings(debit: str, credit: str, minor: int, currency: str) -> str:
    return f"  {debit}  {amount(minor, currency)} {currency}\n  {credit}  {amount(-minor, currency)} {currency}"


def _asserted(day: date, standing: Standing) -> str:
    lines = [
        f"{day} balance {NAMES[account]}  {amount(minor, currency)} {currency}"
        for (account, currency), minor in sorted(standing.items())
    ]
    return "\n" + "\n".join(lines) + "\n"


def _move(standing: dict[tuple[Account, str], int], line: Line) -> None:
    for account, minor in ((line.debit, line.amount_minor), (line.credit, -line.amount_minor)):
        place = (account, line.currency)
        standing[place] = standing.get(place, 0) + minor


def _quoted(text: str) -> str:
    bare = " ".join(text.replace("\\", "\\\\").replace('"', '\\"').split())
    return f'"{bare}"'
