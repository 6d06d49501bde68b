"""Races: many casts of one patron, casts against the closing, closing twice; unlocked in test_races_unlocked.py."""

import functools
import secrets
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from patronage.ballots import duties, results, rounds, topics, voting
from patronage.ballots.electing import electorate
from patronage.ballots.models import Ballot, BallotEvent, Electorate, Policy, Round, RoundResult, Topic
from patronage.ballots.refusals import NotUsableHere, RoundClosed
from patronage.foundation.clock import Clock, FrozenClock, SystemClock
from patronage.foundation.database import Database
from patronage.foundation.jobs import Job
from patronage.foundation.tools import Tools
from patronage.people.models import Person
from tests.ballots.polls import SECRET, a_draft, a_patron
from tests.ballots.racing import casting, closing, together

AT_ONCE = 10
DAY = timedelta(days=1)


@pytest.fixture
def patrons(database: Database, now: datetime) -> list[Person]:
    with database.transaction() as session:
        return [a_patron(session, now) for _ in range(24)]


def test_fifty_ballots_of_one_patron_at_once_are_one_ballot(
    database: Database, round_: Round, patrons: list[Person], now: datetime
) -> None:
    deeds = [casting(database, round_, patrons[0], str(1 + number % 5), now) for number in range(50)]
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

    with together([send] * 50) as done:
        casts = [each for each in done if isinstance(each, voting.Cast)]
    assert len(casts) == 50, done
    assert [each.replayed for each in casts].count(False) == 1
    assert len({each.receipt for each in casts}) == 1


def test_a_ballot_racing_the_closing_is_in_the_result_or_refused(
    database: Database, round_: Round, patrons: list[Person], now: datetime
) -> None:
    deeds = [casting(database, round_, person, "1", now) for person in patrons]
    deeds.insert(8, closing(database, round_, now))
    with together(deeds) as done:
        cast = [each for each in done if isinstance(each, voting.Cast)]
        refused = [each for each in done if isinstance(each, RoundClosed)]
    assert len(cast) + len(refused) == len(patrons), done
    with database.reading() as session:
        result = results.visible_results(session, session.get_one(Round, round_.id), None).result
    assert result is not None
    assert result.cast == result.lines[0].votes == len(cast)


def _closing_in_a_moment(database: Database, round_: Round, clock: Clock) -> tuple[datetime, list[Person]]:
    """Have the round close 50 milliseconds from now, by the database's own time; return when, and its voters."""
    with database.transaction() as session:
        begun = clock.at(session)
        voters = [a_patron(session, begun) for _ in range(AT_ONCE - 1)]
        row = session.get_one(Round, round_.id)
        row.opens_at, row.closes_at = begun - DAY, begun + timedelta(milliseconds=50)
        return row.closes_at, voters


def test_ballots_around_the_closing_are_all_counted_if_acknowledged_and_none_is_later(
    database: Database, round_: Round
) -> None:
    """Each voter asks the database's time, as the page does; the round closes in their midst, by its date."""
    clock = SystemClock()
    closes_at, voters = _closing_in_a_moment(database, round_, clock)
    acknowledged: list[tuple[int, datetime]] = []

    def vote(person: Person) -> None:
        with suppress(RoundClosed):
            while True:
                with database.transaction() as session:
                    now = clock.at(session)
                    voting.cast(session, round_.id, person.id, ["1"], secrets.token_hex(16), now, SECRET)
                acknowledged.append((person.id, now))

    def close() -> None:
        has_closed = False
        while not has_closed:
            with database.transaction() as session:
                row, now = rounds.locked(session, round_.id), clock.at(session)
                has_closed = now >= row.closes_at
                if has_closed:
                    rounds.close_round(session, round_.id, SECRET, None, now)

    with together([close, *(functools.partial(vote, person) for person in voters)]) as done:
        assert done == [None] * AT_ONCE
    assert all(now < closes_at for _person, now in acknowledged)
    with database.reading() as session:
        result = results.visible_results(session, session.get_one(Round, round_.id), None).result
        assert result is not None
        assert result.cast == len({person for person, _now in acknowledged}) == result.lines[0].votes
        assert session.scalar(select(func.count()).select_from(BallotEvent)) == len(acknowledged)


def test_closing_at_once_from_everywhere_freezes_one_result(database: Database, round_: Round, now: datetime) -> None:
    with together([closing(database, round_, now)] * 8) as done:
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

    with together([job, closing(database, round_, clock.now())] * 5) as done:
        assert sum(isinstance(each, Round) for each in done) <= 1
        assert all(each is None or isinstance(each, Round | RoundClosed) for each in done), done
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(RoundResult)) == 1
        assert session.scalar(select(func.count()).select_from(Job).where(Job.kind == rounds.TELLING_JOB)) == 1


def test_a_list_of_voters_is_written_once_however_many_workers_come(
    tools: Tools, app: Flask, database: Database, patrons: list[Person], now: datetime
) -> None:
    with database.transaction() as session:
        draft = a_draft(session, now, policy=Policy.FROZEN, cut_off=now + timedelta(hours=1), opens_at=now + DAY)
        rounds.open_round(session, draft.id, SECRET, None, now)

    def draw_up() -> object:
        with database.transaction() as session:
            return electorate.draw_up(session, rounds.locked(session, draft.id), SECRET, now + timedelta(hours=1))

    with together([draw_up] * 4) as done:
        assert done == [len(patrons)] * 4, done


def _open_elsewhere(database: Database, session: Session, draft: Round, now: datetime) -> None:
    """Open `draft` in another transaction; SQLite has one at a time, so there it is this one."""
    if database.is_sqlite:
        rounds.open_round(session, draft.id, SECRET, None, now)
        return
    with database.transaction() as other:
        rounds.open_round(other, draft.id, SECRET, None, now)


def test_two_rounds_opened_at_once_never_share_a_topic(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        first, second = a_draft(session, now), a_draft(session, now)
        shared = rounds.topic_ids(session, first.id)
        rounds.set_topics(session, second.id, shared, None, now)
    with database.transaction() as session:
        seen = [session.get_one(Topic, topic_id) for topic_id in shared]
        _open_elsewhere(database, session, first, now)
        with pytest.raises(NotUsableHere):
            rounds.open_round(session, second.id, SECRET, None, now)
        assert len(seen) == len(shared)  # held until here, so that the session knows them


def test_a_topic_put_on_a_ballot_meanwhile_is_not_declined(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        draft = a_draft(session, now)
        topic_id = rounds.topic_ids(session, draft.id)[0]
    with database.transaction() as session:
        seen = session.get_one(Topic, topic_id)  # as the page does that asks for the reason
        _open_elsewhere(database, session, draft, now)
        with pytest.raises(NotUsableHere):
            topics.decline(session, seen.id, "Another paper has done it.", None, now)
