"""Events that cannot be applied: none of them stops those behind it, whatever it holds and whatever it does."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from patronage.foundation.leases import LEASE, TRIES
from patronage.foundation.tools import Tools
from patronage.giving.duties import policy_of
from patronage.giving.gateway import GatewayRefused
from patronage.giving.intake import applying, waiting_events
from patronage.giving.models import Outcome, StripeEvent
from tests.giving.readers import Readers, outcomes, pledges

SUBSCRIPTION, INVOICE, CHARGE = "customer.subscription.updated", "invoice.paid", "charge.succeeded"
STRANGE: list[tuple[str, dict[str, Any]]] = [
    (SUBSCRIPTION, {"id": ["sub_1"]}),
    (SUBSCRIPTION, {"id": "sub_1\x00", "object": "subscription"}),
    (SUBSCRIPTION, {"id": "sub_1\ud800", "object": "subscription"}),
    (SUBSCRIPTION, {"id": "../customers", "object": "subscription"}),
    (SUBSCRIPTION, {"id": "sub_1", "object": "subscription", "metadata": ["patronage_pledge"]}),
    (SUBSCRIPTION, {"id": "sub_1", "object": "subscription", "metadata": {"patronage_pledge": "P-\x00"}}),
    (SUBSCRIPTION, {"id": "sub_1", "object": "subscription", "metadata": {"patronage_pledge": {"a": 1}}}),
    (INVOICE, {"id": "in_1", "object": "invoice", "parent": {"subscription_details": {"subscription": {"a": 1}}}}),
    (INVOICE, {"id": "in_1", "object": "invoice", "parent": {"subscription_details": {"subscription": 10**30}}}),
    (INVOICE, {"id": "in_1", "object": "invoice", "parent": {"subscription_details": {"subscription": "\x00"}}}),
    (INVOICE, {"id": "in_1", "object": "invoice", "parent": []}),
    (CHARGE, {"id": "ch_1", "object": "charge", "payment_intent": 7}),
    (CHARGE, {"id": "ch_1", "object": "charge", "payment_intent": {"id": {"id": "pi_1"}}}),
    (CHARGE, {"id": "ch_1", "object": "charge", "payment_intent": "pi_\x00"}),
    ("checkout.session.completed", {"id": "cs_1", "object": "checkout.session", "subscription": [1]}),
    ("checkout.session.completed", {"id": "cs_1", "object": "checkout.session", "client_reference_id": 7}),
]


def _event(number: int, type: str, payload: Any) -> dict[str, Any]:
    return {"id": f"evt_strange{number}", "type": type, "livemode": False, "data": {"object": payload}}


@pytest.mark.parametrize(("type", "payload"), STRANGE)
def test_ids_and_marks_of_any_shape_are_nobodys(
    readers: Readers, tools: Tools, type: str, payload: dict[str, Any]
) -> None:
    (answer,) = readers.stripe.deliver(readers.app, _event(1, type, payload))
    assert answer.status_code == 200
    readers.apply()
    assert set(outcomes(tools).values()) <= {Outcome.UNMATCHED, Outcome.IGNORED}


def test_nesting_deeper_than_any_event_is_refused_at_the_door(readers: Readers, tools: Tools) -> None:
    deep = json.dumps(_event(1, CHARGE, {})).replace("{}", '{"a":' * 700 + "{}" + "}" * 700).encode()
    assert readers.stripe.knock(readers.app, deep, readers.stripe.signature(deep)).status_code == 400
    wide = json.dumps(_event(2, CHARGE, {"id": "ch_1", "lines": [{}] * 5000})).encode()
    assert readers.stripe.knock(readers.app, wide, readers.stripe.signature(wide)).status_code == 200
    readers.apply()
    assert list(outcomes(tools)) == ["evt_strange2"]


class Killed(BaseException):
    """What stands for a worker that dies in the middle: nothing catches it."""


def test_an_event_that_kills_its_worker_is_given_up_and_the_others_are_applied(
    readers: Readers, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers.stripe.deliver(readers.app, _event(1, CHARGE, {"id": "ch_kills", "object": "charge"}))
    readers.wait(seconds=1)
    readers.stripe.pay(readers.offered())
    readers.stripe.deliver(readers.app, *readers.stripe.events())
    apply = applying.apply

    def deadly(tools: Any, policy: Any, matter: Any, stripe_id: str, *rest: Any) -> Outcome:
        if stripe_id == "ch_kills":
            raise Killed
        return apply(tools, policy, matter, stripe_id, *rest)

    monkeypatch.setattr(applying, "apply", deadly)
    for _ in range(TRIES + 3):
        try:
            while waiting_events.take_up(tools, policy_of(readers.settings)):
                pass
        except Killed:
            readers.wait(seconds=LEASE.total_seconds() + 1)
    after = outcomes(tools)
    assert after.pop("evt_strange1") == Outcome.FAILED
    assert set(after.values()) <= {Outcome.APPLIED, Outcome.IGNORED}
    with tools.database.reading() as session:
        assert pledges(session)[0].settled_at
        lost = session.scalars(select(StripeEvent).where(StripeEvent.event_id == "evt_strange1")).one()
    assert lost.last_error == "no worker ever came to the end of it"


def test_a_slow_worker_that_fails_does_not_undo_what_another_has_applied(
    readers: Readers, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers.stripe.pay(readers.offered())
    (event,) = readers.stripe.events("charge.succeeded")
    readers.stripe.deliver(readers.app, event)
    apply = applying.apply

    def slow(*asked: Any) -> Outcome:
        monkeypatch.setattr(applying, "apply", apply)
        readers.wait(seconds=LEASE.total_seconds() + 1)
        readers.apply()
        raise RuntimeError("too late")

    monkeypatch.setattr(applying, "apply", slow)
    readers.apply()
    with tools.database.reading() as session:
        row = session.scalars(select(StripeEvent)).one()
    assert (row.outcome, row.last_error) == (Outcome.APPLIED, None)


def test_however_long_stripe_is_silent_no_event_is_given_up_and_none_waits_long_after(
    readers: Readers, tools: Tools
) -> None:
    readers.stripe.pay(readers.offered())
    readers.stripe.deliver(readers.app, *readers.stripe.events())
    readers.stripe.faults({"path": "/v1/", "times": 1000, "fault": "500"})
    for _ in range(3 * TRIES):
        readers.apply()
        readers.wait(seconds=121)
    readers.stripe.faults()
    readers.apply()
    assert set(outcomes(tools).values()) <= {Outcome.APPLIED, Outcome.IGNORED}


def test_while_stripe_is_slow_the_rest_is_let_go_before_its_lease_runs_out(
    readers: Readers, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        readers.stripe.pay(readers.offered(email=f"reader{number}@reader.example"))
    readers.stripe.deliver(readers.app, *readers.stripe.events("charge.succeeded"))
    apply = applying.apply

    def slow(*asked: Any) -> Outcome:
        readers.wait(seconds=LEASE.total_seconds() * 0.6)
        return apply(*asked)

    monkeypatch.setattr(applying, "apply", slow)
    assert waiting_events.take_up(tools, policy_of(readers.settings))
    with tools.database.reading() as session:
        rows = session.scalars(select(StripeEvent).where(StripeEvent.applied_at.is_(None))).all()
    assert [(row.leased_until, row.attempts) for row in rows] == [(None, 0)] * 2


@pytest.mark.parametrize(("status", "outcome"), [(401, None), (403, None), (400, Outcome.FAILED)])
def test_while_our_key_is_refused_no_event_is_given_up(
    readers: Readers, tools: Tools, monkeypatch: pytest.MonkeyPatch, status: int, outcome: Outcome | None
) -> None:
    readers.stripe.deliver(readers.app, _event(1, CHARGE, {"id": "ch_1", "object": "charge"}))

    def refused(*_asked: Any) -> Outcome:
        raise GatewayRefused("Expired API Key provided", status)

    monkeypatch.setattr(applying, "apply", refused)
    for _ in range(2 * TRIES):
        readers.apply()
        readers.wait(hours=13)
    with tools.database.reading() as session:
        assert session.scalars(select(StripeEvent)).one().outcome == outcome
