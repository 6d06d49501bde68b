"""The doctor says what is wrong with an installation, and what to do about it."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from patronage.ballots import rounds
from patronage.ballots.models import Electorate, Policy
from patronage.foundation import jobs, leases
from patronage.foundation.clock import FrozenClock
from patronage.foundation.jobs import Job
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.giving.gateway import Gateway
from patronage.giving.intake.stripe_events import HANDLERS
from patronage.operation.doctor import examine
from patronage.people import staff
from tests.ballots.polls import a_draft, a_person


@pytest.fixture
def payments(gateway: Gateway) -> Gateway:
    """The real gateway, with the sandbox at its end."""
    return gateway


def _wrong(tools: Tools, settings: Settings) -> dict[str, str]:
    return {finding.name: finding.says for finding in examine(tools, settings) if not finding.well}


def test_a_new_installation_is_told_what_is_missing(tools: Tools, settings: Settings) -> None:
    wrong = _wrong(tools, settings)
    assert set(wrong) == {"stripe", "events", "mail", "staff"}
    assert "add it in the dashboard" in wrong["stripe"]
    assert "--role admin" in wrong["staff"]
    assert "does not answer" in wrong["mail"]


def test_what_was_put_right_is_well(tools: Tools, settings: Settings, tmp_path: Path) -> None:
    tools.payments.receive_events_at(settings.base_url + "/webhooks/stripe", sorted(HANDLERS))
    with tools.database.transaction() as session:
        staff.grant(session, "admin@newsroom.example", "admin", tools.clock.now())
    settled = settings.model_copy(update={"smtp_url": f"maildir://{tmp_path / 'mail'}"})
    assert set(_wrong(tools, settled)) == {"events"}


def test_an_endpoint_that_leaves_events_out_is_named(tools: Tools, settings: Settings) -> None:
    tools.payments.receive_events_at(settings.base_url + "/webhooks/stripe", ["invoice.paid"])
    assert "charge.succeeded" in _wrong(tools, settings)["stripe"]


def test_tasks_that_were_given_up_are_told(tools: Tools, settings: Settings) -> None:
    now = tools.clock.now()
    with tools.database.transaction() as session:
        jobs.put(session, "test/work", {}, now)
        (job,) = leases.take(session, Job, now)
        job.attempts = leases.TRIES
        leases.fail(job, OSError("no route"), now)
    assert "given up: 1" in _wrong(tools, settings)["tasks"]


def test_a_secret_key_changed_while_a_vote_is_open_is_found(tools: Tools, settings: Settings) -> None:
    now = tools.clock.now()
    with tools.database.transaction() as session:
        a_draft(session, now)
        round_ = a_draft(session, now)
        rounds.open_round(session, round_.id, settings.secret_key.get_secret_value(), None, now)
    assert "votes" not in _wrong(tools, settings)
    changed = settings.model_copy(update={"secret_key": SecretStr("another key, as long as the one before it was")})
    assert f"the key of round {round_.id} does not open" in _wrong(tools, changed)["votes"]
    assert "Put the old one back" in _wrong(tools, changed)["votes"]


def test_somebody_written_into_a_published_list_of_voters_is_found(tools: Tools, settings: Settings) -> None:
    now = tools.clock.now()
    with tools.database.transaction() as session:
        round_ = a_draft(session, now, policy=Policy.FROZEN)
        rounds.open_round(session, round_.id, settings.secret_key.get_secret_value(), None, now)
    assert "votes" not in _wrong(tools, settings)
    with tools.database.transaction() as session:
        session.add(Electorate(round_id=round_.id, person_id=a_person(session, now).id))
    assert "is not the one that was published" in _wrong(tools, settings)["votes"]


def test_a_worker_that_is_not_at_work_is_missed(tools: Tools, settings: Settings, clock: FrozenClock) -> None:
    with tools.database.transaction() as session:
        jobs.put(session, "test/work", {}, clock.now())
    assert "worker" not in _wrong(tools, settings)
    clock.advance(minutes=2)
    assert "is “patronage worker” running?" in _wrong(tools, settings)["worker"]
