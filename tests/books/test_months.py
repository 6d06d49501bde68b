"""Months of the books: closed one after the other, and nothing is booked into a closed one."""

import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.books import ledger, months
from patronage.books.ledger import Amount, Fact
from patronage.books.models import EntryKind, LedgerEntry
from patronage.foundation.database import Database
from patronage.foundation.refused import Refused

KYIV = ZoneInfo("Europe/Kyiv")
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
JANUARY, FEBRUARY = datetime(2026, 1, 20, tzinfo=UTC), datetime(2026, 2, 20, tzinfo=UTC)


def test_months_begin_in_the_newsrooms_zone() -> None:
    begins = months.begin_of("2026-03", KYIV)
    assert begins == datetime(2026, 2, 28, 22, tzinfo=UTC)
    assert months.month_of(begins, KYIV) == "2026-03"
    assert months.month_of(begins - timedelta(seconds=1), KYIV) == "2026-02"
    assert months.next_after("2026-12") == "2027-01"


def test_what_is_told_late_is_booked_in_the_first_open_month(database: Database) -> None:
    with database.transaction() as session:
        _enter(session, "po_1", JANUARY)
        months.close(session, "2026-01", KYIV, {"gross": 0}, None, NOW)
        _enter(session, "po_2", JANUARY)
        _enter(session, "po_3", FEBRUARY)
        booked = {entry.stripe_id: entry.booked_at for entry in session.scalars(select(LedgerEntry))}
    assert booked == {"po_1": JANUARY, "po_2": datetime(2026, 1, 31, 22, tzinfo=UTC), "po_3": FEBRUARY}


@pytest.mark.parametrize(
    ("month", "refusal"),
    [
        ("2026-03", months.MonthNotOver),
        ("2027-01", months.MonthNotOver),
        ("2026-02", months.EarlierMonthOpen),
        ("2025-12", months.ClosedAlready),
        ("2026-13", months.NotAMonth),
    ],
)
def test_a_month_is_closed_once_it_is_over_and_after_those_before_it(
    database: Database, month: str, refusal: type[Refused]
) -> None:
    with database.transaction() as session:
        _enter(session, "po_1", JANUARY - timedelta(days=31))
        months.close(session, "2025-12", KYIV, {}, None, NOW)
        with pytest.raises(refusal):
            months.close(session, month, KYIV, {}, None, NOW)
        assert months.close(session, "2026-01", KYIV, {}, None, NOW).ends_at == datetime(2026, 1, 31, 22, tzinfo=UTC)


def test_the_first_month_closed_is_the_one_with_the_first_entry(database: Database) -> None:
    with database.transaction() as session:
        _enter(session, "po_1", JANUARY)
        with pytest.raises(months.EarlierMonthOpen):
            months.close(session, "2026-02", KYIV, {}, None, NOW)


def _enter(session: Session, number: str, happened_at: datetime) -> None:
    ledger.post(session, Fact(EntryKind.PAYOUT, number, Amount(900, "EUR"), happened_at), NOW)


@pytest.mark.parametrize("is_locked", [False, True])
def test_no_month_is_closed_between_finding_an_entrys_month_and_writing_it(
    database: Database, monkeypatch: pytest.MonkeyPatch, is_locked: bool
) -> None:
    if not is_locked:
        monkeypatch.setattr(months, "_lock", lambda _session, *, shared: shared)
    closing = threading.Thread(target=_close_january, args=(database,))
    with database.transaction() as session:
        months.open_from(session, JANUARY)
        closing.start()
        closing.join(timeout=0.3)
        came_between = not closing.is_alive()
    closing.join()
    assert came_between is (not is_locked and not database.is_sqlite)  # SQLite's writers are serial anyway


def _close_january(database: Database) -> None:
    with database.transaction() as session:
        months.close(session, "2026-01", KYIV, {}, None, NOW)
