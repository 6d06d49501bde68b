"""Rows that were written together, or one after the other, must not tell whose ballot or whose reason is whose."""

import secrets
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from patronage.ballots import keys, rounds
from patronage.ballots.electing import whys
from patronage.ballots.models import Ballot, Electorate, Round, RoundKey, RoundReason
from patronage.ballots.sealing import duties, recounting, scattering
from patronage.foundation.database import Database
from patronage.foundation.migrations import downgrade, upgrade
from patronage.foundation.tools import Tools
from patronage.people.models import Person
from tests.ballots.polls import SECRET, a_patron, an_open_round, closed, votes

VOTERS = 12
WRITTEN_BY = "SELECT {what}, CAST(xmin AS text) AS deed FROM {table} WHERE round_id = :round ORDER BY ctid"


def _a_round_with_votes(database: Database, now: datetime, many: int = VOTERS) -> Round:
    with database.transaction() as session:
        round_ = an_open_round(session, now, asks_why=True)
        people = [a_patron(session, now) for _ in range(many)]
    for person in reversed(people):
        _vote(database, round_, person, now)
    return round_


def _vote(database: Database, round_: Round, person: Person, now: datetime) -> None:
    """Vote and say why, each in a transaction of its own, as the pages do."""
    with database.transaction() as session:
        votes(session, round_, person, "1,2", now)
    with database.transaction() as session:
        whys.give(session, round_.id, person.id, {1: "It matters.", 2: secrets.token_hex(4)}, now, SECRET)


def _rows(session: Session, round_: Round, table: str, what: str) -> list[tuple[Any, str]]:
    """What `table` of PostgreSQL holds in the order in which it lies on the disk, and the transaction that wrote it."""
    found = session.execute(text(WRITTEN_BY.format(table=table, what=what)), {"round": round_.id})
    return [(row[0], row.deed) for row in found]


def _deeds(session: Session, round_: Round, table: str, what: str) -> set[str]:
    return {deed for _row, deed in _rows(session, round_, table, what)}


def test_once_a_round_is_closed_ballots_and_reasons_lie_in_the_order_of_their_lots(
    database: Database, now: datetime
) -> None:
    round_ = _a_round_with_votes(database, now)
    with database.transaction() as session:
        closed(session, round_, now + timedelta(hours=1))
    with database.reading() as session:
        assert recounting.problems(session, session.get_one(Round, round_.id)) == []
        assert len(list(session.scalars(select(RoundReason)))) == 2 * VOTERS
        if database.is_sqlite:
            return
        for table, what in (("ballot", "token"), ("round_reason", "id"), ("electorate", "person_id")):
            rows = _rows(session, round_, table, what)
            assert [row for row, _deed in rows] == sorted(row for row, _deed in rows)
            assert len({deed for _row, deed in rows}) == 1


def test_while_a_round_is_open_an_hour_parts_ballots_from_voters(
    app: Flask, tools: Tools, database: Database, now: datetime
) -> None:
    round_ = _a_round_with_votes(database, now)
    with app.app_context():
        duties.seal_hour(tools, {"round": round_.id})
    if database.is_sqlite:
        return
    with database.transaction() as session:
        voters = _deeds(session, round_, "electorate", "person_id")
        before = _rows(session, round_, "ballot", "token")
        assert not voters & {deed for _row, deed in before}
        assert not voters & _deeds(session, round_, "round_reason", "id")
        few = [a_patron(session, now) for _ in range(scattering.FEW - 1)]
    for person in few:
        _vote(database, round_, person, now)
    with database.transaction() as session:
        scattering.scatter_new(session, round_.id)
        assert set(_rows(session, round_, "ballot", "token")) > set(before)  # so few wait for others
        last = a_patron(session, now)
    _vote(database, round_, last, now)
    with database.transaction() as session:
        scattering.scatter_new(session, round_.id)
    with database.reading() as session:
        rows = _rows(session, round_, "ballot", "token")
        assert len(rows) == VOTERS + scattering.FEW
        assert len({deed for _row, deed in rows}) == 2
        assert not _deeds(session, round_, "electorate", "person_id") & {deed for _row, deed in rows}


def test_in_a_very_large_round_the_last_ballots_are_scattered_among_one_in_eight(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scattering, "ALL_AT_ONCE", VOTERS)
    round_ = _a_round_with_votes(database, now)
    with database.transaction() as session:
        scattering.scatter_new(session, round_.id)
    with database.transaction() as session:
        last = a_patron(session, now)
        votes(session, round_, last, "3", now)
    with database.transaction() as session:
        closed(session, round_, now)
    with database.reading() as session:
        assert recounting.problems(session, session.get_one(Round, round_.id)) == []
        assert session.query(Ballot).count() == VOTERS + 1
        if not database.is_sqlite:
            key = keys.unseal(session.get_one(RoundKey, round_.id).sealed, round_.id, SECRET)
            rows = dict(_rows(session, round_, "ballot", "token"))
            late = rows[keys.token(key, last.id)]
            assert {token for token, deed in rows.items() if deed == late} == {
                token for token in rows if token[0] < 32 or token == keys.token(key, last.id)
            }


def test_how_many_reasons_somebody_gave_is_forgotten_at_closing(database: Database, now: datetime) -> None:
    round_ = _a_round_with_votes(database, now, 1)
    with database.transaction() as session:
        assert session.scalars(select(Electorate.reasons)).one() == 2
        rounds.close_round(session, round_.id, SECRET, None, now)
    with database.reading() as session:
        assert session.scalars(select(Electorate.reasons)).one() == 0


def test_reasons_from_before_keep_their_words_and_lose_their_numbers(own_database_url: str, now: datetime) -> None:
    database = Database(own_database_url)
    round_ = _a_round_with_votes(database, now, 3)
    with database.reading() as session:
        before = {row.id: row.text for row in session.scalars(select(RoundReason))}
    database.close()
    downgrade(own_database_url, "0028")
    upgrade(own_database_url)
    with database.reading() as session:
        assert {row.id: row.text for row in session.scalars(select(RoundReason))} == before
        assert session.scalars(select(RoundReason.round_id).distinct()).all() == [round_.id]
    assert [index["name"] for index in inspect(database.engine).get_indexes("round_reason")] == [
        "ix_round_reason_round_id"
    ]
    if database.is_sqlite:
        with pytest.raises(OperationalError, match="rowid"), database.reading() as session:
            session.execute(text("SELECT rowid FROM round_reason"))
    database.close()
