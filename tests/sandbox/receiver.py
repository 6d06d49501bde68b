"""A webhook receiver on loopback that keeps what it is sent, and answers as it is told."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from patronage.sandbox import events
from patronage.sandbox.store import Json, Store

SECRET = "whsec_receiver"


@dataclass
class Taken:
    """One webhook as it came in, and how many others were being handled then."""

    body: bytes
    signature: str
    beside: int

    @property
    def event(self) -> dict[str, Any]:
        """The event in the body."""
        event: dict[str, Any] = json.loads(self.body)
        return event


class Receiver:
    """Counts, keeps and answers; `answer` maps the how-many-eth (from 1) to a status."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.answer: Callable[[int], int] = lambda _nth: 200
        self.slowness = 0.0
        self.goes_on = threading.Event()  # cleared by `hold`
        self.goes_on.set()
        self._busy = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def _handler(receiver) -> type[BaseHTTPRequestHandler]:  # noqa: N805  # `self` is the handler's, within
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.take(body, self.headers["Stripe-Signature"])
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler

    def take(self, body: bytes, signature: str) -> int:
        """Keep one webhook; the status it is answered with."""
        with self._lock:
            self._busy += 1
        time.sleep(self.slowness)
        self.goes_on.wait()
        with self._lock:
            self.taken.append(Taken(body, signature, self._busy - 1))
            self._busy -= 1
            return self.answer(len(self.taken))

    @contextmanager
    def running(self) -> Iterator["Receiver"]:
        """Serve from a thread for a while."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            self.goes_on.set()
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def hold(self) -> None:
        """Answer nobody until the end."""
        self.goes_on.clear()

    def ids(self) -> list[str]:
        """The ids of the events in the order they came."""
        return [taken.event["id"] for taken in self.taken]

    def wait_for_a_caller(self, seconds: float = 30) -> None:
        """Wait until somebody is waiting for an answer."""
        until = time.monotonic() + seconds
        while not self._busy:
            assert time.monotonic() < until, "nobody called"
            time.sleep(0.01)

    def wait_for(self, count: int, seconds: float = 30) -> None:
        """Wait until at least so many have come."""
        until = time.monotonic() + seconds
        while len(self.taken) < count:
            assert time.monotonic() < until, f"{len(self.taken)} of {count} webhooks came"
            time.sleep(0.01)


def listen(store: Store, url: str, id: str = "we_1", enabled: tuple[str, ...] = ("*",)) -> None:
    """Let an endpoint be told."""
    endpoint = {
        "id": id,
        "object": "webhook_endpoint",
        "url": url,
        "secret": SECRET,
        "enabled_events": list(enabled),
        "status": "enabled",
        "created": 1,
    }
    with store.write() as tx:
        tx.put(endpoint)


def happen(store: Store, count: int = 1, type: str = "customer.updated") -> list[str]:
    """Let so many events happen in one transaction; their ids in order."""
    with store.write() as tx:
        customers: list[Json] = [{"id": f"cus_{n}", "object": "customer"} for n in range(count)]
        return [events.emit(tx, type, customer)["id"] for customer in customers]
