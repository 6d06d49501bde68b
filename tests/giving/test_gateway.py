"""The gateway: what Stripe answers, or does not, as the rest of the house knows it."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from patronage.foundation.clock import FrozenClock
from patronage.foundation.refused import Why
from patronage.foundation.settings import Settings
from patronage.giving import marks
from patronage.giving.gateway import CheckoutOrder, Gateway, GatewayRefused, GatewayUnknown
from patronage.sandbox.serving import RunningSandbox
from tests.fixtures.stripe import StripeTools

SETTINGS: dict[str, Any] = {
    "secret_key": "a secret of the tests, long enough to be one", "base_url": "https://support.example.org",
    "stripe_secret_key": SecretStr("sk_test_of_the_tests"), "stripe_webhook_secret": SecretStr("whsec_of_the_tests"),
    "smtp_url": "smtp://127.0.0.1:2525", "mail_from": "desk@newsroom.example",
}  # fmt: skip


@pytest.fixture
def settings() -> Settings:
    """Settings without a database: nothing here has one."""
    return Settings(_env_file=None, **SETTINGS)


def order(clock: FrozenClock, interval: str = "month", **changed: Any) -> CheckoutOrder:
    """An order as pledging makes it."""
    given: dict[str, Any] = {
        "reference": "P-2345-6789-ABCD", "interval": interval, "amount_minor": 500, "currency": "EUR",
        "email": "vira@reader.example", "customer_id": None, "description": "Monthly gift",
        "success_url": "https://support.example.org/thanks?s={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://support.example.org/support", "locale": "en",
        "metadata": marks.of_checkout("P-2345-6789-ABCD", "key"), "expires_at": clock.now() + timedelta(hours=1),
    }  # fmt: skip
    return CheckoutOrder(**{**given, **changed})


def sessions(stripe_tools: StripeTools) -> list[Any]:
    """All Checkout sessions there are at Stripe."""
    return list(stripe_tools.api.checkout.sessions.list({"limit": 100}).data)


@pytest.mark.parametrize(
    ("interval", "mode"), [("once", "payment"), ("month", "subscription"), ("year", "subscription")]
)
def test_an_order_opens_a_page_that_carries_our_marks(
    gateway: Gateway, clock: FrozenClock, interval: str, mode: str
) -> None:
    opened = gateway.open_checkout(order(clock, interval), "key")
    page = gateway.fetch_session(opened.session_id)
    assert (page["mode"], page["amount_total"], page["currency"]) == (mode, 500, "eur")
    assert page["metadata"] == {marks.PLEDGE: "P-2345-6789-ABCD", marks.CHECKOUT: "key"}
    assert page["client_reference_id"] == "P-2345-6789-ABCD"
    assert opened.url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(("currency", "amount"), [("JPY", 1500), ("KWD", 12340), ("UAH", 20000)])
def test_amounts_go_to_stripe_in_its_own_minor_units(
    gateway: Gateway, clock: FrozenClock, currency: str, amount: int
) -> None:
    opened = gateway.open_checkout(order(clock, "once", currency=currency, amount_minor=amount), "key")
    assert gateway.fetch_session(opened.session_id)["amount_total"] == amount


def test_the_same_order_under_the_same_key_opens_one_page(
    gateway: Gateway, clock: FrozenClock, stripe_tools: StripeTools
) -> None:
    first, again = (gateway.open_checkout(order(clock), "key") for _ in range(2))
    assert first == again
    assert len(sessions(stripe_tools)) == 1


def test_a_page_that_was_opened_though_the_answer_was_lost_is_not_opened_twice(
    gateway: Gateway, clock: FrozenClock, stripe_tools: StripeTools
) -> None:
    stripe_tools.faults({"path": "/v1/checkout/sessions", "times": 1, "fault": "commit_then_drop"})
    with pytest.raises(GatewayUnknown):
        gateway.open_checkout(order(clock), "key")
    opened = gateway.open_checkout(order(clock), "key")
    assert [page.id for page in sessions(stripe_tools)] == [opened.session_id]


def test_another_order_under_the_same_key_is_refused(gateway: Gateway, clock: FrozenClock) -> None:
    gateway.open_checkout(order(clock), "key")
    with pytest.raises(GatewayRefused):
        gateway.open_checkout(order(clock, amount_minor=900), "key")
    assert gateway.open_checkout(order(clock, amount_minor=900), "another key").session_id


@pytest.mark.parametrize("fault", ["429", "500", "html503", "drop", "hang", "commit_then_drop"])
def test_what_stripe_does_not_say_is_unknown_and_never_failed(
    sandbox: RunningSandbox, settings: Settings, clock: FrozenClock, stripe_tools: StripeTools, fault: str
) -> None:
    impatient = Gateway(settings.model_copy(update={"stripe_api_base": sandbox.url}), retries=0, timeout=0.5)
    stripe_tools.faults({"path": "/v1/checkout/sessions", "times": 1, "fault": fault})
    with pytest.raises(GatewayUnknown) as told:
        impatient.open_checkout(order(clock), "key")
    assert told.value.why == Why.UNAVAILABLE
    stripe_tools.faults()


def test_nobody_at_the_other_end_is_unknown_too(settings: Settings) -> None:
    nobody = Gateway(settings.model_copy(update={"stripe_api_base": "http://127.0.0.1:9"}), retries=0)
    with pytest.raises(GatewayUnknown):
        nobody.fetch_charge("ch_1")


@pytest.mark.parametrize(
    "ask",
    [
        lambda gateway: gateway.fetch_session("cs_of_nobody"),
        lambda gateway: gateway.fetch_subscription("sub_of_nobody"),
        lambda gateway: gateway.fetch_invoice("in_of_nobody"),
        lambda gateway: gateway.fetch_charge("ch_of_nobody"),
        lambda gateway: gateway.fetch_payment_intent("pi_of_nobody"),
    ],
    ids=["session", "subscription", "invoice", "charge", "payment intent"],
)
def test_what_stripe_does_not_have_is_refused_as_missing(gateway: Gateway, ask: Callable[[Gateway], Any]) -> None:
    with pytest.raises(GatewayRefused) as told:
        ask(gateway)
    assert told.value.is_missing


def test_a_wrong_order_is_refused_with_what_stripe_said(gateway: Gateway, clock: FrozenClock) -> None:
    with pytest.raises(GatewayRefused) as told:
        gateway.open_checkout(order(clock, email="nobody"), "key")
    assert (told.value.why, told.value.is_missing) == (Why.INVALID, False)
    assert "email" in told.value.detail


def test_verifying_needs_no_stripe_package() -> None:
    program = (
        "import sys; from patronage.giving import duties, gateway; from patronage.giving.intake import webhook; "
        "assert 'stripe' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_a_forked_process_makes_a_client_of_its_own(
    gateway: Gateway, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = gateway._api()
    assert gateway._api() is before
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert gateway._api() is not before


def test_telemetry_stays_off(gateway: Gateway, clock: FrozenClock) -> None:
    import stripe

    gateway.open_checkout(order(clock), "key")
    assert stripe.enable_telemetry is False
