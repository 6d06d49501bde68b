"""The door for Stripe's events: what is signed is kept once and answered 200, everything else is 400."""

import json
from datetime import timedelta
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import func, select, text

from patronage.app import create_app
from patronage.foundation.database import Database
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.giving.intake.stripe_events import HANDLERS
from patronage.giving.models import Outcome, StripeEvent
from tests.fixtures.stripe import StripeTools
from tests.giving.readers import Readers, outcomes

ASKED_FOR = """
checkout.session.completed checkout.session.async_payment_succeeded checkout.session.async_payment_failed
checkout.session.expired customer.subscription.created customer.subscription.updated customer.subscription.deleted
customer.subscription.paused customer.subscription.resumed invoice.paid invoice.payment_failed
invoice.payment_action_required invoice.upcoming invoice.voided invoice.marked_uncollectible charge.succeeded
charge.updated charge.refunded refund.created refund.updated refund.failed charge.dispute.created
charge.dispute.updated charge.dispute.closed charge.dispute.funds_withdrawn charge.dispute.funds_reinstated
payout.paid payout.failed payout.canceled payout.reconciliation_completed customer.updated customer.deleted
payment_method.automatically_updated radar.early_fraud_warning.created radar.early_fraud_warning.updated
""".split()  # noqa: SIM905 - a list of 35 quoted names is no easier to read
UNHEARD_OF = ["account.updated", "v2.core.event", "charge.teleported", "invoice.created"]


def _event(type: str = "charge.succeeded", **given: Any) -> dict[str, Any]:
    payload = {"object": "charge", "id": "ch_of_nobody", "payment_intent": None, "charge": "ch_of_nobody"}
    event = {"id": "evt_1", "object": "event", "type": type, "livemode": False, "data": {"object": payload}}
    return {**event, **given}


def _kept(tools: Tools) -> int:
    with tools.database.reading() as session:
        return session.scalar(select(func.count()).select_from(StripeEvent)) or 0


def test_every_event_we_ask_for_has_its_handler() -> None:
    assert sorted(HANDLERS) == sorted(ASKED_FOR)
    assert all(handler.__doc__ for handler in HANDLERS.values())


def test_every_event_type_there_is_is_answered_and_kept(readers: Readers, tools: Tools) -> None:
    types = [*ASKED_FOR, *UNHEARD_OF]
    events = [_event(type, id=f"evt_{number}") for number, type in enumerate(types)]
    for event in events:
        event["data"]["object"]["object"] = event["type"].rpartition(".")[0]
    assert {answer.status_code for answer in readers.stripe.deliver(readers.app, *events)} == {200}
    readers.apply()
    after = outcomes(tools)
    assert len(after) == len(types)
    assert set(after.values()) == {Outcome.UNMATCHED, Outcome.IGNORED}
    assert {after[event["id"]] for event in events if event["type"] in UNHEARD_OF} == {Outcome.IGNORED}


STRANGE: list[dict[str, Any]] = [
    {},
    {"data": None},
    {"data": {"object": []}},
    {"data": {"object": {"id": 7}}},
    {"api_version": "2014-01-31"},
    {"type": "account.application.deauthorized"},
]


def test_what_is_signed_but_strange_is_kept_and_does_no_harm(readers: Readers, tools: Tools) -> None:
    events = [_event(id=f"evt_{number}", **strange) for number, strange in enumerate(STRANGE)]
    assert {answer.status_code for answer in readers.stripe.deliver(readers.app, *events)} == {200}
    readers.apply()
    after = outcomes(tools)
    assert len(after) == len(STRANGE)
    assert set(after.values()) <= {Outcome.UNMATCHED, Outcome.IGNORED}


def test_the_same_event_twice_is_kept_once(app: Flask, stripe_tools: StripeTools, tools: Tools) -> None:
    answers = stripe_tools.deliver(app, _event(), _event(), _event(type="charge.updated"))
    assert [answer.status_code for answer in answers] == [200] * 3
    assert answers[0].json == {"received": True}
    assert _kept(tools) == 1


def test_a_signature_of_another_time_is_refused(app: Flask, stripe_tools: StripeTools, tools: Tools) -> None:
    body = json.dumps(_event()).encode()
    for seconds in (-86400, -301, 301, 10**8):
        at = tools.clock.now() + timedelta(seconds=seconds)
        assert stripe_tools.knock(app, body, stripe_tools.signature(body, at=at)).status_code == 400
    assert _kept(tools) == 0
    for seconds in (-300, 300):
        at = tools.clock.now() + timedelta(seconds=seconds)
        assert stripe_tools.knock(app, body, stripe_tools.signature(body, at=at)).status_code == 200


def test_one_good_signature_among_several_is_enough(app: Flask, stripe_tools: StripeTools) -> None:
    body = json.dumps(_event()).encode()
    at, _, good = stripe_tools.signature(body).partition(",")
    other = stripe_tools.signature(body, secret="whsec_the_next_one").partition(",")[2]
    assert stripe_tools.knock(app, body, f"{at},{other},{good},v0=abc").status_code == 200
    assert stripe_tools.knock(app, body, f"{at},{other}").status_code == 400
    assert stripe_tools.knock(app, body, f"{at},{at},{good}").status_code == 400


def _bodies() -> dict[str, bytes]:
    return {
        "a list": b"[]",
        "a word": b'"evt_1"',
        "no UTF-8": b'{"id": "\xff"}',
        "UTF-16": json.dumps(_event()).encode("utf-16"),
        "no JSON": b"{",
        "nothing": b"",
        "NaN": json.dumps(_event(created=float("nan"))).encode(),
        "nested without end": b"[" * 100_000,
        "without id": json.dumps({**_event(), "id": None}).encode(),
        "an id with a NUL": json.dumps(_event(id="evt\x00")).encode(),
        "an endless id": json.dumps(_event(id="e" * 256)).encode(),
        "a type that is a list": json.dumps({**_event(), "type": []}).encode(),
        "half a character": b'{"id": "evt_\\ud800", "type": "a.b", "livemode": false}',
        "without livemode": json.dumps({"id": "evt_1", "type": "a.b"}).encode(),
        "of live mode": json.dumps(_event(livemode=True)).encode(),
        "of another account": json.dumps(_event(account="acct_of_somebody")).encode(),
        "too large": json.dumps(_event(padding="x" * 256 * 1024)).encode(),
    }


def test_a_signed_body_that_is_no_event_of_ours_is_refused(app: Flask, stripe_tools: StripeTools, tools: Tools) -> None:
    for name, body in _bodies().items():
        answer = stripe_tools.knock(app, body, stripe_tools.signature(body))
        assert (name, answer.status_code, answer.mimetype) == (name, 400, "application/json")
    assert _kept(tools) == 0


def test_at_a_live_key_test_events_are_refused(tools: Tools, settings: Settings, stripe_tools: StripeTools) -> None:
    live = settings.model_copy(update={"stripe_secret_key": SecretStr("sk_live_of_the_tests")})
    app = create_app(live, tools)
    assert stripe_tools.deliver(app, _event())[0].status_code == 400
    assert stripe_tools.deliver(app, _event(livemode=True))[0].status_code == 200


def test_a_header_that_is_no_signature_is_refused(app: Flask, stripe_tools: StripeTools) -> None:
    for header in ("", "t=1", "v1=0", "t=١,v1=ü", "t=" + "9" * 5000 + ",v1=" + "0" * 64, ",,,=,"):
        sent = header.encode().decode("latin-1")  # as it comes over the wire
        assert stripe_tools.knock(app, json.dumps(_event()).encode(), sent).status_code == 400


@trials(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    header=st.one_of(
        st.text(st.characters(max_codepoint=255, blacklist_categories=["Cc"]), max_size=80),
        st.from_regex(r"t=[0-9]{1,14},v1=[0-9a-f]{60,66}", fullmatch=True),
    ),
    body=st.one_of(st.binary(max_size=200), st.just(json.dumps(_event()).encode())),
)
def test_fuzzed_headers_and_bodies_are_only_ever_refused(
    app: Flask, stripe_tools: StripeTools, header: str, body: bytes
) -> None:
    assert stripe_tools.knock(app, body, header).status_code == 400


@trials(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.one_of(
        st.binary(max_size=200), st.recursive(st.none() | st.text(), st.lists).map(json.dumps).map(str.encode)
    )
)
def test_fuzzed_bodies_with_a_good_signature_are_refused_too(
    app: Flask, stripe_tools: StripeTools, body: bytes
) -> None:
    assert stripe_tools.knock(app, body, stripe_tools.signature(body)).status_code == 400


def test_while_the_database_is_away_stripe_is_asked_to_come_again(
    app: Flask, stripe_tools: StripeTools, database: Database
) -> None:
    with database.transaction() as session:
        session.execute(text("ALTER TABLE stripe_event RENAME TO stripe_event_gone"))
    try:
        answer = stripe_tools.deliver(app, _event())[0]
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    finally:
        with database.transaction() as session:
            session.execute(text("ALTER TABLE stripe_event_gone RENAME TO stripe_event"))
    assert stripe_tools.deliver(app, _event())[0].status_code == 200
