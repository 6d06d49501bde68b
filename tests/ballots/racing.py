"""What races begin with: deeds done at once, transactions that do not queue, casting and closing as deeds."""

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from threading import Barrier

from sqlalchemy.orm import Session

from patronage.ballots import rounds, voting
from patronage.ballots.models import Round
from patronage.foundation.database import Database
from patronage.people.models import Person
from tests.ballots.polls import SECRET


@contextmanager
def together(deeds: list[Callable[[], object]]) -> Iterator[list[object]]:
    """Do all of `deeds` at once, each in a thread; what one returned or raised stands in its place."""
    start = Barrier(len(deeds))

    def do(deed: Callable[[], object]) -> object:
        start.wait()
        try:
            return deed()
        except Exception as error:  # noqa: BLE001 - what went wrong is what the test looks at
            return error

    with ThreadPoolExecutor(len(deeds)) as threads:
        yield list(threads.map(do, deeds))


@contextmanager
def out_of_turn(database: Database) -> Iterator[Session]:
    """A transaction that writes without having said so: on SQLite without the lock that lets writers in one by one."""
    with database.reading() as session:
        yield session
        session.commit()


def casting(database: Database, round_: Round, person: Person, choice: str, now: datetime) -> Callable[[], object]:
    """A ballot of `person` by a form of its own."""

    def deed() -> object:
        with database.transaction() as session:
            return voting.cast(session, round_.id, person.id, [choice], secrets.token_hex(16), now, SECRET)

    return deed


def closing(database: Database, round_: Round, now: datetime) -> Callable[[], object]:
    """The closing of `round_` by hand."""

    def deed() -> object:
        with database.transaction() as session:
            return rounds.close_round(session, round_.id, SECRET, None, now)

    return deed
