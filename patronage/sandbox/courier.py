"""The courier: a thread that carries signed events to webhook endpoints, and tries again on sandbox time."""

import contextlib
import http.client
import select
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from patronage.sandbox import clock, delivery
from patronage.sandbox.signing import signature
from patronage.sandbox.store import Store

TIMEOUT = 10.0  # real seconds an endpoint has to answer
SIDES = 4  # how many carry at once when told to be concurrent
ROUND = 100
QUIET = 0.25  # real seconds without a new event before a reversed batch is sent
Row = dict[str, Any]


class Line:
    """A connection to one origin, kept open between posts."""

    def __init__(self) -> None:
        self._connection: http.client.HTTPConnection | None = None
        self._origin: tuple[str, str] | None = None

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int | None, str]:
        """Status and the beginning of the answer; (None, reason) when there was no answer."""
        try:
            connection = self._open(url)
            parts = urlsplit(url)
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            text = answer.read(65536).decode("utf-8", "replace")[:500]
            if not answer.isclosed():
                self.hang_up()
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.hang_up()
            return None, f"{type(error).__name__}: {error}"
        return answer.status, text

    def _open(self, url: str) -> http.client.HTTPConnection:
        parts = urlsplit(url)
        origin = parts.scheme, parts.netloc
        if self._origin != origin or self._connection is None or _was_closed(self._connection):
            self.hang_up()
            kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            self._connection = kind(parts.netloc, timeout=TIMEOUT)
            self._origin = origin
        return self._connection

    def cut(self) -> None:
        """Wake whoever waits on this connection in another thread; their post has no answer."""
        waiting = self._connection.sock if self._connection is not None else None
        if waiting is not None:
            with contextlib.suppress(OSError):
                waiting.shutdown(socket.SHUT_RDWR)

    def hang_up(self) -> None:
        """Close the connection, if one is open."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def _was_closed(connection: http.client.HTTPConnection) -> bool:
    """An idle connection that has something to read was closed by the other side."""
    return connection.sock is None or bool(select.select([connection.sock], [], [], 0)[0])


class Courier:
    """Plans and carries deliveries from a thread of its own, between `start` and `stop`."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self._pool = ThreadPoolExecutor(SIDES, thread_name_prefix="courier")
        self._mine = threading.local()  # a thread's own lines, by endpoint
        self._lines: list[Line] = []

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for no answer: what is on its way is tried again when the sandbox is back."""
        self._stopping.set()
        with self.store.changed:
            self.store.changed.notify_all()
        until = time.monotonic() + TIMEOUT + 2
        while self._thread.is_alive() and time.monotonic() < until:
            for line in self._lines:
                line.cut()
            self._thread.join(0.05)
        self._pool.shutdown()
        for line in self._lines:
            line.hang_up()

    def _run(self) -> None:
        while not self._stopping.is_set():
            if not self.round():
                self._wait()

    def _wait(self) -> None:
        with self.store.changed:  # no write can be announced between looking and waiting
            with self.store.read() as tx:
                if self._stopping.is_set() or delivery.unplanned(tx) or delivery.due(tx, 1):
                    return
                at = delivery.next_due(tx)
                pause = 5.0 if at is None else min(max(at - tx.now(), 0.05), 5.0)
            self.store.changed.wait(pause)

    def round(self) -> int:
        """Plan for new events and make one attempt at each of the next deliveries due; how many."""
        with self.store.read() as tx:
            new, how = delivery.unplanned(tx), delivery.manner(tx)
        if new:
            if how.reverse:
                self._wait_for_quiet()
            delivery.plan(self.store)
        with self.store.read() as tx:
            rows = delivery.due(tx, ROUND)
        futures = [self._pool.submit(self._carry_all, part) for part in _parts(rows, how.concurrent)]
        for future in futures:
            future.result()
        return len(rows)

    def _wait_for_quiet(self) -> None:
        seen = -1
        for _ in range(12):
            with self.store.read() as tx:
                waiting = delivery.unplanned(tx)
            if waiting == seen or self._stopping.wait(QUIET):
                return
            seen = waiting

    def _carry_all(self, rows: list[Row]) -> None:
        for row in rows:
            if self._stopping.is_set() or not self._carry(row):
                return

    def _carry(self, row: Row) -> bool:
        """One attempt; False when the endpoint did not answer, so that others need not wait behind it."""
        while not self.store.moving.acquire(timeout=0.2):  # signed while the clock runs, it would be stale on arrival
            if self._stopping.is_set():
                return False
        self.store.moving.release()
        with self.store.read() as tx:
            endpoint = tx.get(row["endpoint_id"])
            event = tx.sql("SELECT body FROM events WHERE id = ?", (row["event_id"],)).fetchone()
            at, offset = tx.now(), tx.offset()
        if endpoint is None or endpoint["status"] != "enabled":
            with self.store.write() as tx:
                delivery.give_up(tx, row["seq"], "The endpoint is gone or switched off.")
            return True
        body = event["body"].encode()
        status, answer = self._line(endpoint["id"]).post(
            endpoint["url"], body, _headers(signature(body, endpoint["secret"], at))
        )
        if status is None and self._stopping.is_set():
            return False
        with self.store.write() as tx:
            delivery.note(tx, row["seq"], at, status, answer, at_once=tx.offset() != offset)
        return status is not None

    def _line(self, endpoint_id: str) -> Line:
        mine: dict[str, Line] = self._mine.__dict__
        if endpoint_id not in mine:
            mine[endpoint_id] = Line()
            self._lines.append(mine[endpoint_id])
        return mine[endpoint_id]

    def forward(self, *, seconds: float = 0, days: int = 0, months: int = 0, patience: float = 20) -> int:
        """Move the clock, stopping on the way (for `patience` real seconds in all) to try again what is due.

        Returns the new sandbox time in unix seconds.
        """
        with self.store.read() as tx:
            now = tx.now()
        target = clock.months_later(now, months) + seconds + days * 86400
        until = time.monotonic() + patience
        while self._thread.is_alive() and time.monotonic() < until:
            with self.store.read() as tx:
                now, at = tx.now(), delivery.next_due(tx)
            # With far to go, a minute’s retries are made together.
            step = max(at, min(now + 60, target - 86400)) if at is not None else target
            if step >= target:
                break
            clock.advance(self.store, seconds=max(step - now, 0))
            self._settle(until)
        with self.store.read() as tx:
            left = target - tx.now()
        return clock.advance(self.store, seconds=max(left, 0))

    def _settle(self, until: float) -> None:
        """Wait until nothing that is due is left unsent."""
        while time.monotonic() < until and not self._stopping.is_set():
            with self.store.read() as tx:
                if not delivery.unplanned(tx) and not delivery.due(tx, 1):
                    return
            self._stopping.wait(0.02)


def _parts(rows: list[Row], concurrent: bool) -> list[list[Row]]:
    """Rows that are carried one after another: each endpoint's own, or dealt out in turn when concurrent."""
    parts: dict[Any, list[Row]] = {}
    for place, row in enumerate(rows):
        parts.setdefault(place % SIDES if concurrent else row["endpoint_id"], []).append(row)
    return list(parts.values())


def _headers(signed: str) -> dict[str, str]:
    return {
        "Content-Type": "application/json; charset=utf-8",
        "Accept": "*/*; q=0.5, application/xml",
        "Cache-Control": "no-cache",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "Stripe-Signature": signed,
    }
