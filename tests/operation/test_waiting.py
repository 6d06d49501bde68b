"""What waits and what was given up is listed with its reason, and can be tried again."""

from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import insert, update

from patronage.foundation import jobs, leases, outbox
from patronage.foundation.jobs import Job
from patronage.foundation.outbox import Letter
from patronage.foundation.tools import Tools
from patronage.giving.models import Outcome, StripeEvent
from patronage.operation.waiting import listed, revive


def _event(tools: Tools, now: datetime, number: int, outcome: Outcome | None) -> None:
    event = {
        "event_id": f"evt_{number}", "type": "charge.succeeded", "payload": {}, "received_at": now, "due_at": now,
        "attempts": 0, "outcome": outcome, "applied_at": now if outcome else None,
    }  # fmt: skip
    with tools.database.transaction() as session:
        session.execute(insert(StripeEvent).values(event))


def _fill(tools: Tools, now: datetime) -> None:
    """One of each sort waits, one was given up, one is done."""
    with tools.database.transaction() as session:
        for state in ("waits", "dead", "done"):
            jobs.put(session, f"test/{state}", {}, now)
            outbox.write(session, f"test/{state}", "a@example.org", {"secret": "hush"}, now)
        dead = {"dead_at": now, "attempts": leases.TRIES, "last_error": "OSError: no route"}
        for table in (Job, Letter):
            session.execute(update(table).where(table.kind == "test/dead").values(dead))
            session.execute(update(table).where(table.kind == "test/done").values(done_at=now))
    for number, outcome in enumerate((None, Outcome.FAILED, Outcome.APPLIED, Outcome.UNMATCHED)):
        _event(tools, now, number, outcome)


def test_what_waits_and_what_was_given_up_is_listed(tools: Tools, now: datetime) -> None:
    _fill(tools, now)
    lines = listed(tools)
    assert [line.split()[0] for line in lines] == ["job", "job", "letter", "letter", "event", "event"]
    assert all("done" not in line for line in lines)
    assert not any("hush" in line or "@" in line for line in lines)


def test_only_what_was_given_up_is_listed_with_its_reason(tools: Tools, now: datetime) -> None:
    _fill(tools, now)
    lines = listed(tools, only_dead=True)
    assert [line.split()[0] for line in lines] == ["job", "letter", "event"]
    assert all("dead" in line and "no route" in line for line in lines[:2])
    assert "evt_1" in lines[2]


def test_what_was_given_up_is_tried_again_from_the_start(tools: Tools, now: datetime) -> None:
    _fill(tools, now)
    assert revive(tools) == 3
    assert listed(tools, only_dead=True) == []
    with tools.database.transaction() as session:
        assert {job.kind for job in leases.take(session, Job, now, most=9)} == {"test/waits", "test/dead"}
        assert {letter.attempts for letter in leases.take(session, Letter, now, most=9)} == {1}
    assert revive(tools) == 0


def test_what_failed_and_would_wait_for_hours_is_tried_now(tools: Tools, now: datetime) -> None:
    with tools.database.transaction() as session:
        for name in ("failed", "in hand", "not due"):
            jobs.put(session, f"test/{name}", {}, now + timedelta(hours=12))
        tried = update(Job).where(Job.kind != "test/not due").values(attempts=9, last_error="KeyDoesNotOpen")
        session.execute(tried)
        session.execute(update(Job).where(Job.kind == "test/in hand").values(leased_until=now))
    assert revive(tools) == 1
    with tools.database.transaction() as session:
        assert [job.kind for job in leases.take(session, Job, now, most=9)] == ["test/failed"]


def test_a_long_list_is_cut(tools: Tools, now: datetime) -> None:
    with tools.database.transaction() as session:
        for number in range(205):
            jobs.put(session, "test/many", {}, now + timedelta(seconds=number))
    assert len(listed(tools)) == 200


def test_the_command_lists_and_revives(app: Flask, tools: Tools, now: datetime) -> None:
    from patronage.cli import cli

    runner = app.test_cli_runner()
    assert runner.invoke(cli.commands["jobs"]).output == "Nothing waits.\n"
    _fill(tools, now)
    assert runner.invoke(cli.commands["jobs"], ["--dead"]).output.endswith("3 in all.\n")
    assert runner.invoke(cli.commands["jobs"], ["--again"]).output == "3 will be tried again.\n"
