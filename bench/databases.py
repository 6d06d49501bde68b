"""The two databases on which speed is measured, both as durable as in service: what is acknowledged is on the disk."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url, text

from patronage.foundation.database import Database
from patronage.foundation.migrations import upgrade
from tests import postgres

# What the tests switch off for speed is what is measured here; the rest is PostgreSQL's own default.
DURABLE = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "wal_level": "replica",
    "autovacuum": "on",
    "shared_buffers": "128MB",
}


class NotDurable(Exception):
    """The database given for the measurement would lose acknowledged writes, so its figures would mean nothing."""


@contextmanager
def server() -> Iterator[str]:
    """Give the address of a durable PostgreSQL server: the one named for the tests, else one of our own.

    Raises `NotDurable`, `tests.postgres.NoPostgreSQL`.
    """
    given = os.environ.get("PATRONAGE_TEST_DATABASE_URL")
    if given:
        _refuse_unless_durable(given)
        yield given
        return
    own = postgres.Server(**DURABLE)
    try:
        yield postgres.wait_until_ready(own.folder)
    finally:
        own.stop()


@contextmanager
def migrated(engine: str, server_url: str, folder: Path, name: str) -> Iterator[str]:
    """Give the address of a new, migrated database called `name` on `engine`; it is gone afterwards."""
    if engine == "sqlite":
        url = f"sqlite:///{folder / name}.db"
        upgrade(url)
        yield url
        for file in folder.glob(f"{name}.db*"):
            file.unlink()
        return
    called = f"patronage_bench_{os.getpid()}_{name}"
    _command(server_url, f"CREATE DATABASE {called}")
    try:
        url = make_url(server_url).set(database=called).render_as_string(hide_password=False)
        upgrade(url)
        yield url
    finally:
        _command(server_url, f"DROP DATABASE {called} WITH (FORCE)")


def version(url: str) -> str:
    """Return what the database behind `url` calls itself, such as "PostgreSQL 17.6"."""
    database = Database(url)
    question = "SELECT sqlite_version()" if database.is_sqlite else "SHOW server_version"
    with database.reading() as session:
        said = str(session.execute(text(question)).scalar_one())
    database.close()
    return f"{'SQLite' if database.is_sqlite else 'PostgreSQL'} {said.split(maxsplit=1)[0]}"


def settle(database: Database) -> None:
    """Put in order what a bulk load left, as time does in service: statistics, the write-ahead log."""
    if database.is_sqlite:
        raw = database.engine.raw_connection()
        raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw.close()
        return
    with psycopg.connect(database.url.set(drivername="postgresql").render_as_string(False), autocommit=True) as direct:
        direct.execute("VACUUM ANALYZE")
        direct.execute("CHECKPOINT")


def _refuse_unless_durable(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for option in ("fsync", "synchronous_commit"):
            row = connection.execute("SELECT current_setting(%s)", (option,)).fetchone()
            if row is None or row[0] == "off":
                raise NotDurable(f"The server at PATRONAGE_TEST_DATABASE_URL runs with {option}=off")


def _command(server_url: str, statement: str) -> None:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(statement.encode())
