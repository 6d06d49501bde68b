"""Letters and jobs: written with the fact, done once by one worker, tried again, never lost."""

import contextlib
import threading
from datetime import datetime, timedelta
from email.message import EmailMessage

from sqlalchemy import select

from patronage.foundation import jobs, leases, outbox
from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Database
from patronage.foundation.jobs import Job
from patronage.foundation.outbox import Letter


def _put(database: Database, now: datetime, number: int = 1) -> None:
    with database.transaction() as session:
        for each in range(number):
            jobs.put(session, "test/count", {"number": each}, now)


def test_a_job_is_written_only_if_its_transaction_is(database: Database, now: datetime) -> None:
    with contextlib.suppress(ZeroDivisionError), database.transaction() as session:
        jobs.put(session, "test/count", {}, now)
        _ = 1 / 0
    with database.reading() as session:
        assert session.scalars(select(Job)).all() == []


def test_a_job_named_once_is_written_once(database: Database, now: datetime) -> None:
    for _ in range(3):
        with database.transaction() as session:
            jobs.put(session, "test/count", {}, now, once="the only one")
    with database.reading() as session:
        assert len(session.scalars(select(Job)).all()) == 1


def test_workers_at_once_never_take_the_same_job(database: Database, now: datetime) -> None:
    _put(database, now, 40)
    taken: list[int] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        while True:
            with database.transaction() as session:
                rows = leases.take(session, Job, now)
                for row in rows:
                    taken.append(row.id)
                    leases.finish(row, now)
            if not rows:
                return

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(taken) == sorted(set(taken))
    assert len(taken) == 40


def test_a_job_whose_worker_died_is_taken_again_when_its_lease_is_over(database: Database, now: datetime) -> None:
    _put(database, now)
    with database.transaction() as session:
        assert len(leases.take(session, Job, now)) == 1
    with database.transaction() as session:
        assert leases.take(session, Job, now + timedelta(seconds=90)) == []
    with database.transaction() as session:
        assert len(leases.take(session, Job, now + leases.LEASE + timedelta(seconds=1))) == 1


def test_what_fails_is_tried_with_growing_gaps_and_shown_when_dead(database: Database, clock: FrozenClock) -> None:
    _put(database, clock.now())
    waits = []
    for _ in range(leases.TRIES):
        with database.transaction() as session:
            (job,) = leases.take(session, Job, clock.now())
            leases.fail(job, OSError("no route"), clock.now())
            waits.append(job.due_at - clock.now())
        clock.advance(days=1)
    assert waits == sorted(waits)
    with database.reading() as session:
        job = session.scalars(select(Job)).one()
    assert job.dead_at is not None
    assert job.last_error == "OSError: no route"


def test_a_recurring_job_comes_due_again(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        jobs.put_again(session, "test/nightly", {}, now, once="nightly")
        leases.finish(session.scalars(select(Job)).one(), now)
    with database.transaction() as session:
        jobs.put_again(session, "test/nightly", {"turn": 2}, now + timedelta(days=1), once="nightly")
    with database.reading() as session:
        job = session.scalars(select(Job)).one()
    assert (job.done_at, job.data) == (None, {"turn": 2})


def test_a_fact_told_twice_is_one_letter(database: Database, now: datetime) -> None:
    for expected in (True, False):
        with database.transaction() as session:
            assert outbox.write(session, "test/letter", "a@example.org", {}, now, once="receipt:1") is expected


def test_every_letter_has_its_own_message_id_of_our_domain(database_url: str, now: datetime) -> None:
    database = Database(database_url, mail_domain="post.example.org")
    with database.transaction() as session:
        for _ in range(5):
            outbox.write(session, "test/letter", "a@example.org", {}, now)
        ids = session.scalars(select(Letter.message_id)).all()
    database.close()
    assert len(set(ids)) == 5
    assert all(each.endswith("@post.example.org>") for each in ids)


def test_the_mailbox_of_tests_keeps_what_was_sent() -> None:
    from patronage.foundation.post import Mailbox

    box, letter = Mailbox(), EmailMessage()
    letter["To"] = "Reader <reader@example.org>"
    box.send(letter)
    assert box.to("reader@example.org") == [letter]
