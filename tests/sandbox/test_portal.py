"""The billing portal: its sessions through the API, and what a reader does on its pages."""

from typing import Any

import pytest
import requests
import stripe

from tests.sandbox.desk import Desk

BACK = "https://news.example/account"
BROWSER = {"Accept": "text/html"}


def opened(desk: Desk, customer: str, **more: Any) -> Any:
    session = desk.v1.billing_portal.sessions.create({"customer": customer, "return_url": BACK, **more})
    desk.news()
    return session


def done(desk: Desk, session: Any, deed: str, **how: Any) -> Any:
    return requests.post(f"{desk.running.url}/_sandbox/portal/{session.id}/{deed}", json=how, timeout=30).json()


def page(desk: Desk, url: str, form: dict[str, str] | None = None) -> requests.Response:
    method = "GET" if form is None else "POST"
    return requests.request(method, url, data=form, headers=BROWSER, timeout=30, allow_redirects=False)


def configured(desk: Desk, **features: Any) -> str:
    return str(desk.v1.billing_portal.configurations.create({"features": features}).id)


def test_a_cancellation_sets_the_end_and_leaves_the_flag_alone(desk: Desk) -> None:
    patron = desk.patron()
    session = opened(desk, patron.customer)

    done(desk, session, "cancel", feedback="unused")

    ending = desk.v1.subscriptions.retrieve(patron.id)
    assert (ending.cancel_at, ending.cancel_at_period_end) == (patron["items"].data[0].current_period_end, False)
    assert (ending.status, ending.cancellation_details.feedback) == ("active", "unused")
    assert ending.canceled_at
    [told] = desk.events()
    assert told.type == "customer.subscription.updated"
    assert told.data.previous_attributes.to_dict()["cancel_at"] is None
    desk.pass_time(months=1)
    assert desk.v1.subscriptions.retrieve(patron.id).status == "canceled"


def test_a_cancellation_can_be_taken_back(desk: Desk) -> None:
    patron = desk.patron()
    session = opened(desk, patron.customer)
    done(desk, session, "cancel")

    assert done(desk, session, "undo")["cancel_at"] is None

    kept = desk.v1.subscriptions.retrieve(patron.id)
    assert (kept.cancel_at, kept.canceled_at, kept.cancellation_details.reason) == (None, None, None)
    assert "not set to be canceled" in done(desk, session, "undo")["error"]["message"]
    desk.pass_time(months=1)
    assert desk.v1.subscriptions.retrieve(patron.id).status == "active"


def test_a_new_card_becomes_the_customers_default_and_not_the_subscriptions(desk: Desk) -> None:
    patron = desk.patron()
    session = opened(desk, patron.customer)

    saved = done(desk, session, "card", card="5555 5555 5555 4444")

    assert saved["status"] == "saved"
    told = desk.news()
    assert told == ["setup_intent.created", "payment_method.attached", "setup_intent.succeeded", "customer.updated"]
    customer = desk.v1.customers.retrieve(patron.customer, {"expand": ["invoice_settings.default_payment_method"]})
    assert customer.invoice_settings.default_payment_method.card.last4 == "4444"
    assert desk.v1.subscriptions.retrieve(patron.id).default_payment_method == patron.default_payment_method


def test_a_declined_card_changes_nothing(desk: Desk) -> None:
    patron = desk.patron()

    answer = done(desk, opened(desk, patron.customer), "card", card="4000000000009995")

    assert (answer["status"], answer["decline_code"]) == ("declined", "insufficient_funds")
    assert desk.v1.customers.retrieve(patron.customer).invoice_settings.default_payment_method is None
    assert desk.news() == ["setup_intent.created", "setup_intent.setup_failed"]


@pytest.mark.parametrize(("outcome", "status"), [("approve", "saved"), ("fail", "declined")])
def test_a_card_the_bank_asks_about_is_saved_once_it_has_an_answer(desk: Desk, outcome: str, status: str) -> None:
    patron = desk.patron()
    session = opened(desk, patron.customer)
    asked = done(desk, session, "card", card="4000002500003155")
    assert (asked["status"], asked["redirect"]) == ("requires_action", f"{session.url}/authenticate")

    assert done(desk, session, "authenticate", outcome=outcome)["status"] == status

    default = desk.v1.customers.retrieve(patron.customer).invoice_settings.default_payment_method
    assert (default is not None) == (outcome == "approve")


def test_a_configuration_decides_what_is_offered(desk: Desk) -> None:
    patron = desk.patron()
    weeks = {"type": "interval_options", "interval_options": [{"interval": "week", "interval_count": 6}]}
    pausing = {"enabled": True, "duration": weeks}
    leaving = {"enabled": True, "mode": "immediately"}
    made = configured(desk, subscription_pause=pausing, subscription_cancel=leaving)
    session = opened(desk, patron.customer, configuration=made)

    assert "does not offer" in done(desk, session, "card")["error"]["message"]
    paused = done(desk, session, "pause", option=0)["pause_collection"]
    assert paused == {"behavior": "void", "resumes_at": patron.created + 42 * 86400}
    assert done(desk, session, "resume")["pause_collection"] is None
    assert done(desk, session, "cancel")["status"] == "canceled"
    assert desk.news()[-1] == "customer.subscription.deleted"


def test_configurations_are_changed_and_listed(desk: Desk) -> None:
    desk.v1.billing_portal.sessions.create({"customer": desk.v1.customers.create({}).id})
    [default] = desk.v1.billing_portal.configurations.list({"is_default": True}).data
    assert default.features.subscription_cancel.mode == "at_period_end"

    changes = {"features": {"invoice_history": {"enabled": False}}, "name": "Ours", "metadata": {"a": "1"}}
    changed = desk.v1.billing_portal.configurations.update(default.id, changes)

    assert (changed.features.invoice_history.enabled, changed.features.subscription_cancel.enabled) == (False, True)
    assert desk.v1.billing_portal.configurations.retrieve(default.id).name == "Ours"


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"return_url": "news.example"}, "Not a valid URL"),
        ({"configuration": "bpc_x"}, "No such"),
        ({"flow_data": {"type": "subscription_cancel"}}, "Missing required param"),
        ({"flow_data": {"type": "subscription_cancel", "subscription_cancel": {"subscription": "x"}}}, "No such"),
        ({"flow_data": {"type": "subscription_pause"}}, "disabled"),
        ({"flow_data": {"type": "customer_update"}}, "no flow of the type"),
        ({"on_behalf_of": "acct_x"}, "does not support"),
    ],
)
def test_a_session_stripe_would_refuse_is_refused(desk: Desk, wish: dict[str, Any], words: str) -> None:
    customer = desk.v1.customers.create({})

    with pytest.raises(stripe.InvalidRequestError, match=words):
        desk.v1.billing_portal.sessions.create({"customer": customer.id, **wish})


def test_the_pages_cancel_and_take_back_without_scripts(desk: Desk) -> None:
    patron = desk.patron()
    session = opened(desk, patron.customer)
    assert "Renews on" in page(desk, session.url).text

    asked = f"{session.url}/{patron.id}/cancel"
    assert "is not charged again" in page(desk, asked).text
    way = page(desk, asked, {"feedback": "other", "comment": "moving"})
    assert way.status_code == 303
    assert "Ends on" in page(desk, desk.running.url + way.headers["Location"]).text
    page(desk, f"{session.url}/{patron.id}/undo", {})

    kept = desk.v1.subscriptions.retrieve(patron.id)
    assert kept.cancel_at is None


def test_a_flow_for_a_card_leads_there_and_back(desk: Desk) -> None:
    patron = desk.patron()
    after = {"type": "redirect", "redirect": {"return_url": "https://news.example/saved"}}
    flow = {"type": "payment_method_update", "after_completion": after}
    session = opened(desk, patron.customer, flow_data=flow)
    assert page(desk, session.url).headers["Location"].endswith("/card")

    wrong = page(desk, f"{session.url}/card", {"card": "1", "expiry": "13/1", "cvc": "1"})
    assert (wrong.status_code, "Enter a card number" in wrong.text) == (422, True)
    declined = page(desk, f"{session.url}/card", {"trial": "4000000000000002"})
    assert (declined.status_code, "Your card was declined" in declined.text) == (402, True)
    asked = page(desk, f"{session.url}/card", {"trial": "4000002760003184"})
    assert asked.headers["Location"] == f"{session.url}/authenticate"
    assert "Is it you" in page(desk, asked.headers["Location"]).text
    approved = page(desk, asked.headers["Location"], {"outcome": "approve"})
    assert approved.headers["Location"] == "https://news.example/saved"


def test_a_flow_for_cancelling_ends_with_a_word(desk: Desk) -> None:
    patron = desk.patron()
    after = {"type": "hosted_confirmation", "hosted_confirmation": {"custom_message": "Thank you for your time"}}
    flow = {
        "type": "subscription_cancel",
        "subscription_cancel": {"subscription": patron.id},
        "after_completion": after,
    }
    session = opened(desk, patron.customer, flow_data=flow)
    question = page(desk, session.url).headers["Location"]

    way = page(desk, desk.running.url + question, {})

    assert "Thank you for your time" in page(desk, desk.running.url + way.headers["Location"]).text
    with pytest.raises(stripe.InvalidRequestError, match="already set to be canceled"):
        opened(desk, patron.customer, flow_data=flow)


def test_a_session_lasts_an_hour(desk: Desk) -> None:
    session = opened(desk, desk.patron().customer)

    desk.pass_time(seconds=3601)

    assert page(desk, session.url).status_code == 410
    assert page(desk, f"{desk.running.url}/p/session/bps_x").status_code == 404
