"""The journal: every entry of a span, oldest first, a portion at a time, so that a long one takes no more memory."""

import csv
import io
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from typing import IO, Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, tuple_

from patronage.books.models import LedgerEntry, Payment
from patronage.books.month_sheet import Span
from patronage.foundation.database import Database
from patronage.foundation.money import exponent
from patronage.foundation.sheets import MARK, amount, plain
from patronage.people.models import Person

PORTION = 2_000
SHEET_ROWS = 1_000_000  # a sheet of XLSX holds 1,048,576
COLUMNS = (
    "entry", "day", "kind", "debit", "credit", "amount", "currency", "payment", "stripe_id", "balance_transaction",
    "corrects", "entered_by", "entered_at", "note",
)  # fmt: skip


# A row of `lines`: an entry's columns, `reference` of its payment, `by`: the address of whoever made it by hand. An
# object for each of them would cost twice as much.
Line = Any


def lines(database: Database, span: Span) -> Iterator[Line]:
    """Yield the entries booked in `span`, oldest first; those entered meanwhile are left out.

    Each portion is a transaction of its own: nobody waits for whoever fetches the journal slowly.
    """
    with database.reading() as session:
        last = session.scalar(select(LedgerEntry.id).order_by(LedgerEntry.id.desc()).limit(1)) or 0
    query = (
        select(
            *LedgerEntry.__table__.c, Payment.reference, Person.email.label("by")
        )  # an object each costs twice as much
        .outerjoin(Payment, Payment.id == LedgerEntry.payment_id)
        .outerjoin(Person, Person.id == LedgerEntry.entered_by)
        .where(LedgerEntry.booked_at < span.ends, LedgerEntry.id <= last)
        .order_by(LedgerEntry.booked_at, LedgerEntry.id)
        .limit(PORTION)
    )
    portion = query if span.begins is None else query.where(LedgerEntry.booked_at >= span.begins)
    while True:
        with database.reading() as session:
            found = session.execute(portion).all()
        yield from found
        if len(found) < PORTION:
            return
        place = found[-1]
        behind = tuple_(LedgerEntry.booked_at, LedgerEntry.id) > tuple_(place.booked_at, place.id)
        portion = query.where(LedgerEntry.booked_at >= place.booked_at, behind)


def as_csv(database: Database, span: Span, zone: ZoneInfo) -> Iterator[str]:
    """Yield the journal of `span` as CSV, days and times as they are in `zone`."""
    written = io.StringIO()
    rows = csv.writer(written)
    written.write(MARK)
    rows.writerow(COLUMNS)
    for number, line in enumerate(lines(database, span), start=1):
        rows.writerow([*_cells(line, zone)])
        if number % PORTION == 0:
            yield _taken(written)
    yield _taken(written)


def as_xlsx(database: Database, span: Span, zone: ZoneInfo) -> IO[bytes]:
    """Return the journal of `span` as a temporary file in XLSX: texts as texts, amounts as numbers."""
    import xlsxwriter

    made = tempfile.TemporaryFile(prefix="patronage-journal-")  # noqa: SIM115 - whoever sends it closes it
    safe = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(made, safe)
    formats = {places: book.add_format({"num_format": "0" + "." * bool(places) + "0" * places}) for places in (0, 2, 3)}
    sheet: Any = None
    for number, line in enumerate(lines(database, span)):
        row = number % SHEET_ROWS + 1
        if row == 1:
            sheet = _headed(book)
        for column, cell in enumerate(_cells(line, zone)):
            if COLUMNS[column] == "amount":
                sheet.write_number(row, column, Decimal(cell), formats[exponent(line.currency)])
            else:
                sheet.write_string(row, column, cell)
    if sheet is None:
        _headed(book)
    book.close()
    made.seek(0)
    return made


def _headed(book: Any) -> Any:
    sheet = book.add_worksheet()
    for column, name in enumerate(COLUMNS):
        sheet.write_string(0, column, name)
    return sheet


def _cells(line: Line, zone: ZoneInfo) -> tuple[str, ...]:
    return (
        str(line.id), line.booked_at.astimezone(zone).strftime("%Y-%m-%d"), str(line.kind), str(line.debit),
        str(line.credit), amount(line.amount_minor, line.currency), line.currency, line.reference or "",
        plain(line.stripe_id), line.balance_transaction_id or "", str(line.corrects_id or ""), plain(line.by or ""),
        line.posted_at.astimezone(zone).isoformat(sep=" ", timespec="seconds"), plain(line.note or ""),
    )  # fmt: skip


def _taken(written: io.StringIO) -> str:
    text = written.getvalue()
    written.seek(0)
    written.truncate()
    return text
