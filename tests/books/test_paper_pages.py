"""The pages of papers: a patron's own and nobody else's, as page and as PDF, and the bookkeeper's desk."""

import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from patronage.app import templates
from patronage.books.papers import desk as papers_desk
from patronage.books.papers import pdf, receipts, wording
from patronage.books.papers.documents import Document, Table
from patronage.books.papers.models import Receipt
from patronage.books.papers.wording import Sentence
from patronage.foundation.database import Database
from patronage.foundation.jobs import Job
from patronage.people.models import Person
from tests.books.donors import KYIV, contested, donor, given_back, paid, receipted
from tests.giving.supporting import words

HEADERS = {"Origin": "https://support.example.org"}


def _given(database: Database, person: Person, now: datetime) -> str:
    """Return the reference of a payment of ten euros, two of which went back."""
    with database.transaction() as session:
        payment = receipted(session, person, now, amount=1000)
        given_back(session, payment, 200, now)
        receipts.follow(session, "ch_1", KYIV, now)
        return payment.reference


def test_a_donor_reads_their_receipt_and_the_note_on_it(
    database: Database, vira: Person, her_browser: tuple[FlaskClient, str], now: datetime
) -> None:
    browser, _token = her_browser
    reference = _given(database, vira, now)
    page = browser.get(f"/account/receipts/{reference}")
    said = words(page)
    assert "Donation receipt" in said
    assert "Number 2026-000001" in said
    assert "Given back €2, credit note 2026-000002" in said
    assert "Віра Їжакевич" in said
    note = re.findall(r"/account/receipts/(N-[\w-]+)", page.text)[0]
    assert "This note corrects receipt 2026-000001" in words(browser.get(f"/account/receipts/{note}"))
    assert f"/account/receipts/{reference}" in browser.get("/account").text


def test_what_a_bank_took_back_is_said_as_that(
    database: Database, vira: Person, her_browser: tuple[FlaskClient, str], now: datetime
) -> None:
    browser, _token = her_browser
    with database.transaction() as session:
        payment = receipted(session, vira, now)
        contested(session, payment, "lost", now)
        receipts.follow(session, "ch_1", KYIV, now)
        _receipt, note = receipts.of_payment(session, payment.id)
    assert "Given back €5, credit note 2026-000002" in words(browser.get(f"/account/receipts/{payment.reference}"))
    said = words(browser.get(f"/account/receipts/{note.reference}"))
    assert "Given back to" in said
    assert "This note corrects receipt 2026-000001: a bank took the amount above back." in said


def test_nobody_reads_the_receipt_of_another(
    database: Database, her_browser: tuple[FlaskClient, str], now: datetime
) -> None:
    browser, _token = her_browser
    with database.transaction() as session:
        other = donor(session, now, "ann@reader.example")
    reference = _given(database, other, now)
    for path in (reference, f"{reference}/receipt.pdf", "R-NONE-SUCH"):
        assert browser.get(f"/account/receipts/{path}").status_code == 404
    assert browser.get("/account/statements/1/2026").status_code == 404
    assert browser.get(f"/desk/books/receipts/{reference}").status_code == 403


def test_a_payment_that_waits_for_its_receipt_gets_it_when_asked(
    database: Database, vira: Person, her_browser: tuple[FlaskClient, str], now: datetime
) -> None:
    browser, _token = her_browser
    with database.transaction() as session:
        reference = paid(session, vira, now).reference
    for _ in range(2):
        assert "2026-000001" in browser.get(f"/account/receipts/{reference}").text


def test_a_receipt_and_a_statement_are_tagged_pdf_in_the_readers_language(
    database: Database, vira: Person, her_browser: tuple[FlaskClient, str], now: datetime
) -> None:
    browser, _token = her_browser
    reference = _given(database, vira, now)
    for path in (f"/account/receipts/{reference}/receipt.pdf", "/account/statements/1/2026/statement.pdf"):
        began = time.monotonic()
        answer = browser.get(path, query_string={"lang": "uk"})
        assert time.monotonic() - began < 1
        assert answer.mimetype == "application/pdf"
        for mark in (b"%PDF-1.7", b"/StructTreeRoot", b"/Lang", b"(uk)", b"pdfuaid"):
            assert mark in answer.data, mark
        assert answer.data == browser.get(path, query_string={"lang": "uk"}).data


def test_the_statement_lists_what_was_given(
    database: Database, vira: Person, her_browser: tuple[FlaskClient, str], now: datetime
) -> None:
    browser, _token = her_browser
    _given(database, vira, now)
    assert "/account/statements/1/2026" in browser.get("/account/statements").text
    assert "2 March 2026 2026-000001 €10 €2 €8 Together EUR €10 €2 €8" in words(
        browser.get("/account/statements/1/2026")
    )


def test_a_statement_is_whole_though_receipts_were_owed(
    database: Database, vira: Person, her_browser: tuple[FlaskClient, str], now: datetime
) -> None:
    browser, _token = her_browser
    with database.transaction() as session:
        receipted(session, vira, now)
        paid(session, vira, now - timedelta(days=1), charge="before")
        paid(session, donor(session, now, "ann@reader.example"), now, charge="another")
    assert "Together EUR €10" in words(browser.get("/account/statements/1/2026"))
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Receipt)) == 2


def test_the_desk_does_not_count_donors_without_end(
    database: Database, desk: tuple[FlaskClient, str], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(papers_desk, "COUNTED", 1)
    browser, _token = desk
    with database.transaction() as session:
        for number in range(3):
            person = donor(session, now, f"reader{number}@reader.example")
            receipted(session, person, now - timedelta(days=365), charge=f"ch_{number}")
    said = words(browser.get("/desk/books/statements/1/2025"))
    assert "More than 1 donors gave something" in said
    assert "Send all letters" in said


def test_the_desk_says_that_receipts_are_owed_and_has_them_issued(
    database: Database, vira: Person, desk: tuple[FlaskClient, str], now: datetime
) -> None:
    browser, token = desk
    with database.transaction() as session:
        receipted(session, vira, now - timedelta(days=365))
        paid(session, vira, now - timedelta(days=366), charge="before")
    year = "/desk/books/statements/1/2025"
    said = "What has none yet is not counted here"
    assert said not in words(browser.get(year))
    sent = browser.post(year, data={"csrf_token": token}, headers=HEADERS, follow_redirects=True)
    assert "Receipts are being issued; please try again in some minutes." in words(sent)
    assert said in words(sent)
    with database.reading() as session:
        assert session.scalar(select(func.count()).where(Job.kind == receipts.ISSUE)) == 1


def _document(said: str) -> Document:
    return Document(
        language="uk", title=said, heading=said, made_at=datetime(2026, 3, 2, tzinfo=UTC), issuer=[said, said],
        donor=[said], donor_label=said, amount=said, facts=[[said, said]],
        table=Table(said, [said] * 3, [[said] * 3], [], [2]), sentences=[Sentence(said, wording.LAW)], signatory=said,
    )  # fmt: skip


@pytest.mark.parametrize("typed", ['#panic("in")', "*b* $x$ `c` @d <e> \\u{1F} \" ' // /*", '#include "/etc/passwd"'])
def test_what_people_type_is_never_markup(typed: str) -> None:
    assert pdf.render(_document(typed), Path(templates())).startswith(b"%PDF")


def test_a_letter_no_font_has_does_not_keep_a_paper_from_being_made() -> None:
    assert pdf.render(_document("王 \N{PERSON WITH FOLDED HANDS}"), Path(templates())).startswith(b"%PDF")


def test_without_the_extra_a_page_offers_no_pdf(
    database: Database,
    vira: Person,
    her_browser: tuple[FlaskClient, str],
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pdf, "is_here", lambda: False)
    browser, _token = her_browser
    reference = _given(database, vira, now)
    page = browser.get(f"/account/receipts/{reference}").text
    assert "receipt.pdf" not in page
    assert "with your browser" in page
    assert browser.get(f"/account/receipts/{reference}/receipt.pdf").status_code == 404


def test_the_desk_describes_who_issues_and_looks_at_it_first(
    database: Database, desk: tuple[FlaskClient, str], now: datetime
) -> None:
    browser, token = desk
    assert "/desk/books/entity" in browser.get("/desk/books").text
    said = {
        "csrf_token": token, "name": "Gazette Inc.", "address": "1 Main St\nSpringfield", "country": "US",
        "profile": "us_501c3", "tax_number": "12-3456789", "goods": "a yearbook", "goods_value": "20",
        "goods_currency": "usd", "fiscal_month": "7", "prefix": "gz", "currencies": "",
    }  # fmt: skip
    looked = words(browser.post("/desk/books/entity/1", data={**said, "look": "1"}, headers=HEADERS))
    assert "GZ-2026-000123" in looked
    assert "we estimate its value at $20" in looked
    assert browser.get("/desk/books/entity").text.count("Gazette Inc.") == 0
    assert browser.post("/desk/books/entity/1", data=said, headers=HEADERS).status_code == 303
    assert "EIN: 12-3456789" in words(browser.get("/desk/books/entity"))
    refused = browser.post("/desk/books/entity/1", data={**said, "goods_value": "much", "prefix": "#"}, headers=HEADERS)
    assert refused.status_code == 422
    assert "is not an amount" in refused.text
    unvalued = browser.post("/desk/books/entity/1", data={**said, "goods_value": ""}, headers=HEADERS)
    assert "Write what it is worth" in unvalued.text
    taken = browser.post("/desk/books/entity", data=said, headers=HEADERS)
    assert "Another legal entity uses this prefix" in taken.text
    assert browser.post("/desk/books/entity/9", data=said, headers=HEADERS).status_code in {404, 422}


def test_the_desk_sends_a_year_and_lists_its_donors(
    database: Database, vira: Person, desk: tuple[FlaskClient, str], now: datetime
) -> None:
    browser, token = desk
    with database.transaction() as session:
        session.get_one(Person, vira.id).name = "=1+1"
        receipted(session, vira, now)
        receipted(session, vira, now - timedelta(days=365), charge="before")
    years = browser.get("/desk/books/statements").text
    assert years.index("/1/2026") < years.index("/1/2025")
    assert "This year runs until 31 December 2026." in browser.get("/desk/books/statements/1/2026").text
    early = browser.post("/desk/books/statements/1/2026", data={"csrf_token": token}, headers=HEADERS)
    assert early.status_code == 409
    sent = browser.post("/desk/books/statements/1/2025", data={"csrf_token": token}, headers=HEADERS)
    assert sent.status_code == 303
    under_way = browser.get("/desk/books/statements/1/2025")
    assert "0 of 1 letters are written." in under_way.text
    assert under_way.headers["Refresh"] == "3"
    sheet = browser.get("/desk/books/statements/1/2026/donors.csv")
    assert sheet.text.splitlines()[1] == "'=1+1,vira@reader.example,EUR,1,5.00,0.00,5.00"
