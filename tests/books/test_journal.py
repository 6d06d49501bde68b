"""The journal: every entry once, in all forms; no cell is a formula; beancount's own sums hold."""

import csv
import io
import re
import zipfile
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from patronage.books import beancount, journal, ledger
from patronage.books.ledger import Amount, Fact, Word
from patronage.books.models import EntryKind, LedgerEntry
from patronage.books.month_sheet import Span
from patronage.foundation.database import Database
from tests.books.accounts import Accounts

KYIV = ZoneInfo("Europe/Kyiv")
JANUARY = datetime(2026, 1, 20, 12, tzinfo=UTC)
MARCH = Span(datetime(2026, 2, 28, 22, tzinfo=UTC), datetime(2026, 3, 31, 21, tzinfo=UTC))
EVER = Span(None, MARCH.ends)
POSTING = re.compile(r"^  ([A-Z][\w:-]+)  (-?[\d.]+) ([A-Z]{3})$", re.MULTILINE)
FORMULA = '=HYPERLINK("https://evil.example")'


def _furnish(session: Session, now: datetime) -> None:
    Accounts(session, JANUARY).payment("ch_0", 10_000, 300)
    accounts = Accounts(session, now)
    payment = accounts.payment()
    accounts.refund(payment, "re_1", 100)
    accounts.payment("ch_yen", 500, 20, paid_in="JPY", settled=300)
    fact = Fact(EntryKind.ADJUSTMENT, "txn_odd", Amount(700, "EUR"), now, None, "txn_odd")
    ledger.post(session, fact, now, Word(note=FORMULA))


def _rows(database: Database, span: Span) -> list[dict[str, str]]:
    text = "".join(journal.as_csv(database, span, KYIV))
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_the_csv_holds_every_entry_of_the_span_once(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        _furnish(session, now)
        ever, march = (session.query(LedgerEntry).filter(condition).count() for condition in (
            LedgerEntry.booked_at < EVER.ends, LedgerEntry.booked_at >= MARCH.begins))  # fmt: skip
    assert len(_rows(database, EVER)) == ever > march == len(_rows(database, MARCH))
    row = next(each for each in _rows(database, MARCH) if each["stripe_id"] == "ch_yen")
    assert (row["day"], row["kind"], row["debit"], row["credit"]) == (
        "2026-03-02",
        "payment",
        "stripe balance",
        "gifts",
    )
    assert (row["amount"], row["currency"], row["entered_at"]) == ("500", "JPY", "2026-03-02 14:00:00+02:00")


def test_portions_follow_one_another_without_gap(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "PORTION", 2)
    with database.transaction() as session:
        _furnish(session, now)
        numbers = [str(entry.id) for entry in session.query(LedgerEntry)]
    assert sorted(row["entry"] for row in _rows(database, EVER)) == sorted(numbers)


def test_no_cell_is_a_formula(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        _furnish(session, now)
    assert [row["note"] for row in _rows(database, MARCH) if row["note"]] == [f"'{FORMULA}"]
    with journal.as_xlsx(database, MARCH, KYIV) as made, zipfile.ZipFile(made) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "HYPERLINK" in sheet
    assert sheet.count("<row ") == len(_rows(database, MARCH)) + 1
    assert "<v>500</v>" in sheet


def test_a_span_without_entries_is_a_head_alone(database: Database) -> None:
    assert _rows(database, MARCH) == []
    with journal.as_xlsx(database, MARCH, KYIV) as made, zipfile.ZipFile(made) as book:
        assert book.read("xl/worksheets/sheet1.xml").count(b"<row ") == 1


def test_what_beancount_reads_balances_and_ends_with_what_stands_on_each_account(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        _furnish(session, now)
    text = "".join(beancount.written(database, MARCH, KYIV))
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for transaction in re.split(r"\n\n+", text):
        moved: dict[str, Decimal] = defaultdict(Decimal)
        for account, amount, currency in POSTING.findall(transaction):
            moved[currency] += Decimal(amount)
            sums[account, currency] += Decimal(amount)
        assert not any(moved.values()), transaction
    asserted = re.findall(r"^2026-04-01 balance ([\w:-]+)  (-?[\d.]+) ([A-Z]{3})$", text, re.MULTILINE)
    assert {(account, currency): Decimal(amount) for account, amount, currency in asserted} == {
        place: amount for place, amount in sums.items() if place[0] != beancount.OPENING
    }
    assert '2026-02-28 * "carried forward"' in text
    assert 'note: "=HYPERLINK(\\"https://evil.example\\")"' in text
