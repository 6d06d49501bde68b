"""The sandbox's memory: Stripe objects as JSON in one SQLite file, read and written in transactions."""

import json
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Json = dict[str, Any]

# Fields that lists and look-ups filter by; each is an index on the JSON itself, of the objects that have the field.
INVOICE_SUBSCRIPTION = "parent.subscription_details.subscription"
PAID_INTENT = "payment.payment_intent"
INDEXED = (
    "customer",
    "payment_intent",
    "subscription",
    "invoice",
    "charge",
    "product",
    "source",
    "status",
    "test_clock",
    INVOICE_SUBSCRIPTION,
    PAID_INTENT,
)

TABLES = """
CREATE TABLE IF NOT EXISTS objects (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    object TEXT NOT NULL, created INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (object, seq);
CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL, created INTEGER NOT NULL, pending INTEGER NOT NULL DEFAULT 0, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS due (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, clock TEXT NOT NULL,
    kind TEXT NOT NULL, subject TEXT NOT NULL, UNIQUE (kind, subject));
CREATE INDEX IF NOT EXISTS due_by_time ON due (clock, at, seq);
CREATE TABLE IF NOT EXISTS unpaid (id TEXT PRIMARY KEY, currency TEXT NOT NULL, available_on INTEGER NOT NULL,
    net INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS paid_out (id TEXT PRIMARY KEY, payout TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS paid_out_by_payout ON paid_out (payout);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, request_id TEXT NOT NULL,
    status INTEGER NOT NULL, body TEXT NOT NULL, saved_at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS answers_by_age ON answers (saved_at);
"""
INDEXES = "".join(
    f"CREATE INDEX IF NOT EXISTS objects_by_{name.replace('.', '_')}"
    f" ON objects (object, json_extract(body, '$.{name}'), seq) WHERE json_extract(body, '$.{name}') IS NOT NULL;"
    for name in INDEXED
)


# One encoder for all: to make one for each object costs as much as to write it. Objects never hold themselves.
written = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class Tx:
    """One transaction over the store; `now` is sandbox time unless `at` has set another."""

    def __init__(self, connection: sqlite3.Connection, wall: Callable[[], float] = time.time) -> None:
        self._connection = connection
        self._wall = wall
        self._time: int | None = None
        self.clock = ""  # the test clock whose time this transaction lives in, "" for the sandbox's own
        self.request_id: str | None = None
        self.idempotency_key: str | None = None

    def sql(self, statement: str, params: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement of SQL; rows can be read by column name."""
        return self._connection.execute(statement, params)

    def get(self, id: str) -> Json | None:
        """The object of that id as stored (unexpanded), or None."""
        row = self.sql("SELECT body FROM objects WHERE id = ?", (id,)).fetchone()
        return None if row is None else _parsed(row)

    def put(self, obj: Json) -> Json:
        """Insert the object, or replace what is stored under its id; its place in lists stays."""
        self.sql(
            "INSERT INTO objects (id, object, created, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (
                obj["id"],
                obj["object"],
                obj.get("created") or self.now(),
                written(obj),
            ),
        )
        return obj

    def delete(self, id: str) -> None:
        """Forget the object."""
        self.sql("DELETE FROM objects WHERE id = ?", (id,))

    def all(self, object: str) -> list[Json]:
        """Every object of that kind, newest first."""
        rows = self.sql("SELECT body FROM objects WHERE object = ? ORDER BY seq DESC", (object,))
        return [_parsed(row) for row in rows]

    def find(self, object: str, **fields: str) -> list[Json]:
        """Objects of that kind whose INDEXED fields equal those given, newest first."""
        where = "".join(f" AND json_extract(body, '$.{name}') = ?" for name in fields)
        statement = f"SELECT body FROM objects WHERE object = ?{where} ORDER BY seq DESC"  # noqa: S608  names from code
        return [_parsed(row) for row in self.sql(statement, (object, *fields.values()))]

    def now(self) -> int:
        """Sandbox time in unix seconds."""
        return self._time if self._time is not None else int(self._wall() + self.offset())

    def offset(self) -> float:
        """Seconds by which sandbox time is ahead of real time."""
        return float(self.fact("clock_offset") or 0)

    def fact(self, name: str) -> str | None:
        """A single remembered value, or None."""
        row = self.sql("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row["value"])

    def remember(self, name: str, value: str) -> None:
        """Keep a single value under a name."""
        self.sql("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", (name, value))

    @contextmanager
    def at(self, moment: int | None, clock: str = "") -> Iterator[None]:
        """Live in another moment (and test clock) for a while."""
        before = self._time, self.clock
        self._time, self.clock = moment, clock
        try:
            yield
        finally:
            self._time, self.clock = before

    @contextmanager
    def unasked(self) -> Iterator[None]:
        """Do what no request has asked for, but time has brought: its events name none."""
        before = self.request_id, self.idempotency_key
        self.request_id = self.idempotency_key = None
        try:
            yield
        finally:
            self.request_id, self.idempotency_key = before


class Store:
    """One SQLite file, safe to share between threads: one writer at a time, readers beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock_file: Path | None = None
        self.wall: Callable[[], float] = time.time  # real time; whoever needs it to stand still replaces it
        self.changed = threading.Condition()  # notified after every committed write
        self.moving = threading.Lock()  # held while the clock is being moved
        self._lock = threading.Lock()
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = self._connect()
        self._writer.executescript(f"BEGIN; {TABLES} {INDEXES} COMMIT;")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=10)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA cache_size=-65536")  # 64 MiB: years of objects are many pages
        return connection

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that may write: committed on leaving, rolled back on an error."""
        with self._lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield Tx(self._writer, self.wall)
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")
        with self.changed:
            self.changed.notify_all()

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that sees one moment and writes nothing."""
        try:
            connection = self._readers.get_nowait()
        except queue.Empty:
            connection = self._connect()
            connection.execute("PRAGMA query_only=ON")
        connection.execute("BEGIN")
        try:
            yield Tx(connection, self.wall)
        finally:
            connection.execute("ROLLBACK")
            self._readers.put(connection)

    def close(self) -> None:
        """Close every connection; the store cannot be used afterwards."""
        with self._lock:
            self._writer.close()
        while not self._readers.empty():
            self._readers.get_nowait().close()


def _parsed(row: sqlite3.Row) -> Json:
    body: Json = json.loads(row["body"])
    return body
