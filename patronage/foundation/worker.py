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

IDLE_SECONDS = 0.25
TROUBLED_SECONDS = 1.0

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
        """Work in this thread until `stop` is called, whoever calls it; nothing that goes wrong ends it."""
        while not self._stopped.is_set():
            pause = IDLE_SECONDS
            try:
                did = self.work_once()
            except Exception as error:  # noqa: BLE001 - one thing that cannot be done must not stop all the others
                did, pause = False, TROUBLED_SECONDS
                if is_unavailable(error):
                    log().error("worker waits for the database", error=str(error)[:300])
            if not did:
                self._stopped.wait(pause)

    def work_once(self) -> bool:
        """Do one thing of each sort; tell whether there was anything to do.

        A sort that raises does not keep the others from their turn; the first error is raised after them. Without
        a database there is nothing to go on with, and the error is raised at once.
        """
        tools: Tools = self._app.extensions["patronage"].tools
        did, errors = False, []
        for turn in (*self._duties.turns, _send_letter, self._do_job):
            try:
                with self._app.test_request_context(base_url=_base(self._app)):
                    did = turn(tools) or did
            except Exception as error:
                if is_unavailable(error):
                    raise
                log().exception("a worker's turn failed", exc_info=error)
                errors.append(error)
        if errors:
            raise errors[0]
        return did

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
            _close(tools, job, _attempt(self._duties.handlers.get(job.kind), tools, job))
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


def _close(tools: Tools, taken: Job | Letter, error: Exception | None) -> None:
    """Write down how it went, unless the lease ran out meanwhile and another worker has it now."""
    now = tools.clock.now()
    with tools.database.transaction() as session:
        row = leases.held(session, taken)
        if row is None:
            log().warning("a lease ran out before its work was done", kind=taken.kind, row=taken.id)
        elif error is not None:
            leases.fail(row, error, now)
        else:
            leases.finish(row, now)
            if isinstance(row, Letter):
                row.data = {}


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
        _close(tools, letter, error)
    return bool(taken)


def _base(app: Flask) -> str:
    base: str = app.extensions["patronage"].settings.base_url
    return base
