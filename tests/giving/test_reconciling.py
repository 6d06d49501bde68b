"""Comparing with Stripe: what was lost on the way is found and mended, once, and a killed comparison goes on."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from patronage.foundation.database import Database
from patronage.foundation.jobs import Job
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.giving.duties import policy_of
from patronage.giving.models import Interval, Pledge
from patronage.giving.reconciling import lists, nightly, walking
from patronage.giving.reconciling.kinds import KINDS
from patronage.giving.reconciling.models import Reconciliation
from patronage.giving.reconciling.walking import Scope
from patronage.operation import commands, reconciling
from patronage.operation.checking import broken
from tests.giving.readers import Readers, picture, pledges


@pytest.fixture
def compared(tools: Tools, settings: Settings) -> Any:
    """`compared()` runs the command over everything, or over a scope; returns its status."""

    def run(**scope: Any) -> int:
        return reconciling.reconcile(tools, policy_of(settings), Scope(**scope))

    return run


def _what_nobody_was_told(readers: Readers) -> None:
    """Let a lot happen at Stripe of which not one event arrives."""
    for email in ("one@reader.example", "two@reader.example", "three@reader.example"):
        readers.stripe.pay(readers.offered(email=email))
    readers.stripe.pay(readers.offered(Interval.ONCE, email="once@reader.example"))
    readers.stripe.advance(months=1)
    api = readers.stripe.api
    charges = [event["data"]["object"]["id"] for event in readers.stripe.events("charge.succeeded")]
    api.refunds.create({"charge": charges[0], "amount": 200})
    readers.stripe.contest(charges[1])
    subscription = readers.stripe.events("customer.subscription.created")[2]["data"]["object"]["id"]
    api.subscriptions.cancel(subscription)
    readers.stripe.payouts("daily")
    readers.stripe.advance(days=9)


def test_where_all_was_told_nothing_differs(readers: Readers, compared: Any) -> None:
    readers.patron()
    readers.patron(Interval.ONCE, email="second@reader.example")
    assert compared() == reconciling.SAME


def test_what_nobody_was_told_is_found_and_mended(
    readers: Readers, tools: Tools, compared: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    _what_nobody_was_told(readers)
    assert compared(is_dry=True) == reconciling.REMAINS
    assert picture(tools)["payments"] == []
    assert compared() == reconciling.MENDED
    said = capsys.readouterr().out
    assert "is not known here" in said
    shown = picture(tools)
    assert [pledge["state"] for pledge in shown["pledges"]] == ["active", "active", "ended", "ended"]
    assert len(shown["payments"]) == 6  # the third was canceled before its renewal was charged
    assert {"refund", "dispute", "dispute_fee", "payout"} <= {entry[0] for entry in shown["ledger"]}
    assert compared() == reconciling.SAME
    assert [problem for problem in broken(tools) if "letter" not in problem and "job" not in problem] == []


def test_each_kind_finds_what_differs_by_itself(readers: Readers, compared: Any) -> None:
    for email in ("one@reader.example", "two@reader.example"):
        readers.patron(email=email)
    charges = [event["data"]["object"]["id"] for event in readers.stripe.events("charge.succeeded")]
    readers.stripe.api.refunds.create({"charge": charges[0]})
    readers.stripe.contest(charges[1])
    readers.stripe.pay(readers.offered(Interval.ONCE, email="three@reader.example", amount_minor=50000))
    readers.stripe.payouts("daily")
    readers.stripe.advance(days=5)
    for kind in ("refunds", "disputes", "charges"):
        assert compared(kinds=(kind,)) == reconciling.MENDED, kind
    assert compared(kinds=("payouts",), is_dry=True) == reconciling.REMAINS
    assert compared(kinds=("payouts",)) == reconciling.MENDED
    assert compared() == reconciling.SAME


def test_what_was_told_just_now_is_left_to_the_worker(readers: Readers, tools: Tools, compared: Any) -> None:
    readers.stripe.pay(readers.offered())
    readers.stripe.deliver(readers.app, *readers.stripe.events())
    assert compared() == reconciling.SAME
    assert picture(tools)["payments"] == []
    readers.wait(hours=2)  # nothing was applied: it is stuck
    assert compared(is_dry=True) == reconciling.REMAINS
    readers.apply()
    assert compared() == reconciling.SAME


def test_a_killed_comparison_goes_on_where_it_stood(
    readers: Readers, tools: Tools, settings: Settings, compared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "PAGE", 1)
    for number in range(3):
        readers.patron(email=f"reader{number}@reader.example")
    with tools.database.transaction() as session:
        run, _ = walking.begin(session, Scope(), tools.clock.now())
    walked = walking.steps(tools, policy_of(settings), run.id)
    assert [next(walked).seen, next(walked).seen] == [1, 1]
    del walked
    assert compared() == reconciling.SAME
    with tools.database.reading() as session:
        (run,) = session.scalars(select(Reconciliation))
        assert run.walk("subscriptions").seen == 3
        assert run.walk("subscriptions").met == 3


def test_what_was_mended_by_a_page_that_was_killed_is_counted(
    readers: Readers, tools: Tools, settings: Settings, compared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers.stripe.pay(readers.offered())
    with tools.database.transaction() as session:
        run, _ = walking.begin(session, Scope(), tools.clock.now())
    with monkeypatch.context() as killed:
        killed.setattr(walking._Page, "_counted", _die)
        with pytest.raises(KeyboardInterrupt):
            next(walking.steps(tools, policy_of(settings), run.id))
    assert picture(tools)["pledges"][0]["attached"]
    assert compared() == reconciling.MENDED


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_stripe_that_does_not_answer_leaves_it_unfinished(readers: Readers, compared: Any) -> None:
    readers.patron()
    readers.stripe.faults({"path": "/v1/invoices", "times": 1, "fault": "drop"})
    assert compared() == reconciling.UNFINISHED
    assert compared() == reconciling.SAME


def test_strangers_are_counted_and_left_alone(readers: Readers, tools: Tools, compared: Any) -> None:
    api = readers.stripe.api
    customer = api.customers.create({"email": "shop@elsewhere.example", "payment_method": "pm_card_visa"})
    api.payment_intents.create(
        {"amount": 900, "currency": "eur", "customer": customer.id, "payment_method": customer_card(api, customer.id),
         "confirm": True, "off_session": True}
    )  # fmt: skip
    assert compared() == reconciling.SAME
    with tools.database.reading() as session:
        assert session.scalars(select(Reconciliation)).one().total("strangers") == 1


def customer_card(api: Any, customer_id: str) -> str:
    """Return the card a customer of somebody else's shop pays with."""
    return str(api.payment_methods.list({"customer": customer_id}).data[0].id)


def test_what_stripe_does_not_know_remains(readers: Readers, database: Database, compared: Any) -> None:
    readers.patron()
    with database.transaction() as session:
        session.execute(update(Pledge).values(stripe_subscription_id="sub_of_another_account"))
    assert compared(kinds=("subscriptions",)) == reconciling.REMAINS


def test_what_stripe_could_not_deliver_is_replayed(readers: Readers, tools: Tools, settings: Settings) -> None:
    types = ["charge.succeeded", "invoice.paid", "customer.subscription.created", "checkout.session.completed"]
    readers.stripe.api.webhook_endpoints.create({"url": "http://127.0.0.1:9/", "enabled_events": types})
    readers.stripe.pay(readers.offered())
    policy = policy_of(settings)
    assert reconciling.replay(tools, policy, None) == reconciling.MENDED
    assert picture(tools)["pledges"][0]["state"] == "active"
    assert reconciling.replay(tools, policy, None) == reconciling.SAME


def test_every_night_is_compared_once(readers: Readers, tools: Tools, settings: Settings, worker: Worker) -> None:
    readers.patron()
    readers.stripe.advance(days=1)  # noon; the hour of this day is past
    policy = policy_of(settings)
    assert nightly.keep_comparing(tools, policy)
    assert not nightly.keep_comparing(tools, policy)
    worker.work_until_idle()
    with tools.database.reading() as session:
        run = session.scalars(select(Reconciliation)).one()
        assert run.begun_by == "night"
        assert run.ended_at is not None
        assert run.since == datetime(2026, 2, 27, tzinfo=UTC)
    assert reconciling.last_problem(tools) is None
    readers.wait(days=3)
    assert "3 days ago" in (reconciling.last_problem(tools) or "")


def test_a_long_night_is_done_in_portions(
    readers: Readers, tools: Tools, settings: Settings, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers.patron()
    monkeypatch.setattr(nightly, "LEASE", timedelta(seconds=-4))
    readers.stripe.advance(days=1)
    assert nightly.keep_comparing(tools, policy_of(settings))
    for _ in range(len(KINDS) + 1):
        worker.work_until_idle()
        readers.wait(seconds=1)
    with tools.database.reading() as session:
        assert session.scalars(select(Reconciliation)).one().ended_at is not None
        portions = session.scalars(select(Job).where(Job.kind == nightly.COMPARE)).all()
    assert len(portions) == len(KINDS) + 1
    assert all(job.done_at for job in portions)


def test_nothing_is_compared_where_nobody_was_sent_to_stripe(tools: Tools, settings: Settings, app: Flask) -> None:
    assert app.testing
    assert not nightly.keep_comparing(tools, policy_of(settings))


def test_pledges_are_read_as_events_read_them(readers: Readers, tools: Tools, compared: Any) -> None:
    readers.patron()
    with tools.database.transaction() as session:
        pledge = pledges(session)[0]
        pledge.amount_minor, pledge.next_charge_at = 700, None
    assert compared() == reconciling.MENDED
    with tools.database.reading() as session:
        assert pledges(session)[0].amount_minor == 500


def test_the_command_answers_in_json_with_its_status(readers: Readers, tools: Tools, app: Flask) -> None:
    readers.stripe.pay(readers.offered())
    runner = app.test_cli_runner()
    told = runner.invoke(commands.reconcile, ["--json", "--only", "subscriptions", "--since", "2026-03-01"])
    assert told.exit_code == reconciling.MENDED, told.output
    answer = json.loads(told.stdout)
    assert answer["kinds"]["subscriptions"]["mended"] == 1
    assert answer["differences"][0]["state"] == "mended"
    assert runner.invoke(commands.reconcile, ["--only", "subscriptions"]).exit_code == reconciling.SAME
    assert runner.invoke(commands.replay, []).exit_code == reconciling.SAME
    assert picture(tools)["pledges"][0]["attached"]
