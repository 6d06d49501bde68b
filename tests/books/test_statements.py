"""Yearly statements: what somebody gave in a year of the newsroom's own, and the letters that tell of them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from patronage.books.papers import entities, receipts, sending, statements
from patronage.books.papers.documents import Writing
from patronage.books.papers.duties import send_statements
from patronage.books.papers.models import LegalEntity, StatementRun
from patronage.books.papers.statements import Year
from patronage.foundation.database import Database
from patronage.foundation.jobs import Job
from patronage.foundation.outbox import Letter
from patronage.foundation.post import Mailbox
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.people.models import Person
from tests.books.donors import KYIV, contested, donor, given_back, paid, receipted

THIS_YEAR, LAST_YEAR = Year(2026, 1, KYIV), Year(2025, 1, KYIV)
A_YEAR = timedelta(days=365)


def _entity(session: Session) -> LegalEntity:
    return entities.issuing_for(session, "EUR")


def test_a_year_begins_with_its_month_in_the_newsrooms_zone() -> None:
    taxes = LegalEntity(id=1, fiscal_month=4)
    begins = datetime(2026, 3, 31, 21, 0, tzinfo=UTC)  # midnight in Kyiv, where summer has begun
    assert statements.year_of(taxes, begins - timedelta(seconds=1), KYIV).label == "2025/26"
    year = statements.year_of(taxes, begins, KYIV)
    assert (year.label, year.span[0]) == ("2026/27", begins)
    assert THIS_YEAR.label == "2026"
    for unheard_of in (-1, 0, 1999, 10_000):
        with pytest.raises(statements.NothingGiven):
            statements.year_called(taxes, unheard_of, KYIV)


def test_a_statement_lists_every_payment_and_what_stayed_by_currency(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        person = donor(session, now)
        receipted(session, person, now - timedelta(days=70), charge="last_year")
        first = receipted(session, person, now, amount=1000, charge="ch_1")
        receipted(session, person, now + timedelta(days=1), charge="ch_2").disputed = True
        receipted(session, person, now, amount=20_000, currency="UAH", charge="ch_3")
        receipted(session, donor(session, now, "ann@reader.example"), now, charge="ch_4")
        given_back(session, first, 300, now)
        lines = statements.lines(session, _entity(session), THIS_YEAR, person.id)
        assert [(line.amount_minor, line.returned_minor) for line in lines] == [(1000, 300), (20_000, 0), (500, 500)]
        assert [(each.currency, each.net_minor, each.kept) for each in statements.totals(lines)] == [
            ("EUR", 700, 1), ("UAH", 20_000, 1),
        ]  # fmt: skip
        assert [year.label for _, year in statements.years(session, person.id, KYIV)] == ["2026", "2025"]


def test_of_a_disputed_payment_only_what_the_bank_holds_is_gone(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        payment = receipted(session, donor(session, now), now)
        given_back(session, payment, 100, now)
        dispute = contested(session, payment, "warning_needs_response", now, amount=200)
        for status, gone in (("warning_needs_response", 100), ("needs_response", 300), ("lost", 300)):
            dispute.status = status
            session.flush()
            (line,) = statements.lines(session, _entity(session), THIS_YEAR, payment.person_id or 0)
            (total,) = statements.donor_totals(session, _entity(session), THIS_YEAR, 0)
            assert (line.returned_minor, total.returned_minor) == (gone, gone)
        dispute.amount_minor = 500
        session.flush()
        assert statements.how_many(session, _entity(session), THIS_YEAR) == 0


def test_a_year_in_which_nothing_was_given_has_no_statement(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        person = donor(session, now)
        with pytest.raises(statements.NothingGiven):
            statements.document(session, _entity(session), THIS_YEAR, person, Writing("en", KYIV))


def _many(session: Session, now: datetime, number: int) -> list[Person]:
    people = [donor(session, now, f"reader{each}@reader.example") for each in range(number)]
    for each, person in enumerate(people):
        receipted(session, person, now, charge=f"ch_{each}")
    return people


def _start(database: Database, now: datetime) -> StatementRun:
    with database.transaction() as session:
        actor = donor(session, now, "books@newsroom.example")
        return sending.start(session, _entity(session).id, LAST_YEAR, actor.id, now)


def _letters(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).where(Letter.kind == "books/statement")) or 0


@pytest.fixture
def by_twos(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job writes two letters."""
    monkeypatch.setattr(sending, "DONORS", 2)


@pytest.mark.usefixtures("by_twos")
def test_all_statements_of_a_year_are_sent_once_each_however_often_one_asks(
    database: Database, worker: Worker, mailbox: Mailbox, now: datetime
) -> None:
    with database.transaction() as session:
        people = _many(session, now - A_YEAR, 5)
        gone = receipted(session, donor(session, now), now - A_YEAR, charge="gone")
        given_back(session, gone, 500, now)
    for _ in range(2):
        run = _start(database, now)
        assert (run.total, run.finished_at) == (5, None)
        worker.work_until_idle()
    assert _letters(database) == 5
    assert {message["To"] for message in mailbox.letters} == {person.email for person in people}
    with database.reading() as session:
        run = session.scalars(select(StatementRun)).one()
        assert (run.done, run.finished_at) == (5, now)


@pytest.mark.usefixtures("by_twos")
def test_a_run_whose_worker_died_goes_on_where_it_was(
    database: Database, tools: Tools, app_context: None, now: datetime
) -> None:
    with database.transaction() as session:
        _many(session, now - A_YEAR, 3)
    run = _start(database, now)
    first = {"run": run.id, "after": 0}
    for _ in range(2):  # done, but the worker died before it could say so: another does it again
        send_statements(tools, first)
    assert _letters(database) == 2
    with database.reading() as session:
        kept = session.get_one(StatementRun, run.id)
        assert (kept.done, kept.finished_at) == (2, None)
        rest = session.scalars(select(Job.data).where(Job.kind == sending.SEND).order_by(Job.id)).all()
    assert rest[0] == first
    send_statements(tools, rest[1])
    assert _letters(database) == 3


def test_a_year_that_still_runs_cannot_be_sent(database: Database, vira: Person, now: datetime) -> None:
    with database.transaction() as session, pytest.raises(sending.YearNotOver):
        sending.start(session, _entity(session).id, THIS_YEAR, vira.id, now)


def test_nothing_is_sent_while_payments_of_the_year_wait_for_their_receipts(
    database: Database, worker: Worker, vira: Person, now: datetime
) -> None:
    with database.transaction() as session:
        paid(session, vira, now - A_YEAR)
    with pytest.raises(sending.ReceiptsAreOwed):
        _start(database, now)
    for _ in range(2):
        with database.transaction() as session:
            receipts.have_issued(session, now)
    worker.work_until_idle()
    assert _start(database, now).total == 1


def test_every_run_is_known_however_many_there_are(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        entity = _entity(session)
        for number in range(25):
            session.add(StatementRun(entity_id=entity.id, year=2000 + number, started_at=now, total=0))
        session.flush()
        assert len(sending.runs(session)) == 25
        assert all(sending.run_of(session, entity.id, Year(2000 + number, 1, KYIV)) for number in range(25))


def test_the_list_of_donors_comes_in_pages(database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "PAGE", 2)
    with database.transaction() as session:
        people = _many(session, now, 3)
        receipted(session, people[0], now, amount=700, currency="USD", charge="dollars")
        first = statements.donor_totals(session, _entity(session), THIS_YEAR, 0)
        assert [(each.email, each.currency, each.given_minor) for each in first] == [
            ("reader0@reader.example", "EUR", 500), ("reader0@reader.example", "USD", 700),
            ("reader1@reader.example", "EUR", 500),
        ]  # fmt: skip
        rest = statements.donor_totals(session, _entity(session), THIS_YEAR, first[-1].person_id)
        assert [each.email for each in rest] == ["reader2@reader.example"]
        assert statements.donor_totals(session, _entity(session), THIS_YEAR, rest[-1].person_id) == []
