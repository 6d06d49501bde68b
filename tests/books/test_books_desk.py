"""The bookkeeper's desk over HTTP: a month closed, a payout looked at, an entry corrected, the journal fetched."""

from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from patronage.books import payout_view
from patronage.books.models import ClosedMonth, EntryKind, LedgerEntry
from patronage.books.payout_view import Reason
from patronage.foundation.database import Database
from patronage.foundation.jobs import Job
from patronage.people import staff
from patronage.people.models import AuditEntry
from tests.ballots.polls import statements
from tests.books.accounts import Accounts
from tests.fixtures.app import Browsers, SignIn
from tests.giving.supporting import words

HEADERS = {"Origin": "https://support.example.org"}
JANUARY = datetime(2026, 1, 20, 12, tzinfo=UTC)
PAGES = (
    "/desk/books", "/desk/books/entries?month=2026-01", "/desk/books/payouts",
    "/desk/books/payouts/po_1", "/desk/books/journal", "/desk/books/months/2026-01/close",
)  # fmt: skip

Desk = tuple[FlaskClient, str]


@pytest.fixture
def books(database: Database) -> None:
    """January: two charges of ours and one of a shop, of which the payout differs by a fee."""
    with database.transaction() as session:
        accounts = Accounts(session, JANUARY)
        accounts.payment()
        lines = (
            accounts.movement("txn_ch_1", 500, 50, source_id="ch_1"),
            accounts.movement("txn_shop", 2_000, 60, source_id="ch_of_the_shop"),
        )
        accounts.payout("po_1", 2_390, *lines)


@pytest.mark.usefixtures("books")
def test_every_page_asks_few_questions_and_only_keepers_of_money_see_it(
    desk: Desk, browsers: Browsers, signed_in: SignIn, database: Database, now: datetime
) -> None:
    browser, _token = desk
    with database.transaction() as session:
        editor = staff.grant(session, "editor@newsroom.example", "editor", now)
    other = browsers()
    signed_in(other, editor)
    with database.reading() as session:
        entry = session.query(LedgerEntry.id).first()
    for page in (*PAGES, f"/desk/books/entries/{entry[0] if entry else 0}"):
        browser.get(page)
        with statements(database) as seen:
            assert browser.get(page).status_code == 200
        assert len(seen) <= 6, (page, seen)
        assert other.get(page).status_code == 403


@pytest.mark.usefixtures("books")
def test_a_month_is_closed_after_looking_at_what_is_open(desk: Desk, database: Database, now: datetime) -> None:
    browser, token = desk
    here = "/desk/books/months/2026-01/close"
    shown = words(browser.get(here))
    assert "1 payout is not explained yet." in shown
    assert "All that Stripe told is applied." in shown
    form = {"csrf_token": token}
    assert browser.post(here, data=form, headers=HEADERS).status_code == 409
    assert browser.post(here, data={**form, "nevertheless": "y"}, headers=HEADERS).status_code == 303
    assert "its figures stay as they were" in words(browser.get("/desk/books?month=2026-01"))
    assert browser.post(here, data={**form, "nevertheless": "y"}, headers=HEADERS).status_code == 409
    with database.transaction() as session:
        assert session.query(ClosedMonth.month).all() == [("2026-01",)]
        assert session.query(AuditEntry).filter_by(deed="month closed").one().subject == "2026-01"
        Accounts(session, JANUARY).payment("ch_late", 900, 0)
    assert "9.00" not in browser.get("/desk/books/entries?month=2026-01&kind=gross").text
    assert "9.00" in browser.get("/desk/books/entries?month=2026-02&kind=gross").text


@pytest.mark.usefixtures("books")
def test_a_payout_says_in_words_what_differs_and_is_compared_again_when_asked(desk: Desk, database: Database) -> None:
    browser, token = desk
    shown = words(browser.get("/desk/books/payouts/po_1"))
    assert "The fee of charge ch_1 differs: Stripe says 0.50, the books say 0.45." in shown
    assert "Charge ch_of_the_shop is none of the gifts we know" in shown
    assert "Differs by −0.05 EUR" in words(browser.get("/desk/books/payouts?open=1"))
    for _ in range(2):
        answer = browser.post("/desk/books/payouts/po_1/again", data={"csrf_token": token}, headers=HEADERS)
        assert answer.status_code == 303
    with database.reading() as session:
        job = session.query(Job).filter_by(kind=payout_view.LOOK_AGAIN).one()
    assert job.data == {"payout": "po_1"}
    assert browser.get("/desk/books/payouts/po_none").status_code == 404


def test_another_amount_than_stripes_is_called_so(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        accounts = Accounts(session, now)
        accounts.payment("ch_1", 500, 45)
        payout = accounts.payout("po_1", 555, accounts.movement("txn_ch_1", 600, 45, source_id="ch_1"))
        found = [(each.reason, each.ours, each.theirs) for each in payout_view.differences_of(session, payout)]
    assert found == [(Reason.AMOUNT, 455, 555)]


@pytest.mark.usefixtures("books")
def test_an_entry_is_corrected_with_a_reason(desk: Desk, database: Database) -> None:
    browser, token = desk
    with database.reading() as session:
        wrong = session.query(LedgerEntry).filter_by(kind=EntryKind.ADJUSTMENT).one()
    here = f"/desk/books/entries/{wrong.id}"
    form = {"csrf_token": token, "belongs_to": "gifts"}
    assert browser.post(here, data=form, headers=HEADERS).status_code == 422
    for nowhere in ("adjustments", "nonsense", ""):
        told = {**form, "belongs_to": nowhere, "why": "it was a gift"}
        assert browser.post(here, data=told, headers=HEADERS).status_code == 422
    answer = browser.post(here, data={**form, "why": "it was a gift"}, headers=HEADERS)
    assert answer.status_code == 303
    assert "it was a gift" in browser.get(answer.headers["Location"]).text
    assert "corrects this entry" in browser.get(here).text
    assert "Enter the correction" not in browser.get(here).text
    assert browser.post(here, data={**form, "why": "again"}, headers=HEADERS).status_code == 409


@pytest.mark.usefixtures("books")
@pytest.mark.parametrize(
    ("form", "begins"), [("csv", b"\xef\xbb\xbfentry"), ("xlsx", b"PK"), ("beancount", b"2025-12")]
)
def test_the_journal_is_fetched_in_three_forms(desk: Desk, form: str, begins: bytes) -> None:
    browser, _token = desk
    span = "begins=2026-01-01&ends=2026-01-31"
    answer = browser.get(f"/desk/books/journal/fetch?{span}&format={form}")
    assert answer.data.startswith(begins)
    assert f"journal-2026-01-01-2026-01-31.{form}" in answer.headers["Content-Disposition"]
    answer.close()


IMPOSSIBLE = (
    ("2026-02-01", "2026-01-01"), ("0001-01-01", "2026-01-01"), ("2026-01-01", "9999-12-31"), ("", ""), ("x", "x"),
)  # fmt: skip


@pytest.mark.parametrize("span", IMPOSSIBLE)
def test_an_impossible_span_is_refused_in_words(desk: Desk, span: tuple[str, str]) -> None:
    browser, _token = desk
    answer = browser.get("/desk/books/journal/fetch", query_string={"begins": span[0], "ends": span[1]})
    assert answer.status_code == 422
    assert "error-summary" in answer.text


@pytest.mark.parametrize("month", ["x", "1e3", "2026-13", "-1", "٢٠٢٦-٠١"])
def test_what_is_no_month_is_not_to_be_closed(desk: Desk, month: str) -> None:
    browser, _token = desk
    assert browser.get(f"/desk/books/months/{month}/close").status_code == 422
