"""What tests begin with is made at the sandbox in earnest once a process; later it is copied.

Hundreds of tests begin with somebody who gives five euros a month, dozens with somebody whose renewal has failed.
Opening the page, paying on it and applying what Stripe tells takes a tenth of a second for each event, and always ends
in the same rows on both sides.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from functools import cache
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from sqlalchemy import inspect

from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Database
from patronage.foundation.post import Mailbox
from patronage.foundation.tools import Tools
from patronage.sandbox.store import Store

Made = TypeVar("Made")
Rows = dict[str, list[bytes]]
BEFORE_ALL = {"base_url", "clock_offset"}  # facts of the sandbox that differ from test to test


@dataclass(frozen=True)
class Theirs:
    """The sandbox's file, at its address and moment (unix seconds)."""

    file: sqlite3.Connection
    address: str
    moment: float


@dataclass(frozen=True)
class Ours:
    """Our rows, what our clock says, and the letters that have left."""

    rows: sqlite3.Connection | Rows
    moment: datetime
    letters: tuple[EmailMessage, ...]


_kept: dict[object, tuple[Theirs, Ours, Any]] = {}


def begin(store: Store, tools: Tools, kind: object, make: Callable[[], Made]) -> Made:
    """Let `make` make what a test of this `kind` begins with, or copy what it made before in a world as empty as this.

    What `make` returns is returned again, so it must not change. Where the world is not empty, it is made in earnest.
    """
    before = _contents(tools.database)
    if (world := _world(store, tools.database, before)) is None:
        return make()
    place = kind, tools.clock.now(), world
    if known := _kept.get(place):
        _put_theirs(known[0], store)
        _put_ours(known[1], tools, list(before))
        again: Made = known[2]
        return again
    made = make()
    _kept[place] = _theirs(store), _ours(tools), made
    return made


def _world(store: Store, database: Database, ours: dict[str, Sequence[Any]]) -> object | None:
    """Return what there is before anything is made; None if anything happened at Stripe, or anybody is known."""
    with store.read() as tx:
        happened = tx.sql("SELECT (SELECT count(*) FROM objects) + (SELECT count(*) FROM events)").fetchone()[0]
        facts = [tuple(row) for row in tx.sql("SELECT name, value FROM facts ORDER BY name")]
    if happened or "person" in ours:
        return None
    return database.is_sqlite, repr([fact for fact in facts if fact[0] not in BEFORE_ALL]), repr(ours)


@cache
def _which_have_rows(url: str) -> str:
    """Return the question which tables have rows."""
    with closing(Database(url)) as asked:
        names = sorted(inspect(asked.engine).get_table_names())
    return " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in names)


def _contents(database: Database) -> dict[str, Sequence[Any]]:
    """Return the rows of all tables that have any."""
    with closing(database.engine.raw_connection()) as raw, closing(raw.cursor()) as cursor:
        found: dict[str, Sequence[Any]] = {}
        cursor.execute(_which_have_rows(database.engine.url.render_as_string(hide_password=False)))
        for (name,) in cursor.fetchall():
            cursor.execute(f'SELECT * FROM "{name}"')
            found[name] = cursor.fetchall()
        return found


def _theirs(store: Store) -> Theirs:
    file = sqlite3.connect(":memory:", check_same_thread=False)
    with store.read() as tx:
        address, moment = str(tx.fact("base_url")), store.wall() + tx.offset()
    with store._lock:
        store._writer.backup(file)
    return Theirs(file, address, moment)


def _ours(tools: Tools) -> Ours:
    assert isinstance(tools.post, Mailbox)
    letters = tuple(tools.post.letters)
    with closing(tools.database.engine.raw_connection()) as raw:
        direct = raw.driver_connection
        if isinstance(direct, sqlite3.Connection):
            rows = sqlite3.connect(":memory:", check_same_thread=False)
            direct.backup(rows)
            return Ours(rows, tools.clock.now(), letters)
        assert isinstance(direct, psycopg.Connection)
        return Ours(_rows(direct, list(_contents(tools.database))), tools.clock.now(), letters)


def _rows(connection: psycopg.Connection[Any], tables: list[str]) -> Rows:
    rows = {}
    for name in tables:
        with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(name))) as copying:
            rows[name] = [bytes(part) for part in copying]
    return rows


def _put_theirs(kept: Theirs, store: Store) -> None:
    with store.read() as tx:
        address = str(tx.fact("base_url"))
    with store._lock:
        kept.file.backup(store._writer)
    with store.write() as tx:
        for table in ("objects", "events", "answers") if address != kept.address else ():
            tx.sql(f"UPDATE {table} SET body = replace(body, ?, ?)", (kept.address, address))
        tx.remember("base_url", address)
        tx.remember("clock_offset", str(kept.moment - store.wall()))  # its time goes on from there, never back


def _put_ours(kept: Ours, tools: Tools, before: list[str]) -> None:
    """Put our rows down; `before` are the tables that have rows now."""
    assert isinstance(tools.clock, FrozenClock)
    assert isinstance(tools.post, Mailbox)
    tools.clock.advance(seconds=(kept.moment - tools.clock.now()).total_seconds())
    tools.post.letters[:] = kept.letters
    with closing(tools.database.engine.raw_connection()) as raw:
        direct = raw.driver_connection
        if isinstance(kept.rows, sqlite3.Connection):
            assert isinstance(direct, sqlite3.Connection)
            kept.rows.backup(direct)
            return
        assert isinstance(direct, psycopg.Connection)
        with direct.transaction():
            direct.execute("SET LOCAL session_replication_role = replica")  # the rows have passed every trigger before
            for name in before:
                direct.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
            for name, parts in kept.rows.items():
                with direct.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))) as copying:
                    for part in parts:
                        copying.write(part)
