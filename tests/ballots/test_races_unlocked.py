"""Races without their locks: what each lock is for, on either database."""

import functools
import secrets
from datetime import datetime
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from patronage.ballots import results, rounds, voting
from patronage.ballots.models import Ballot, Round
from patronage.foundation.database import Database
from patronage.people.models import Person
from tests.ballots.polls import SECRET
from tests.ballots.racing import closing, out_of_turn, together


def test_without_the_voters_lock_fifty_ballots_are_still_one_but_not_all_get_in_on_sqlite(
    database: Database, round_: Round, patron: Person, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One statement that puts or replaces keeps the ballot one; the lock is for one form that is sent twice.

    Out of turn SQLite throws voters out who read before another wrote. Whoever is told "in" is in.
    """

    def deed(choice: str) -> object:
        with out_of_turn(database) as session:
            return voting.cast(session, round_.id, patron.id, [choice], secrets.token_hex(16), now, SECRET)

    monkeypatch.setattr(voting, "_ON_POSTGRESQL", voting._WHAT_DECIDES)
    with together([functools.partial(deed, str(1 + number % 5)) for number in range(50)]) as done:
        versions = [each.receipt.version for each in done if isinstance(each, voting.Cast) and each.receipt]
        thrown_out = [each for each in done if isinstance(each, OperationalError)]
    assert len(versions) + len(thrown_out) == 50, done
    assert database.is_sqlite or not thrown_out
    assert sorted(versions) == list(range(1, len(versions) + 1))
    with database.reading() as session:
        assert session.scalars(select(Ballot)).one().version == len(versions)


def test_without_the_lock_a_ballot_would_come_too_late_to_be_counted(
    database: Database, round_: Round, patron: Person, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The voter is told "in", the result is frozen without them: on PostgreSQL nothing but the lock prevents it.

    On SQLite a transaction that did not begin IMMEDIATE is thrown out instead: nothing is lost, but the voter fails.
    """
    put = voting._put

    def put_after_closing(connection: Connection, facts: dict[str, Any]) -> int | None:
        closing(database, round_, now)()
        return put(connection, facts)

    monkeypatch.setattr(voting, "_ON_POSTGRESQL", voting._WHAT_DECIDES)
    monkeypatch.setattr(voting, "_put", put_after_closing)
    with database.reading() as voter:  # a plain BEGIN
        if database.is_sqlite:
            with pytest.raises(OperationalError, match="database is locked"):
                voting.cast(voter, round_.id, patron.id, ["1"], secrets.token_hex(16), now, SECRET)
            return
        voting.cast(voter, round_.id, patron.id, ["1"], secrets.token_hex(16), now, SECRET)
        voter.commit()
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Ballot)) == 1
        assert not results.recount(session, session.get_one(Round, round_.id))


def test_without_the_lock_two_closings_at_once_would_both_freeze_a_result(
    database: Database, round_: Round, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both read an open round; only that results cannot be written twice would keep the second from telling voters.

    SQLite throws the second out as soon as it writes, since what it has read is no longer so.
    """
    both_have_read = Barrier(2)

    def unlocked(session: Session, round_id: int) -> Round:
        found = session.get_one(Round, round_id)
        both_have_read.wait()
        return found

    def close() -> None:
        with out_of_turn(database) as session:
            rounds.close_round(session, round_.id, SECRET, None, now)

    monkeypatch.setattr(rounds, "locked", unlocked)
    with together([close] * 2) as done:
        failed = [each for each in done if isinstance(each, OperationalError if database.is_sqlite else IntegrityError)]
    assert (done.count(None), len(failed)) == (1, 1), done


def test_without_the_voters_lock_a_form_sent_twice_at_once_would_fail(
    database: Database, round_: Round, patron: Person, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither finds the form's id in the box: the second is stopped by the id's being unique, or by SQLite."""
    submission, put, both_may_vote = secrets.token_hex(16), voting._put, Barrier(2)

    def put_together(connection: Connection, facts: dict[str, Any]) -> int | None:
        both_may_vote.wait()
        return put(connection, facts)

    def send() -> None:
        with out_of_turn(database) as session:
            voting.cast(session, round_.id, patron.id, ["1"], submission, now, SECRET)
            session.execute(select(func.pg_sleep(0.2)) if not database.is_sqlite else select(1))

    monkeypatch.setattr(voting, "_ON_POSTGRESQL", voting._WHAT_DECIDES)
    monkeypatch.setattr(voting, "_put", put_together)
    with together([send, send]) as done:
        failed = [each for each in done if isinstance(each, OperationalError if database.is_sqlite else IntegrityError)]
    assert (done.count(None), len(failed)) == (1, 1), done
