"""Races, each first shown with the lock off: many casts of one patron, casts against the closing, closing twice."""

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError, OperationalError

from patronage.ballots import duties, results, rounds, voting
from patronage.ballots.models import Ballot, BallotEvent, Electorate, Round, RoundResult
from patronage.ballots.refusals import RoundClosed
from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Database
from patronage.foundation.jobs import Job
from patronage.foundation.tools import Tools
from patronage.people.models import Person
from tests.ballots.polls import SECRET, a_patron

AT_ONCE = 10


@pytest.fixture
def patrons(database: Database, now: datetime) -> list[Person]:
    with database.transaction() as session:
        return [a_patron(session, now) for _ in range(24)]


@contextmanager
def together(deeds: list[Callable[[], object]]) -> Iterator[list[object]]:
    """Do all of `deeds` at once, each in a thread; what one returned or raised stands in its place."""
    start = Barrier(min(AT_ONCE, len(deeds)))

    def do(deed: Callable[[], object], is_early: bool) -> object:
        if is_early:
            start.wait()
        try:
            return deed()
        except Exception as error:  # noqa: BLE001 - what went wrong is what the test looks at
            return error

    with ThreadPoolExecutor(AT_ONCE) as threads:
        started = [threads.submit(do, deed, number < AT_ONCE) for number, deed in enumerate(deeds)]
        yield [each.result() for each in started]


def _cast(database: Database, round_: Round, person: Person, choice: str, now: datetime) -> Callable[[], object]:
    def deed() -> object:
        with database.transaction() as session:
            return voting.cast(session, round_.id, person.id, [choice], secrets.token_hex(16), now, SECRET)

    return deed


def _close(database: Database, round_: Round, now: datetime) -> Callable[[], object]:
    def deed() -> object:
        with database.transaction() as session:
            return rounds.close_round(session, round_.id, SECRET, None, now)

    return deed


def test_fifty_ballots_of_one_patron_at_once_are_one_ballot(
    database: Database, round_: Round, patrons: list[Person], now: datetime
) -> None:
    deeds = [_cast(database, round_, patrons[0], str(1 + number % 5), now) for number in range(50)]
    with together(deeds) as done:
        assert all(isinstance(each, voting.Cast) for each in done), done
    with database.reading() as session:
        ballot = session.scalars(select(Ballot)).one()
        assert ballot.version == 50
        leaves = set(session.scalars(select(BallotEvent.leaf)))
        receipts = [each.receipt for each in done if isinstance(each, voting.Cast) and each.receipt]
        assert {receipt.leaf for receipt in receipts} == leaves
        assert sorted(receipt.version for receipt in receipts) == list(range(1, 51))
        assert session.scalar(select(func.count()).select_from(Electorate)) == 1


def test_one_form_sent_many_times_at_once_is_one_event(
    database: Database, round_: Round, patrons: list[Person], now: datetime
) -> None:
    submission = secrets.token_hex(16)

    def send() -> object:
        with database.transaction() as session:
            return voting.cast(session, round_.id, patrons[0].id, ["1"], submission, now, SECRET)

    with together([send] * 20) as done:
        casts = [each for each in done if isinstance(each, voting.Cast)]
    assert len(casts) == 20, done
    assert [each.replayed for each in casts].count(False) == 1
    assert len({each.receipt for each in casts}) == 1


def test_a_ballot_racing_the_closing_is_in_the_result_or_refused(
    database: Database, round_: Round, patrons: list[Person], now: datetime
) -> None:
    deeds = [_cast(database, round_, person, "1", now) for person in patrons]
    deeds.insert(8, _close(database, round_, now))
    with together(deeds) as done:
        cast = [each for each in done if isinstance(each, voting.Cast)]
        refused = [each for each in done if isinstance(each, RoundClosed)]
    assert len(cast) + len(refused) == len(patrons), done
    with database.reading() as session:
        result = results.visible_results(session, session.get_one(Round, round_.id), None).result
    assert result is not None
    assert result.cast == result.lines[0].votes == len(cast)


def test_closing_at_once_from_everywhere_freezes_one_result(database: Database, round_: Round, now: datetime) -> None:
    with together([_close(database, round_, now)] * 8) as done:
        assert sum(isinstance(each, Round) for each in done) == 1
        assert sum(isinstance(each, RoundClosed) for each in done) == 7, done
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(RoundResult)) == 1


def test_the_job_and_an_editor_closing_at_once_freeze_one_result(
    tools: Tools, app: Flask, database: Database, round_: Round, clock: FrozenClock
) -> None:
    clock.advance(days=7)

    def job() -> None:
        with app.test_request_context():
            duties.close_when_over(tools, {"round": round_.id})

    with together([job, _close(database, round_, clock.now())] * 5) as done:
        assert sum(isinstance(each, Round) for each in done) <= 1
        assert all(each is None or isinstance(each, Round | RoundClosed) for each in done), done
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(RoundResult)) == 1
        assert session.scalar(select(func.count()).select_from(Job).where(Job.kind == rounds.TELLING_JOB)) == 1


def test_without_the_lock_a_ballot_would_come_too_late_to_be_counted(
    database: Database, round_: Round, patrons: list[Person], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The voter is told "in", the result is frozen without them: on PostgreSQL nothing but the lock prevents it.

    On SQLite a transaction that did not begin IMMEDIATE is thrown out instead: nothing is lost, but the voter fails.
    """
    put = voting._put

    def put_after_closing(connection: Connection, facts: dict[str, Any]) -> int | None:
        _close(database, round_, now)()
        return put(connection, facts)

    monkeypatch.setattr(voting, "_ON_POSTGRESQL", voting._WHAT_DECIDES)
    monkeypatch.setattr(voting, "_put", put_after_closing)
    with database.reading() as voter:  # a plain BEGIN
        if database.is_sqlite:
            with pytest.raises(OperationalError, match="database is locked"):
                voting.cast(voter, round_.id, patrons[0].id, ["1"], secrets.token_hex(16), now, SECRET)
            return
        voting.cast(voter, round_.id, patrons[0].id, ["1"], secrets.token_hex(16), now, SECRET)
        voter.commit()
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Ballot)) == 1
        assert not results.recount(session, session.get_one(Round, round_.id))


def test_without_the_voters_lock_a_form_sent_twice_at_once_would_fail(
    database: Database, round_: Round, patrons: list[Person], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = secrets.token_hex(16)

    def send() -> object:
        with database.transaction() as session:
            cast = voting.cast(session, round_.id, patrons[0].id, ["1"], submission, now, SECRET)
            session.execute(select(func.pg_sleep(0.2)) if not database.is_sqlite else select(1))
            return cast

    monkeypatch.setattr(voting, "_ON_POSTGRESQL", voting._WHAT_DECIDES)
    with together([send, send]) as done:
        failed = [each for each in done if isinstance(each, IntegrityError)]
    assert len(failed) == (0 if database.is_sqlite else 1), done  # SQLite's writers queue as wholes
