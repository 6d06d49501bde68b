"""Sandbox time: real time plus an offset, and the list of what falls due when it moves."""

import calendar
from collections.abc import Callable
from datetime import UTC, datetime

from patronage.sandbox.store import Store, Tx

Handler = Callable[[Tx, str], None]
HANDLERS: dict[str, Handler] = {}
BATCH = 200  # things done in one transaction: few commits, and readers never wait for long


def handler(kind: str) -> Callable[[Handler], Handler]:
    """Register what is done when something of that kind falls due; it is given the subject's id."""

    def register(function: Handler) -> Handler:
        HANDLERS[kind] = function
        return function

    return register


def schedule(tx: Tx, at: int, kind: str, subject: str) -> None:
    """Let something fall due at a moment (unix seconds); a kind and subject can wait only once."""
    tx.sql(
        "INSERT OR REPLACE INTO due (at, clock, kind, subject) VALUES (?, ?, ?, ?)",
        (at, tx.clock, kind, subject),
    )


def unschedule(tx: Tx, kind: str, subject: str) -> None:
    """Forget what was to fall due."""
    tx.sql("DELETE FROM due WHERE kind = ? AND subject = ?", (kind, subject))


def months_later(moment: int, months: int, anchor_day: int | None = None) -> int:
    """The same time of day that many calendar months on; the anchor's day, or the month's last before it."""
    start = datetime.fromtimestamp(moment, UTC)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    last_day = calendar.monthrange(year, month + 1)[1]
    day = min(anchor_day or start.day, last_day)
    return int(start.replace(year=year, month=month + 1, day=day).timestamp())


def waits(tx: Tx, kind: str, subject: str) -> bool:
    """Whether something of that kind is still to fall due for the subject."""
    found = tx.sql("SELECT 1 FROM due WHERE kind = ? AND subject = ?", (kind, subject))
    return found.fetchone() is not None


def day_of(moment: int) -> int:
    """The day of the month of a moment."""
    return datetime.fromtimestamp(moment, UTC).day


def advance(store: Store, *, seconds: float = 0, days: int = 0, months: int = 0) -> int:
    """Move sandbox time forward, doing in order all that falls due on the way; returns the new time."""
    with store.moving:
        with store.read() as tx:
            start, offset = tx.now(), tx.offset()
        length = seconds + days * 86400 + months_later(start, months) - start
        if length < 0:
            raise ValueError("sandbox time only moves forward")
        while _perform_batch(store, start + length, start, offset):
            pass
        with store.write() as tx:
            tx.remember("clock_offset", str(offset + length))
        publish(store)
    return int(start + length)


def catch_up(store: Store) -> None:
    """Do what has fallen due while real time passed."""
    with store.read() as tx:
        now = tx.now()
        if tx.sql("SELECT 1 FROM due WHERE clock = '' AND at <= ? LIMIT 1", (now,)).fetchone() is None:
            return
    if not store.moving.acquire(blocking=False):
        return  # somebody is at it already
    try:
        while _perform_batch(store, now, None, 0):
            pass
    finally:
        store.moving.release()


def _perform_batch(store: Store, until: float, start: int | None, offset: float) -> bool:
    with store.write() as tx:
        last = perform_due(tx, "", int(until), BATCH)
        if last is not None and start is not None:
            tx.remember("clock_offset", str(offset + max(last - start, 0)))
    if last is not None and start is not None:
        publish(store)
    return last is not None


def perform_due(tx: Tx, clock: str, until: int, most: int) -> int | None:
    """Do up to `most` things due on a clock, each in its own moment; the moment of the last, or None."""
    last = None
    for _ in range(most):
        row = tx.sql(
            "SELECT seq, at, kind, subject FROM due WHERE clock = ? AND at <= ? ORDER BY at, seq LIMIT 1",
            (clock, until),
        ).fetchone()
        if row is None:
            break
        last = int(row["at"])
        tx.sql("DELETE FROM due WHERE seq = ?", (row["seq"],))
        with tx.at(last, clock), tx.unasked():
            HANDLERS[row["kind"]](tx, row["subject"])
    return last


def publish(store: Store) -> None:
    """Write the offset to the clock file, whole or not at all, so that the demo's app follows."""
    if store.clock_file is None:
        return
    with store.read() as tx:
        offset = tx.offset()
    store.clock_file.parent.mkdir(parents=True, exist_ok=True)
    draft = store.clock_file.with_suffix(".new")
    draft.write_text(f"{offset}\n", encoding="ascii")
    draft.replace(store.clock_file)
