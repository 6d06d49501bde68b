"""What was cast is sealed hour by hour; the database refuses to change it, and a recount notices who did so anyway."""

import hashlib
import random
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, insert, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from patronage.ballots import results
from patronage.ballots.models import Ballot, BallotEvent, ChainBatch, Electorate, Round
from patronage.ballots.sealing import chain, duties, recounting
from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Database
from patronage.foundation.jobs import Job
from patronage.foundation.tools import Tools
from tests.ballots.polls import a_patron, an_open_round, closed, unguarded, votes

LAST = "seq = (SELECT max(seq) FROM ballot_event)"


def _cast_some(session: Session, round_: Round, now: datetime, many: int = 5) -> None:
    for number in range(many):
        votes(session, round_, a_patron(session, now), f"{1 + number % 5}", now)


def test_each_ballot_falls_into_one_batch_and_the_heads_follow_from_each_other(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        _cast_some(session, round_, now)
        chain.seal(session, round_, now + timedelta(hours=1))
        chain.seal(session, round_, now + timedelta(hours=2))
        _cast_some(session, round_, now, 2)
        closed(session, round_, now + timedelta(hours=3))
        batches = chain.batches(session, round_.id)
        events = list(session.scalars(select(BallotEvent)))
        spans = list(pairwise([0, *(batch.upto for batch in batches)]))
        assert [sum(after < event.seq <= upto for event in events) for after, upto in spans] == [5, 0, 2]
        before = bytes.fromhex(round_.tie_seed_hash or "")
        for number, batch in enumerate(batches, start=1):
            after, upto = spans[number - 1]
            mine = sorted(event.leaf.hex() for event in events if after < event.seq <= upto)
            root = hashlib.sha256("".join(f"{leaf}\n" for leaf in mine).encode()).hexdigest()
            said = f"{round_.id}:{number}:{before.hex()}:{root}:{batch.salt.hex()}"
            assert batch.head == hashlib.sha256(said.encode()).digest()
            before = batch.head
        result = results.visible_results(session, round_, None).result
        assert result
        assert result.chain
        assert (result.chain.leaves, result.chain.batches, result.chain.head) == (7, 3, before.hex())
        every = "".join(sorted(f"{event.leaf.hex()}\n" for event in events))
        assert result.chain.root == hashlib.sha256(every.encode()).hexdigest()


def test_heads_of_hours_without_a_ballot_look_like_any_other(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        empty = [chain.seal(session, round_, now) for _ in range(2)]
        guessed = chain.head_of(round_.id, 1, chain.genesis(round_), chain.root_of(()), b"")
        assert empty[0].root == empty[1].root
        assert guessed not in {batch.head for batch in empty}


def test_heads_are_told_while_a_round_is_open_and_hold_afterwards(
    client: FlaskClient, database: Database, round_: Round, now: datetime
) -> None:
    path = f"/topics/{round_.id}/chain.txt"
    assert client.get(path).text == ""
    with database.transaction() as session:
        _cast_some(session, round_, now)
        heads = [chain.seal(session, session.get_one(Round, round_.id), now).head.hex() for _ in range(2)]
    assert client.get(path).text == f"1 {heads[0]}\n2 {heads[1]}\n"
    with database.transaction() as session:
        closed(session, round_, now)
    lines = [line.split() for line in client.get(path).text.splitlines()]
    assert [line[4] for line in lines[:2]] == heads
    for number, before, root, salt, head in lines:
        said = f"{round_.id}:{number}:{before}:{root}:{salt}"
        assert hashlib.sha256(said.encode()).hexdigest() == head
    assert client.get("/topics/99/chain.txt").status_code == 404


def test_the_worker_seals_every_hour_until_closing(
    app: Flask, tools: Tools, database: Database, round_: Round, clock: FrozenClock
) -> None:
    with app.app_context():
        for late in (0, 20, 40):
            clock.advance(hours=1, minutes=late)
            duties.seal_hour(tools, {"round": round_.id})
            with database.reading() as session:
                due = session.scalars(select(Job.due_at).where(Job.kind == chain.SEAL_JOB)).all()
            assert max(due) == clock.now().replace(minute=0) + timedelta(hours=1)
        with database.transaction() as session:
            closed(session, round_, clock.now())
        duties.seal_hour(tools, {"round": round_.id})
    with database.reading() as session:
        assert len(list(session.scalars(select(ChainBatch)))) == 4


class _AheadOfTheDatabase(FrozenClock):
    """The clock of a machine that is a moment ahead of its database's."""

    def at(self, session: Session) -> datetime:
        return super().at(session) - timedelta(milliseconds=100)


def test_a_worker_ahead_of_its_database_goes_on_sealing(
    app: Flask, tools: Tools, database: Database, round_: Round, now: datetime
) -> None:
    full_hour = now.replace(minute=0) + timedelta(hours=1)
    with app.app_context():
        duties.seal_hour(replace(tools, clock=_AheadOfTheDatabase(full_hour)), {"round": round_.id})
    with database.reading() as session:
        due = session.scalars(select(Job.due_at).where(Job.kind == chain.SEAL_JOB)).all()
    assert max(due) == full_hour + timedelta(hours=1)


def test_the_database_refuses_to_change_what_is_sealed(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        _cast_some(session, round_, now)
        chain.seal(session, round_, now)
    for deed in (
        "UPDATE ballot_event SET submission_id = 'x'",
        "DELETE FROM ballot_event",
        "UPDATE chain_batch SET number = 9",
        "DELETE FROM chain_batch",
    ):
        with pytest.raises(DatabaseError, match="append-only"), database.transaction() as session:
            session.execute(text(deed))


@pytest.mark.parametrize(
    ("deed", "noticed"),
    [
        ("UPDATE ballot SET choices = '2' WHERE choices = '3'", "ballots"),
        ("UPDATE ballot SET version = 2 WHERE choices = '3'", "ballots"),
        ("DELETE FROM ballot WHERE choices = '3'", "topics"),
        (f"UPDATE ballot_event SET seq = seq + 1 WHERE {LAST}", "in no sealed batch"),
        (f"DELETE FROM ballot_event WHERE {LAST}", "leaves of batch 1"),
        ("UPDATE chain_batch SET salt = head", "head of batch 1"),
        ("UPDATE result_count SET votes = 9 WHERE position = 1", "table of counts"),
        ("UPDATE round_result SET canonical = canonical || ' '", "SHA-256"),
    ],
)  # fmt: skip
def test_a_recount_notices_what_was_changed_behind_our_back(
    database: Database, now: datetime, deed: str, noticed: str
) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        _cast_some(session, round_, now)
        closed(session, round_, now)
        assert recounting.problems(session, round_) == []
        unguarded(session, deed)
        session.expire_all()
        assert any(noticed in problem for problem in recounting.problems(session, round_))


def test_the_order_of_rows_changes_nothing(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        _cast_some(session, round_, now, 12)
        chain.seal(session, round_, now)
        _cast_some(session, round_, now, 12)
        closed(session, round_, now)
        dice = random.Random(3)
        for kind in (Ballot, BallotEvent, Electorate):
            columns = [column.key for column in kind.__table__.columns]
            rows = [{name: getattr(row, name) for name in columns} for row in session.scalars(select(kind))]
            unguarded(session)
            session.execute(delete(kind))
            dice.shuffle(rows)
            session.execute(insert(kind), rows)
        assert recounting.problems(session, round_) == []
