"""The database: transactions one can see, writers that queue, and promises about durability."""

import contextlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from patronage.foundation.database import Database, UTCDateTime, address
from patronage.foundation.jobs import Job

THREADS, TURNS = 6, 20
ON_DELETE_AND_UPDATE = 8 | 16  # of pg_trigger.tgtype


def _add_one(database: Database) -> None:
    """Read, then write: what a deferred transaction loses."""
    with database.transaction() as session:
        query = "SELECT attempts FROM job" + ("" if database.is_sqlite else " FOR UPDATE")
        seen = session.execute(text(query)).scalar_one()
        session.execute(text("UPDATE job SET attempts = :new"), {"new": seen + 1})


def _at_once(work: Callable[[], None]) -> list[BaseException]:
    errors: list[BaseException] = []

    def turns() -> None:
        for _ in range(TURNS):
            try:
                work()
            except OperationalError as error:
                errors.append(error)

    threads = [threading.Thread(target=turns) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return errors


def _one_job(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        session.add(Job(kind="test", data={}, due_at=now, attempts=0))


def test_no_update_is_lost_between_reading_and_writing(database: Database, now: datetime) -> None:
    _one_job(database, now)
    assert _at_once(lambda: _add_one(database)) == []
    with database.reading() as session:
        assert session.execute(text("SELECT attempts FROM job")).scalar_one() == THREADS * TURNS


def test_with_a_deferred_begin_the_same_work_fails_on_sqlite(tmp_path: Path, now: datetime) -> None:
    """What the lock is for: the race is there when it is taken away."""
    from patronage.foundation.migrations import upgrade

    url = f"sqlite:///{tmp_path / 'deferred.db'}"
    upgrade(url)
    database = Database(url)
    _one_job(database, now)
    database.close()
    naive = create_engine(url, poolclass=NullPool, connect_args={"timeout": 0.05, "isolation_level": None})

    with naive.connect() as first, naive.connect() as second:
        for each in (first, second):
            each.exec_driver_sql("BEGIN")
            assert each.exec_driver_sql("SELECT attempts FROM job").scalar_one() == 0
        first.exec_driver_sql("UPDATE job SET attempts = 1")
        first.exec_driver_sql("COMMIT")
        with pytest.raises(OperationalError, match="locked"):
            second.exec_driver_sql("UPDATE job SET attempts = 1")


def test_a_block_that_raises_leaves_nothing_behind(database: Database, now: datetime) -> None:
    with contextlib.suppress(ZeroDivisionError), database.transaction() as session:
        session.add(Job(kind="test", data={}, due_at=now, attempts=0))
        session.flush()
        _ = 1 / 0
    with database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM job")).scalar_one() == 0


def test_acknowledged_writes_survive_a_power_cut(database: Database) -> None:
    assert database.durability_problem() is None


def test_a_reader_does_not_wait_for_a_writer(database: Database, now: datetime) -> None:
    _one_job(database, now)
    with database.transaction() as writing:
        writing.execute(text("UPDATE job SET attempts = 5"))
        with database.reading() as reading:
            assert reading.execute(text("SELECT attempts FROM job")).scalar_one() == 0


def test_moments_come_back_as_they_went_in(database: Database, now: datetime) -> None:
    _one_job(database, now)
    with database.reading() as session:
        assert session.get_one(Job, session.execute(text("SELECT id FROM job")).scalar_one()).due_at == now


def test_a_moment_without_a_zone_is_refused() -> None:
    from sqlalchemy.dialects import sqlite

    with pytest.raises(ValueError, match="no time zone"):
        UTCDateTime().process_bind_param(datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None), sqlite.dialect())


@pytest.mark.parametrize("url", ["postgresql://localhost/x", "postgres://localhost/x"])
def test_both_spellings_of_postgresql_are_understood(url: str) -> None:
    assert address(url).drivername == "postgresql+psycopg"


@pytest.mark.parametrize("table", ["ledger_entry", "round_result", "ballot_event"])
def test_the_database_itself_refuses_to_change_what_is_append_only(database: Database, table: str) -> None:
    with database.reading() as session:
        if database.is_sqlite:
            query = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"
            assert session.execute(text(query), {"table": table}).scalar_one() == 2
        else:
            query = (
                "SELECT bit_or(tgtype) FROM pg_trigger WHERE tgrelid = CAST(:table AS regclass) AND NOT tgisinternal"
            )
            kinds = session.execute(text(query), {"table": table}).scalar_one()
            assert kinds & ON_DELETE_AND_UPDATE == ON_DELETE_AND_UPDATE
