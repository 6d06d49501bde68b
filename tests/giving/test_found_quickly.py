"""What the desk, the worker and the watch ask often is answered from indexes, however many payments there are."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from patronage.books.month_sheet import Span
from patronage.foundation.database import Database
from patronage.giving.intake import unapplied
from patronage.giving.returning import reading
from patronage.home import metrics
from patronage.newsroom import overview
from patronage.people.people import SignedIn

GROWING = ("stripe_event", "job", "letter", "payment", "ledger_entry", "refund", "receipt", "payout_line", "person")
WHO_MAY_ALL = SignedIn(1, "olha@newsroom.example", frozenset({"editor", "bookkeeper", "admin"}))
ASKED: dict[str, Callable[[Session, datetime], Any]] = {
    "the numbers for the watch": metrics.numbers,
    "the desk's first page": lambda session, now: overview.overview(session, now, WHO_MAY_ALL),
    "what waits for money's keepers": lambda session, _now: reading.needs(session),
    "the payments of an address": lambda session, _now: reading.payments_like(session, "Ann@reader.example", None),
    "the payment of a receipt": lambda session, _now: reading.payments_like(session, "R-ABCD-EFGH", None),
    "what is not applied": lambda session, now: unapplied.look(session, Span(now, now)),
}


def _plans(session: Session, ask: Callable[[Session], Any]) -> list[str]:
    """Return the lines of the plans of all that is asked; on PostgreSQL as if reading a whole table were dear."""
    said: list[tuple[str, Any]] = []
    connection = session.connection()
    is_sqlite = connection.dialect.name == "sqlite"

    def keep(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if "ORDER BY stripe_event.id DESC" not in statement:  # the newest alone: it is the first that is read
            said.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", keep)
    try:
        ask(session)
    finally:
        event.remove(connection, "before_cursor_execute", keep)
    if not is_sqlite:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
    return [str(row[-1]) for words, held in said for row in connection.exec_driver_sql(explain + words, held)]


def _reads_whole(line: str, table: str) -> bool:
    if f"Seq Scan on {table}" in line or line == f"SEARCH {table}":  # the latter looks for the largest of all
        return True
    return line.startswith(f"SCAN {table}") and "INDEX" not in line


@pytest.mark.parametrize("question", ASKED)
def test_no_table_that_grows_is_read_whole(database: Database, now: datetime, question: str) -> None:
    with database.reading() as session:
        plans = _plans(session, lambda asked: ASKED[question](asked, now))
    assert plans
    assert [line for line in plans if any(_reads_whole(line, table) for table in GROWING)] == []
