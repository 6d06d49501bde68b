"""A million payments in the books: filled in here, added up and exported by a process of its own that tells its memory.

Run as a program (`python -m bench.books view URL ROUNDS`, or `export`) it is that process.
"""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import text

from bench.ballots import peak
from bench.databases import settle
from bench.serving import ROOT, environment
from patronage.books import journal, month_sheet, month_view, months
from patronage.foundation.database import Database

FIRST, LAST = datetime(2021, 1, 1, tzinfo=UTC), datetime(2025, 12, 31, 21, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Kyiv")
LAST_MONTH = "2025-12"
PAYMENT = "id, reference, channel, charge_id, amount_minor, currency, refunded_minor, disputed, paid_at"
ENTRY = "kind, stripe_id, payment_id, debit, credit, amount_minor, currency, posted_at, booked_at"
HELD = "stripe balance"
RAW = """SELECT kind, debit, credit, currency, count(*), sum(amount_minor) FROM ledger_entry
GROUP BY kind, debit, credit, currency"""
REFUNDED, PAID_OUT = 50, 500  # every so many payments

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Kept:
    """What the books took; seconds, medians; memory in bytes."""

    payments: int
    raw: float
    closed: float
    open: float
    exported: float
    memory_before: int
    memory: int
    agrees: bool


def fill(url: str, payments: int) -> None:
    """Write so many payments of five years with their fees, refunds and payouts to the database at `url`."""
    database = Database(url)
    raw = database.engine.raw_connection()
    if isinstance(raw.driver_connection, sqlite3.Connection):
        raw.driver_connection.execute("BEGIN IMMEDIATE")
    _put(raw.driver_connection, "payment", PAYMENT, _payments(payments))
    _put(raw.driver_connection, "ledger_entry", ENTRY, _entries(payments))
    raw.commit()
    raw.close()
    settle(database)
    database.close()


def kept(url: str, payments: int, rounds: int) -> Kept:
    """Have the books at `url` added up and exported by processes of their own; return what they told."""
    exported = _told_by("export", url, 1)
    return Kept(payments=payments, **_told_by("view", url, rounds), **exported)


def _moments(payments: int) -> Iterator[str]:
    step = (LAST - FIRST) / payments
    return ((FIRST + step * number).strftime("%Y-%m-%d %H:%M:%S.%f") for number in range(payments))


def _payments(number: int) -> Iterator[Row]:
    for n, at in enumerate(_moments(number), start=1):
        refunded = 100 if n % REFUNDED == 0 else 0
        yield n, f"R-{n}", "stripe", f"ch_{n}", 500, "EUR", refunded, False, at


def _entries(number: int) -> Iterator[Row]:
    for n, at in enumerate(_moments(number), start=1):
        yield "payment", f"ch_{n}", n, HELD, "gifts", 500, "EUR", at, at
        yield "fee", f"txn_{n}", n, "fees", HELD, 38, "EUR", at, at
        if n % REFUNDED == 0:
            yield "refund", f"re_{n}", n, "gifts", HELD, 100, "EUR", at, at
        if n % PAID_OUT == 0:
            yield "payout", f"po_{n}", None, "bank", HELD, 462 * PAID_OUT - 1000, "EUR", at, at


def _put(connection: Any, table: str, columns: str, rows: Iterator[Row]) -> None:
    if isinstance(connection, sqlite3.Connection):
        marks = ", ".join("?" for _ in columns.split(","))
        connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)
        return
    assert isinstance(connection, psycopg.Connection)
    with connection.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as copying:
        for row in rows:
            copying.write_row(row)


def _told_by(deed: str, url: str, rounds: int) -> Any:
    command = [sys.executable, "-m", "bench.books", deed, url, str(rounds)]
    done = subprocess.run(command, cwd=ROOT, env=environment({}), check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def view(database: Database, rounds: int) -> dict[str, Any]:
    """Add up by one bare GROUP BY and by the month view in turn, with no month closed; then with all but the last."""
    turns = [(_seconds(lambda: _raw(database)), _seconds(lambda: _year(database))) for _ in range(rounds)]
    agrees = _agrees(database)
    _close_all(database)
    closed = [_seconds(lambda: _year(database)) for _ in range(rounds)]
    raw, open_ = [each for each, _ in turns], [each for _, each in turns]
    return {"raw": median(raw), "open": median(open_), "closed": median(closed), "agrees": agrees}


def export(database: Database, _rounds: int) -> dict[str, Any]:
    """Write the whole journal as CSV to nowhere; return how long it took, and how much memory at most."""
    before = peak()
    span = month_sheet.Span(FIRST, LAST)
    took = _seconds(lambda: sum(len(part) for part in journal.as_csv(database, span, ZONE)))
    return {"exported": took, "memory_before": before, "memory": peak()}


def _seconds(deed: Callable[[], object]) -> float:
    began = perf_counter()
    deed()
    return perf_counter() - began


def _raw(database: Database) -> list[Row]:
    with database.reading() as session:
        return [tuple(row) for row in session.execute(text(RAW))]


def _year(database: Database) -> list[month_sheet.Sheet]:
    with database.reading() as session:
        return month_view.through(session, LAST_MONTH, ZONE)


def _agrees(database: Database) -> bool:
    """Tell whether what Stripe holds at the end is what the bare sums come to."""
    held: int = sum(int(row[5]) * ((row[1] == HELD) - (row[2] == HELD)) for row in _raw(database))
    closing: int = _year(database)[-1].closing("EUR")
    return closing == held


def _close_all(database: Database) -> None:
    month, now = months.month_of(FIRST, ZONE), LAST + timedelta(days=1)
    while month < LAST_MONTH:
        with database.transaction() as session:
            figures = month_view.frozen(month_view.of(session, month, ZONE))
            months.close(session, month, ZONE, figures, None, now)
        month = months.next_after(month)


if __name__ == "__main__":
    asked = Database(sys.argv[2])
    print(json.dumps({"view": view, "export": export}[sys.argv[1]](asked, int(sys.argv[3]))))
    asked.close()
