"""The worker: one thing that cannot be done stops nothing else, and a slow worker undoes nothing."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask_babel import gettext
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from patronage.foundation import jobs, leases, outbox
from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Busy, Database, is_unavailable
from patronage.foundation.jobs import Job
from patronage.foundation.outbox import Letter
from patronage.foundation.post import Mailbox
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Duties, Worker

Handler = Callable[[Tools, dict[str, Any]], None]


def _breaks(_tools: Tools, *_data: object) -> bool:
    raise ZeroDivisionError


def _put(tools: Tools, kind: str = "test/work", **data: object) -> None:
    with tools.database.transaction() as session:
        jobs.put(session, kind, data, tools.clock.now())


def _job(tools: Tools) -> Job:
    with tools.database.reading() as session:
        return session.scalars(select(Job)).one()


def _letter(tools: Tools, kind: str, language: str = "en") -> None:
    with tools.database.transaction() as session:
        data = {"nonce": "abc"}
        outbox.write(session, kind, "reader@example.org", data, tools.clock.now(), language=language)


def test_a_turn_that_breaks_keeps_neither_letters_nor_jobs_from_being_done(
    app: Flask, tools: Tools, mailbox: Mailbox
) -> None:
    done: list[str] = []
    _put(tools)
    _letter(tools, "people/sign_in")
    worker = Worker(app, Duties({"test/work": lambda _tools, _data: done.append("job")}, (_breaks,)))
    with pytest.raises(ZeroDivisionError):
        worker.work_once()
    assert done == ["job"]
    assert len(mailbox.letters) == 1


def test_the_worker_goes_on_whatever_breaks(app: Flask) -> None:
    turns = 0

    def turn(tools: Tools) -> bool:
        nonlocal turns
        turns += 1
        if turns > 1:
            worker.stop()
        return _breaks(tools)

    worker = Worker(app, Duties({}, (turn,)))
    thread = threading.Thread(target=worker.work)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    assert turns == 2


def test_the_worker_waits_for_a_database_that_is_gone(app: Flask) -> None:
    reached: list[str] = []

    def after(_tools: Tools) -> bool:
        reached.append("after")
        return False

    def gone(_tools: Tools) -> bool:
        worker.stop()
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    worker = Worker(app, Duties({}, (gone, after)))
    worker.work()
    assert reached == []


def test_a_letter_that_cannot_be_drawn_stops_no_other(app: Flask, tools: Tools, mailbox: Mailbox) -> None:
    _letter(tools, "people/there_is_no_such_letter")
    _letter(tools, "people/sign_in")
    Worker(app, Duties({})).work_until_idle()
    assert len(mailbox.letters) == 1
    with tools.database.reading() as session:
        broken = session.scalars(select(Letter).where(Letter.done_at.is_(None))).one()
    assert "TemplateNotFound" in (broken.last_error or "")
    assert broken.data == {"nonce": "abc"}


def test_what_a_letter_said_is_forgotten_once_it_is_sent(app: Flask, tools: Tools) -> None:
    _letter(tools, "people/sign_in")
    Worker(app, Duties({})).work_until_idle()
    with tools.database.reading() as session:
        assert session.scalars(select(Letter)).one().data == {}


def test_a_job_nobody_here_does_is_kept(app: Flask, tools: Tools) -> None:
    _put(tools, "test/unknown")
    Worker(app, Duties({})).work_until_idle()
    job = _job(tools)
    assert (job.done_at, job.dead_at) == (None, None)
    assert "test/unknown" in (job.last_error or "")


def test_the_language_of_a_letter_is_not_that_of_the_next_job(app: Flask, tools: Tools) -> None:
    heard: list[str] = []

    def listen(_tools: Tools, _data: dict[str, Any]) -> None:
        from patronage.foundation.web.languages import language

        gettext("…")
        heard.append(language())

    _letter(tools, "people/sign_in", language="uk")
    _put(tools)
    Worker(app, Duties({"test/work": listen})).work_once()
    assert heard == ["en"]


@pytest.mark.parametrize("fails", [True, False])
def test_a_worker_whose_lease_ran_out_undoes_nothing(app: Flask, tools: Tools, clock: FrozenClock, fails: bool) -> None:
    """While one worker is slow, another takes the job over and finishes it."""

    def slow(_tools: Tools, _data: dict[str, Any]) -> None:
        clock.advance(seconds=leases.LEASE.total_seconds() + 1)
        with tools.database.transaction() as session:
            (overtaken,) = leases.take(session, Job, clock.now())
            leases.finish(overtaken, clock.now())
        finished.append(clock.now())
        clock.advance(seconds=1)
        if fails:
            raise OSError("too late")

    finished: list[datetime] = []
    _put(tools)
    Worker(app, Duties({"test/work": slow})).work_once()
    job = _job(tools)
    assert (job.done_at, job.dead_at, job.last_error) == (finished[0], None, None)


def test_a_failure_that_comes_too_late_does_not_end_anothers_lease(
    app: Flask, tools: Tools, clock: FrozenClock
) -> None:
    def slow(_tools: Tools, _data: dict[str, Any]) -> None:
        clock.advance(seconds=leases.LEASE.total_seconds() + 1)
        with tools.database.transaction() as session:
            leases.take(session, Job, clock.now())
        raise OSError("too late")

    _put(tools)
    Worker(app, Duties({"test/work": slow})).work_once()
    assert _job(tools).leased_until == clock.now() + leases.LEASE


def test_work_that_outlasts_its_lease_is_done_if_nobody_took_it(app: Flask, tools: Tools, clock: FrozenClock) -> None:
    def slow(_tools: Tools, _data: dict[str, Any]) -> None:
        clock.advance(minutes=5)

    _put(tools)
    Worker(app, Duties({"test/work": slow})).work_once()
    assert _job(tools).done_at == clock.now()


def test_a_job_that_kills_every_worker_is_given_up(database: Database, tools: Tools, clock: FrozenClock) -> None:
    _put(tools)
    taken = 0
    for _ in range(leases.TRIES + 3):
        with database.transaction() as session:
            taken += len(leases.take(session, Job, clock.now()))
        clock.advance(seconds=leases.LEASE.total_seconds() + 1)
    assert taken == leases.TRIES
    assert _job(tools).dead_at is not None
    assert _job(tools).last_error


@pytest.mark.parametrize(
    "error",
    [
        Busy(),
        OperationalError("", {}, Exception()),
        InterfaceError("", {}, Exception()),
        NoConnectionFree(),
        DBAPIError("", {}, Exception(), connection_invalidated=True),
    ],
)
def test_a_database_that_cannot_be_used_is_known_by_its_errors(error: Exception) -> None:
    assert is_unavailable(error)


def test_a_mistake_of_ours_is_not_taken_for_a_lost_database() -> None:
    assert not is_unavailable(ZeroDivisionError())
    assert not is_unavailable(DBAPIError("", {}, Exception()))


def test_what_was_asked_for_stands_in_no_error(database: Database) -> None:
    """An error's text goes into the log and beside the job; a token or an address must not come along."""
    with database.reading() as session, pytest.raises(Exception, match="there_is_none") as failed:
        session.execute(text("SELECT * FROM there_is_none WHERE a = :secret"), {"secret": "hush-hush"})
    assert "hush-hush" not in str(failed.value)
