"""3-D Secure outside Checkout: the bank asks, and the payment, the setup or the subscription waits."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import stripe

from tests.sandbox.desk import Desk
from tests.sandbox.test_subscriptions import customer_with, monthly

BROWSER = {"Accept": "text/html"}
BACK = "https://news.example/back?pledge=7"


def asked(desk: Desk, card: str = "pm_card_threeDSecure2Required", **more: Any) -> Any:
    params = {"amount": 500, "currency": "eur", "confirm": True, "payment_method": card, "return_url": BACK, **more}
    return desk.v1.payment_intents.create(params)


def answered(desk: Desk, intent: Any, outcome: str) -> Any:
    kind = f"{intent.object}s"
    url = f"{desk.running.url}/_sandbox/{kind}/{intent.id}/authenticate"
    return requests.post(url, json={"outcome": outcome}, timeout=30).json()


def test_the_banks_page_leads_back_to_the_shop(desk: Desk) -> None:
    intent = asked(desk)
    assert (intent.status, intent.next_action.type) == ("requires_action", "redirect_to_url")
    assert intent.next_action.redirect_to_url.return_url == BACK
    page = intent.next_action.redirect_to_url.url

    shown = requests.get(page, headers=BROWSER, timeout=30)
    assert "Is it you who pays €5.00?" in shown.text
    assert "form-action 'self' https://news.example" in shown.headers["Content-Security-Policy"]
    way = requests.post(page, {"outcome": "approve"}, headers=BROWSER, timeout=30, allow_redirects=False)

    told = {name: values[0] for name, values in parse_qs(urlsplit(way.headers["Location"]).query).items()}
    assert told == {
        "pledge": "7",
        "payment_intent": intent.id,
        "payment_intent_client_secret": intent.client_secret,
        "redirect_status": "succeeded",
    }
    paid = desk.v1.payment_intents.retrieve(intent.id)
    assert (paid.status, paid.next_action, paid.amount_received) == ("succeeded", None, 500)
    assert desk.news() == [
        "payment_intent.created",
        "payment_intent.requires_action",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]


def test_who_fails_before_the_bank_has_not_paid_and_may_try_another_card(desk: Desk) -> None:
    intent = asked(desk)

    assert answered(desk, intent, "fail")["status"] == "requires_payment_method"
    failed = desk.v1.payment_intents.retrieve(intent.id)
    assert failed.last_payment_error.code == "payment_intent_authentication_failure"
    assert desk.v1.charges.list().data == []
    assert desk.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"}).status == "succeeded"


def test_without_a_way_back_the_shop_asks_itself_and_the_control_answers(desk: Desk) -> None:
    made = {"amount": 500, "currency": "eur", "confirm": True, "payment_method": "pm_card_authenticationRequired"}
    intent = desk.v1.payment_intents.create(made)
    assert intent.next_action.type == "use_stripe_sdk"

    assert answered(desk, intent, "approve") == {"status": "succeeded", "redirect": None}
    assert "Nothing is asked" in answered(desk, intent, "approve")["error"]["message"]
    page = requests.get(f"{desk.running.url}/3ds/pi_nobody", headers=BROWSER, timeout=30)
    assert page.status_code == 404


def test_a_page_without_a_way_back_says_that_it_is_done(desk: Desk) -> None:
    made = {"amount": 500, "currency": "eur", "confirm": True, "payment_method": "pm_card_authenticationRequired"}
    intent = desk.v1.payment_intents.create(made)
    done = requests.post(f"{desk.running.url}/3ds/{intent.id}", {"outcome": "fail"}, headers=BROWSER, timeout=30)
    assert "The bank has its answer" in done.text


@pytest.mark.parametrize(("outcome", "status"), [("approve", "active"), ("fail", "incomplete")])
def test_a_first_payment_that_the_bank_asks_about_begins_the_subscription(
    desk: Desk, outcome: str, status: str
) -> None:
    customer = customer_with(desk, "pm_card_authenticationRequired")
    wished = {"customer": customer.id, "items": [{"price": monthly(desk)}], "expand": ["latest_invoice.payments"]}
    made = desk.v1.subscriptions.create(wished)
    assert made.status == "incomplete"
    intent = desk.v1.payment_intents.retrieve(made.latest_invoice.payments.data[0].payment.payment_intent)
    assert intent.status == "requires_action"
    desk.news()

    answered(desk, intent, outcome)

    assert desk.v1.subscriptions.retrieve(made.id).status == status
    told = desk.news()
    assert ("invoice.paid" in told) == (outcome == "approve")
    assert ("invoice.payment_failed" in told) == (outcome == "fail")


def test_off_session_a_card_that_always_asks_is_declined(desk: Desk) -> None:
    customer = customer_with(desk, "pm_card_authenticationRequired")
    method = customer.invoice_settings.default_payment_method
    with pytest.raises(stripe.CardError) as refused:
        asked(desk, method, customer=customer.id, off_session=True)
    assert refused.value.error
    assert {refused.value.code, refused.value.error.decline_code} == {"authentication_required"}


@pytest.mark.parametrize(("outcome", "status"), [("approve", "succeeded"), ("fail", "requires_payment_method")])
def test_a_card_kept_for_later_is_asked_about_first(desk: Desk, outcome: str, status: str) -> None:
    customer = desk.v1.customers.create({})
    intent = desk.v1.setup_intents.create(
        {
            "customer": customer.id,
            "confirm": True,
            "payment_method": "pm_card_authenticationRequiredOnSetup",
            "return_url": BACK,
        }
    )
    assert (intent.status, intent.next_action.type) == ("requires_action", "redirect_to_url")

    way = answered(desk, intent, outcome)

    assert way["status"] == status
    assert f"setup_intent={intent.id}" in way["redirect"]
    assert len(desk.v1.payment_methods.list({"customer": customer.id}).data) == (outcome == "approve")
    told = {"approve": "setup_intent.succeeded", "fail": "setup_intent.setup_failed"}
    assert told[outcome] in desk.news()


def test_the_bank_of_a_checkout_page_is_answered_there(desk: Desk) -> None:
    session = desk.open("payment")
    assert desk.pay(session, card="4000002760003184")["status"] == "requires_action"
    [intent] = desk.v1.payment_intents.list().data
    assert "belongs to a checkout page" in answered(desk, intent, "approve")["error"]["message"]
