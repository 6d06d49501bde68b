"""A round that moves to the other database, its rows in any order, is counted there to the same bytes."""

import json
import random
from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from patronage.ballots.models import Round
from patronage.ballots.sealing import canonical, chain, freezing, receipts, recounting
from patronage.ballots.sealing.receipts import Finding
from patronage.ballots.voting import Receipt
from patronage.foundation.database import Base, Database
from tests.ballots.polls import a_patron, a_tier, an_open_round, closed, unguarded, votes

BALLOTS = ("1", "1,2", "2,3", "", "4", "4,5", "1,5", "3")


@pytest.fixture
def other(engine: str, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated database of the other kind than `database`."""
    url: str = request.getfixturevalue("_own_postgresql" if engine == "sqlite" else "own_sqlite_url")
    opened = Database(url)
    yield opened
    opened.close()


def _move(here: Session, there: Session) -> None:
    """Copy every row of every table, shuffled, past what guards them: as who moves a database does."""
    unguarded(there)
    dice = random.Random(7)
    for table in reversed(Base.metadata.sorted_tables):
        there.execute(delete(table))
    for table in Base.metadata.sorted_tables:
        rows = [dict(row) for row in here.execute(select(table)).mappings()]
        dice.shuffle(rows)
        if rows:
            there.execute(insert(table), rows)


def test_moved_to_the_other_database_a_round_gives_the_same_bytes(
    database: Database, other: Database, now: datetime
) -> None:
    with database.transaction() as session:
        tier = a_tier(session, "Friend", 1, 2000)
        round_ = an_open_round(session, now, budget_days=7, weights={tier.id: 3}, asks_why=True)
        voters = [a_patron(session, now, monthly=2500 if number % 3 else 500) for number in range(len(BALLOTS))]
        for voter, choices in zip(voters, BALLOTS, strict=True):
            votes(session, round_, voter, choices, now)
        chain.seal(session, round_, now)
        receipt = votes(session, round_, voters[0], "2", now).receipt
        closed(session, round_, now)
    with database.reading() as here, other.transaction() as there:
        _move(here, there)
    assert receipt
    counted = [_counted(each, round_.id, receipt) for each in (database, other)]
    assert counted[0] == counted[1]


def _counted(database: Database, round_id: int, receipt: Receipt) -> str:
    """Count the round from its rows in `database`, as at closing; return the canonical text."""
    with database.reading() as session:
        round_ = session.get_one(Round, round_id)
        frozen = recounting.versions(session, round_id)[-1]
        again = freezing.again(session, round_, json.loads(frozen.canonical), chain.roots(session, round_id))
        assert recounting.problems(session, round_) == []
        assert receipts.look_up(session, receipt)[0] is Finding.COUNTED
        text = canonical.written(again)
        assert canonical.sha256(text) == frozen.sha256
        return text
