"""What is to be delivered to whom: one row for each event and endpoint, with every attempt beside it."""

import json
import random
import time
from dataclasses import asdict, dataclass
from typing import Any

from patronage.sandbox import events
from patronage.sandbox.store import Json, Store, Tx

TABLES = (
    """CREATE TABLE IF NOT EXISTS deliveries (seq INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL,
    endpoint_id TEXT NOT NULL, state TEXT NOT NULL, made_at INTEGER NOT NULL, due_at REAL NOT NULL,
    first_at INTEGER, tries INTEGER NOT NULL DEFAULT 0, ok INTEGER NOT NULL DEFAULT 0)""",
    "CREATE INDEX IF NOT EXISTS deliveries_by_state ON deliveries (state, due_at)",
    "CREATE INDEX IF NOT EXISTS deliveries_by_event ON deliveries (event_id)",
    """CREATE TABLE IF NOT EXISTS attempts (seq INTEGER PRIMARY KEY AUTOINCREMENT, delivery INTEGER NOT NULL,
    at INTEGER NOT NULL, status INTEGER, answer TEXT NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS attempts_by_delivery ON attempts (delivery)",
)
# Sandbox seconds between one attempt and the next; together just under the three days Stripe keeps trying.
GAPS = (10, 60, 300, 1800, 7200, 21600, 43200, 86400, 86400)
PLANNED_AT_ONCE = 2000


@dataclass(frozen=True)
class Manner:
    """How deliveries misbehave: odds of two copies or of none, sandbox seconds late, last first, several at once."""

    duplicate: float = 0
    reverse: bool = False
    delay: float = 0
    drop: float = 0
    concurrent: bool = False


def create_tables(store: Store) -> None:
    """Make room for deliveries in the sandbox's file."""
    with store.write() as tx:
        for statement in TABLES:
            tx.sql(statement)


def manner(tx: Tx) -> Manner:
    """How deliveries behave now."""
    return Manner(**json.loads(tx.fact("delivery_manner") or "{}"))


def set_manner(tx: Tx, wanted: Manner) -> None:
    """Let deliveries of events to come behave otherwise."""
    tx.remember("delivery_manner", json.dumps(asdict(wanted)))


def unplanned(tx: Tx) -> int:
    """How many events nobody has looked at yet."""
    row = tx.sql("SELECT count(*) AS n FROM events WHERE seq > ?", (_cursor(tx),)).fetchone()
    return int(row["n"])


def plan(store: Store) -> None:
    """Make a delivery for each new event and each endpoint that wants it."""
    with store.write() as tx:
        rows = tx.sql(
            "SELECT seq, id, type FROM events WHERE seq > ? ORDER BY seq LIMIT ?",
            (_cursor(tx), PLANNED_AT_ONCE),
        ).fetchall()
        if not rows:
            return
        how = manner(tx)
        endpoints = tx.all("webhook_endpoint")
        for row in reversed(rows) if how.reverse else rows:
            for endpoint in endpoints:
                if events.wants(endpoint, row["type"]):
                    _plan_one(tx, row["id"], endpoint["id"], how)
        tx.remember("delivery_cursor", str(rows[-1]["seq"]))


def _plan_one(tx: Tx, event_id: str, endpoint_id: str, how: Manner) -> None:
    dropped = random.random() < how.drop
    copies = 1 if dropped or random.random() >= how.duplicate else 2
    for _ in range(copies):
        _insert(tx, event_id, endpoint_id, "dropped" if dropped else "waiting", how.delay)


def _insert(tx: Tx, event_id: str, endpoint_id: str, state: str, delay: float = 0) -> None:
    tx.sql(
        "INSERT INTO deliveries (event_id, endpoint_id, state, made_at, due_at) VALUES (?, ?, ?, ?, ?)",
        (event_id, endpoint_id, state, tx.now(), tx.now() + delay),
    )


def _cursor(tx: Tx) -> int:
    return int(tx.fact("delivery_cursor") or 0)


def again(tx: Tx, event_id: str) -> int | None:
    """Send an event once more to every endpoint that wants it; how many that are, or None: no such event."""
    row = tx.sql("SELECT type FROM events WHERE id = ?", (event_id,)).fetchone()
    if row is None:
        return None
    wanting = [endpoint for endpoint in tx.all("webhook_endpoint") if events.wants(endpoint, row["type"])]
    for endpoint in wanting:
        _insert(tx, event_id, endpoint["id"], "waiting")
    return len(wanting)


def due(tx: Tx, most: int) -> list[dict[str, Any]]:
    """Deliveries whose time has come, in the order they were planned."""
    rows = tx.sql(
        "SELECT seq, event_id, endpoint_id FROM deliveries WHERE state = 'waiting' AND due_at <= ?"
        " ORDER BY seq LIMIT ?",
        (tx.now(), most),
    )
    return [dict(row) for row in rows]


def next_due(tx: Tx) -> float | None:
    """The sandbox moment (unix seconds) of the next waiting delivery, or None."""
    row = tx.sql("SELECT min(due_at) AS at FROM deliveries WHERE state = 'waiting'").fetchone()
    return None if row["at"] is None else float(row["at"])


def note(tx: Tx, seq: int, at: int, status: int | None, answer: str, *, at_once: bool = False) -> None:
    """Write an attempt down (status None: no answer) and say when the next is due, if one is.

    `at_once` asks for the next without a gap: the clock was moved under this attempt, and its signature was
    stale through no fault of the receiver.
    """
    tx.sql("INSERT INTO attempts (delivery, at, status, answer) VALUES (?, ?, ?, ?)", (seq, at, status, answer))
    row = tx.sql("SELECT * FROM deliveries WHERE seq = ?", (seq,)).fetchone()
    tries = max(row["tries"], 1) if at_once else row["tries"] + 1
    first = row["first_at"] if row["first_at"] is not None else at
    if status is not None and 200 <= status < 300:
        _settle(tx, row["event_id"], row["endpoint_id"])
        state, due_at = "delivered", row["due_at"]
    elif tries > len(GAPS) or at - first > sum(GAPS):
        state, due_at = "failed", row["due_at"]
    else:
        state, due_at = "waiting", at if at_once else at + GAPS[tries - 1]
    tx.sql(
        "UPDATE deliveries SET state = ?, due_at = ?, tries = ?, first_at = ?, ok = ? WHERE seq = ?",
        (state, due_at, tries, first, int(state == "delivered"), seq),
    )


def _settle(tx: Tx, event_id: str, endpoint_id: str) -> None:
    """Count an endpoint as served, the first time it takes the event."""
    taken = tx.sql(
        "SELECT 1 FROM deliveries WHERE event_id = ? AND endpoint_id = ? AND ok = 1", (event_id, endpoint_id)
    ).fetchone()
    if taken is None:
        events.delivered(tx, event_id)


def give_up(tx: Tx, seq: int, why: str) -> None:
    """Stop trying: the endpoint is gone or switched off."""
    tx.sql("INSERT INTO attempts (delivery, at, status, answer) VALUES (?, ?, NULL, ?)", (seq, tx.now(), why))
    tx.sql("UPDATE deliveries SET state = 'failed' WHERE seq = ?", (seq,))


def listed(tx: Tx, *, event: str | None = None, before: int | None = None, most: int = -1) -> list[Json]:
    """Deliveries, newest first, each with its attempts; `before` is the id to go on from."""
    rows = tx.sql(
        "SELECT d.*, e.type FROM deliveries d JOIN events e ON e.id = d.event_id"
        " WHERE (? IS NULL OR d.event_id = ?) AND (? IS NULL OR d.seq < ?) ORDER BY d.seq DESC LIMIT ?",
        (event, event, before, before, most),
    ).fetchall()
    urls = {endpoint["id"]: endpoint["url"] for endpoint in tx.all("webhook_endpoint")}
    return [_as_json(tx, row, urls.get(row["endpoint_id"])) for row in rows]


def _as_json(tx: Tx, row: Any, url: str | None) -> Json:
    attempts = tx.sql("SELECT at, status, answer FROM attempts WHERE delivery = ? ORDER BY seq", (row["seq"],))
    return {
        "id": row["seq"],
        "event": row["event_id"],
        "type": row["type"],
        "endpoint": row["endpoint_id"],
        "url": url,
        "state": row["state"],
        "ok": bool(row["ok"]),
        "created": row["made_at"],
        "next_attempt": int(row["due_at"]) if row["state"] == "waiting" else None,
        "attempts": [dict(attempt) for attempt in attempts],
    }


def drain(store: Store, timeout: float) -> bool:
    """Wait (real seconds) until every event has been attempted at least once; False if that took too long."""
    until = time.monotonic() + timeout
    with store.changed:
        while True:
            with store.read() as tx:
                if not unplanned(tx) and not _unattempted(tx):
                    return True
            left = until - time.monotonic()
            if left <= 0:
                return False
            store.changed.wait(min(left, 0.5))


def _unattempted(tx: Tx) -> bool:
    row = tx.sql("SELECT 1 FROM deliveries WHERE state = 'waiting' AND tries = 0 LIMIT 1").fetchone()
    return row is not None
