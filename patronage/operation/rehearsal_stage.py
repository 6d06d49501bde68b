"""Where a rehearsal is played: the sandbox as a process, our pages and worker in this one, a database of its own."""

import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import func, or_, select
from werkzeug.serving import WSGIRequestHandler, make_server

from patronage.app import create_app, create_worker, tools_for
from patronage.foundation import logs
from patronage.foundation.jobs import Job
from patronage.foundation.migrations import upgrade
from patronage.foundation.settings import Settings, load
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.giving.duties import policy_of
from patronage.giving.gateway import Gateway
from patronage.giving.intake.stripe_events import HANDLERS
from patronage.giving.models import StripeEvent
from patronage.giving.standing import Policy
from patronage.operation import wire
from patronage.operation.demo_place import Place
from patronage.operation.supervising import Part

PATIENCE_SECONDS = 4.0  # for one answer of the sandbox; what hangs is given up sooner than in service
WORTH_WAITING_FOR = timedelta(minutes=15)
WORKERS = 2
MOST_TURNS = 1_000_000
ROUNDS = 60
HOP = 6  # days
A_WHILE = 90  # seconds; what was delivered late, or failed for a moment, is tried again by then


class Silent(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Stage:
    """The service as a rehearsal has it; `control` speaks to the sandbox, `settle` lets everything take effect."""

    place: Place
    app: Flask
    tools: Tools
    policy: Policy
    worker: Worker

    def control(self, method: str, path: str, asked: Any) -> Any:
        """Use one of the sandbox's own controls; return its answer. Raises `RuntimeError` when it refuses."""
        return wire.send_json(method, f"{self.place.sandbox_url}/_sandbox/{path}", asked)

    def advance(self, *, days: int = 0, seconds: int = 0) -> None:
        """Let time pass, and everything take effect that falls due; some days a call, which takes seconds each."""
        for hop in range(0, days, HOP):
            self.control("POST", "clock/advance", {"days": min(HOP, days - hop)})
        if seconds:
            self.control("POST", "clock/advance", {"seconds": seconds})
        self.settle()

    def settle(self) -> None:
        """Deliver and apply all there is; what comes late or failed for a moment is waited for."""
        late = int(wire.get_json(f"{self.place.sandbox_url}/_sandbox/delivery")["delay"])
        for _ in range(ROUNDS):
            if late:
                self.control("POST", "clock/advance", {"seconds": late + 1})
            if self._is_drained():
                self._work()
                if not self._waits():
                    return
            self.control("POST", "clock/advance", {"seconds": A_WHILE})
        raise RuntimeError("what Stripe told was not delivered and applied in an hour and a half")

    def _work(self) -> None:
        """Do all that is due, several workers at once as a large newsroom has them, and then what they left."""
        with ThreadPoolExecutor(WORKERS) as workers:
            for done in [workers.submit(self.worker.work_until_idle, MOST_TURNS) for _ in range(WORKERS)]:
                done.result()
        self.worker.work_until_idle(MOST_TURNS)

    def _is_drained(self) -> bool:
        return bool(wire.get_json(f"{self.place.sandbox_url}/_sandbox/deliveries/drained")["drained"])

    def _waits(self) -> bool:
        soon = self.tools.clock.now() + WORTH_WAITING_FOR
        events = select(func.count()).where(StripeEvent.applied_at.is_(None), StripeEvent.due_at <= soon)
        failed = select(func.count()).where(
            Job.done_at.is_(None), Job.dead_at.is_(None), Job.due_at <= soon,
            or_(Job.attempts > 0, Job.due_at <= self.tools.clock.now()),
        )  # fmt: skip
        with self.tools.database.reading() as session:
            return bool(session.scalar(events) or session.scalar(failed))


@contextmanager
def stage(var: Path, database_url: str, ago: timedelta) -> Iterator[Stage]:
    """Open the service in the folder `var` on a migrated database, its clocks `ago` back; close it afterwards."""
    place = Place(var.resolve(), _free_port(), _free_port())
    var.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ, "SANDBOX_PORT": str(place.sandbox_port), "VAR": str(place.var),
        "SANDBOX_AGO": str(int(ago.total_seconds())),
    }  # fmt: skip
    with place.log.open("a", encoding="utf-8") as log, _process(Part("sandbox", ["sandbox"], environment, place.log)):
        wire.wait_for("the sandbox", lambda: wire.answers(place.sandbox_url + "/healthz"))
        logs.configure(into=log)
        try:
            with _service(place, database_url) as opened:
                yield opened
        finally:
            logs.configure(human=True)


@contextmanager
def _process(part: Part) -> Iterator[None]:
    process = part.start()
    try:
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS * 5)
        if process.stdin:
            process.stdin.close()


@contextmanager
def _service(place: Place, database_url: str) -> Iterator[Stage]:
    server = make_server("127.0.0.1", place.port, _nobody, threaded=True, request_handler=Silent)
    settings = _settings(place, database_url)
    upgrade(database_url)
    known = tools_for(settings)
    # No second try inside the library: what the sandbox does to a call is to reach our own code.
    gateway = Gateway(settings, retries=0, timeout=PATIENCE_SECONDS)
    tools = Tools(known.database, known.clock, known.post, gateway)
    app = create_app(settings, tools)
    server.app = app
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        with app.test_request_context(base_url=settings.base_url):
            yield Stage(place, app, tools, policy_of(settings), create_worker(app))
    finally:
        server.shutdown()
        thread.join(PATIENCE_SECONDS)
        server.server_close()
        tools.database.close()


def _settings(place: Place, database_url: str) -> Settings:
    """Return the settings of the rehearsal, with the secret of the endpoint that the sandbox is told of."""
    given = {**place.generated("whsec_not_known_yet"), "PATRONAGE_DATABASE_URL": database_url}
    known = {name.removeprefix("PATRONAGE_").lower(): value for name, value in given.items()}
    gateway = Gateway(load(**known))
    secret = gateway.receive_events_at(place.base_url + "/webhooks/stripe", sorted(HANDLERS))
    return load(**{**known, "stripe_webhook_secret": secret or ""})


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def _nobody(_environ: object, _start: object) -> list[bytes]:
    raise RuntimeError("the pages are not ready yet")
