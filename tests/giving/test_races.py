"""Deliveries that race: each test first shows what goes wrong without the lock."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from patronage.books.models import LedgerEntry, Payment
from patronage.foundation.outbox import Letter
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.giving.duties import policy_of
from patronage.giving.gateway import Answer, Gateway
from patronage.giving.intake import applying, whose
from patronage.giving.intake.told import Matter
from patronage.giving.models import Pledge, StripeEvent
from patronage.sandbox.serving import RunningSandbox
from tests.giving.readers import Readers, picture, pledges


class SlowGateway(Gateway):
    """The real gateway, in which something may happen between Stripe's answer and our use of it."""

    meanwhile: Callable[[], None] | None = None

    def fetch_subscription(self, subscription_id: str) -> Answer:
        """Return a subscription, after what happens meanwhile."""
        answer = super().fetch_subscription(subscription_id)
        if self.meanwhile:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        return answer


@pytest.fixture
def payments(sandbox: RunningSandbox, settings: Settings) -> SlowGateway:
    """The slow gateway."""
    return SlowGateway(settings.model_copy(update={"stripe_api_base": sandbox.url}), retries=0)


def _end_meanwhile(readers: Readers, payments: SlowGateway) -> None:
    """Ask about a subscription; while our answer is on its way it is ended, and that is applied by another."""
    policy, tools = policy_of(readers.settings), readers.tools
    with tools.database.reading() as session:
        subscription_id = str(pledges(session)[-1].stripe_subscription_id)

    def end() -> None:
        readers.stripe.api.subscriptions.cancel(subscription_id)
        applying.apply(tools, policy, Matter.SUBSCRIPTION, subscription_id, {})

    payments.meanwhile = end
    applying.apply(tools, policy, Matter.SUBSCRIPTION, subscription_id, {})


def test_an_older_answer_does_not_overwrite_a_newer_one(
    readers: Readers, tools: Tools, payments: SlowGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers.patron(email="unguarded@reader.example")
    with monkeypatch.context() as unguarded:
        unguarded.setattr(whose, "has_moved", lambda *_: False)
        _end_meanwhile(readers, payments)
    assert picture(tools)["pledges"][0]["state"] == "active"  # the older answer won, though the pledge is over
    readers.patron(email="guarded@reader.example")
    _end_meanwhile(readers, payments)
    assert picture(tools)["pledges"][1]["state"] == "ended"


def test_a_stale_payload_after_a_newer_one_changes_nothing(readers: Readers, tools: Tools) -> None:
    readers.patron()
    with tools.database.reading() as session:
        subscription_id = pledges(session)[0].stripe_subscription_id
    seen = len(readers.stripe.events())
    readers.stripe.api.subscriptions.cancel(subscription_id)
    readers.catch_up(seen)
    ended = picture(tools)
    old = readers.stripe.events("customer.subscription.created")[0]
    assert old["data"]["object"]["status"] == "active"
    readers.stripe.deliver(readers.app, {**old, "id": "evt_sent_again_under_another_id"})
    readers.apply()
    assert picture(tools) == ended


def test_one_fact_applied_by_many_at_once_has_one_effect(readers: Readers, tools: Tools) -> None:
    readers.stripe.pay(readers.offered())
    told = [
        (matter, event["data"]["object"])
        for name, matter in (
            ("charge.succeeded", Matter.CHARGE),
            ("customer.subscription.created", Matter.SUBSCRIPTION),
            ("invoice.paid", Matter.INVOICE),
            ("checkout.session.completed", Matter.SESSION),
        )
        for event in readers.stripe.events(name)
    ]
    policy = policy_of(readers.settings)
    _at_once([partial(applying.apply, tools, policy, matter, each["id"], each) for matter, each in told * 2])
    with tools.database.reading() as session:
        counts = [session.scalar(select(func.count()).select_from(t)) for t in (Pledge, Payment, LedgerEntry, Letter)]
    assert counts == [1, 1, 2, 1]


def test_a_refund_and_a_dispute_applied_by_many_at_once_are_entered_once(readers: Readers, tools: Tools) -> None:
    readers.patron()
    charge_id = readers.stripe.events("charge.updated")[-1]["data"]["object"]["id"]
    readers.stripe.api.refunds.create({"charge": charge_id, "amount": 100})
    readers.stripe.dispute(charge_id, amount=200)
    policy = policy_of(readers.settings)
    matters = (Matter.MONEY_BACK, Matter.CHARGE, Matter.WARNING)
    _at_once([partial(applying.apply, tools, policy, matter, charge_id, {}) for matter in matters * 2])
    shown = picture(tools)
    assert [entry[0] for entry in shown["ledger"]] == ["dispute", "dispute_fee", "fee", "payment", "refund"]
    assert shown["letters"] == ["giving/receipt", "giving/refunded"]


def test_the_same_event_at_once_from_two_sides_is_kept_once(readers: Readers, tools: Tools, app: Flask) -> None:
    readers.stripe.pay(readers.offered())
    (event,) = readers.stripe.events("charge.succeeded")
    answers: list[int] = []
    _at_once([lambda: answers.append(readers.stripe.deliver(app, event)[0].status_code)] * 6)
    assert answers == [200] * 6
    with tools.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(StripeEvent)) == 1


def test_two_workers_share_the_waiting_events(readers: Readers, tools: Tools) -> None:
    for number in range(4):
        readers.stripe.pay(readers.offered(email=f"reader{number}@reader.example"))
    readers.stripe.deliver(readers.app, *readers.stripe.events())
    _at_once([readers.apply] * 2)
    readers.apply()
    shown = picture(tools)
    assert shown["letters"] == ["giving/receipt"] * 4
    assert [entry[0] for entry in shown["ledger"]] == ["fee"] * 4 + ["payment"] * 4


def _at_once(deeds: list[Callable[[], Any]]) -> None:
    """Do all `deeds` at the same time; an error in one is an error here."""
    start, errors = threading.Barrier(len(deeds)), list[BaseException]()

    def run(deed: Callable[[], Any]) -> None:
        start.wait()
        try:
            deed()
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
