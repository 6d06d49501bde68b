"""The worker: takes events, letters and jobs by lease and does them, one transaction each, until told to stop."""

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask

from patronage.foundation import leases
from patronage.foundation.database import is_unavailable
from patronage.foundation.jobs import Job
from patronage.foundation.letters import compose, extra_for
from patronage.foundation.logs import log
from patronage.foundation.outbox import Letter
from patronage.foundation.tools import Tools
from patronage.foundation.web.house import here

IDLE_SECONDS = 0.25

Handler = Callable[[Tools, dict[str, Any]], None]
Turn = Callable[[Tools], bool]


@dataclass(frozen=True)
class Duties:
    """What the worker does: job handlers by kind, and turns (each does one thing and tells whether there was one)."""

    handlers: dict[str, Handler]
    turns: tuple[Turn, ...] = ()


class Worker:
    """Works until `stop` is called; several may work on one database at once."""

    def __init__(self, app: Flask, duties: Duties) -> None:
        self._app, self._duties = app, duties
        self._stopped = threading.Event()

    def stop(self, *_signal: object) -> None:
        """Finish what is in hand, then stop."""
        self._stopped.set()

    def run(self) -> None:
        """Work until the process is told to stop; a lost database is waited for."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        self.work()

    def work(self) -> None:
        """Work in this thread until `stop` is called, whoever calls it."""
        while not self._stopped.is_set():
            try:
                idle = not self.work_once()
            except Exception as error:
                if not is_unavailable(error):
                    raise
                log().error("worker waits for the database", error=str(error)[:300])
                idle = True
            if idle:
                self._stopped.wait(IDLE_SECONDS)

    def work_once(self) -> bool:
        """Do one thing of each sort; tell whether there was anything to do."""
        with self._app.test_request_context(base_url=_base(self._app)):
            tools = here().tools
            did = [turn(tools) for turn in self._duties.turns]
            return any([*did, _send_letter(tools), self._do_job(tools)])

    def work_until_idle(self, most: int = 10_000) -> int:
        """Work until nothing is due; return how many rounds it took. For commands and tests."""
        for rounds in range(most):
            if not self.work_once():
                return rounds
        raise RuntimeError(f"there was still something to do after {most} rounds")

    def _do_job(self, tools: Tools) -> bool:
        if not leases.waiting(tools.database, Job, tools.clock.now()):
            return False
        with tools.database.transaction() as session:
            taken = leases.take(session, Job, tools.clock.now())
        for job in taken:
            error = _attempt(self._duties.handlers.get(job.kind), tools, job)
            with tools.database.transaction() as session:
                _close(session.get_one(Job, job.id), error, tools)
        return bool(taken)


def _attempt(handler: Handler | None, tools: Tools, job: Job) -> Exception | None:
    if handler is None:
        return LookupError(f"nobody here does jobs of kind {job.kind}")
    try:
        handler(tools, job.data)
    except Exception as error:  # noqa: BLE001 - whatever it was, it is written beside the job and tried again
        log().exception("job failed", job=job.id, kind=job.kind, exc_info=error)
        return error
    return None


def _close(row: leases.LeasedRow, error: Exception | None, tools: Tools) -> None:
    now = tools.clock.now()
    if error is None:
        leases.finish(row, now)
    else:
        leases.fail(row, error, now)


def _send_letter(tools: Tools) -> bool:
    if not leases.waiting(tools.database, Letter, tools.clock.now()):
        return False
    with tools.database.transaction() as session:
        taken = leases.take(session, Letter, tools.clock.now())
    for letter in taken:
        error: Exception | None = None
        try:
            tools.post.send(compose(letter, extra_for(letter)))
        except Exception as problem:  # noqa: BLE001 - written beside the letter and tried again
            log().error("letter not sent", letter=letter.id, kind=letter.kind, error=str(problem)[:300])
            error = problem
        with tools.database.transaction() as session:
            row = session.get_one(Letter, letter.id)
            _close(row, error, tools)
            if error is None:
                row.data = {}
    return bool(taken)


def _base(app: Flask) -> str:
    base: str = app.extensions["patronage"].settings.base_url
    return base
