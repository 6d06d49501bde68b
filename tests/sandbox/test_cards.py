"""Every test card, payment method and token that is known by name does what its name says."""

from typing import Any

import pytest
import stripe

from patronage.sandbox.cards import MEANS
from tests.sandbox.desk import Desk

PAYING = ("visa", "visa_debit", "mastercard", "discover", "amex", "bypassPending")
LATER = ("createDispute", "createDisputeInquiry", "refundFail", "pendingRefund")
REFUSED = {
    "chargeDeclined": ("card_declined", "generic_decline", None),
    "visa_chargeDeclined": ("card_declined", "generic_decline", None),
    "chargeDeclinedInsufficientFunds": ("card_declined", "insufficient_funds", None),
    "visa_chargeDeclinedLostCard": ("card_declined", "lost_card", None),
    "chargeDeclinedExpiredCard": ("expired_card", None, "exp_month"),
    "chargeDeclinedIncorrectCvc": ("incorrect_cvc", None, "cvc"),
    "chargeDeclinedProcessingError": ("processing_error", None, None),
}
# Two and a half hundred euros each: below no currency's smallest charge.
PAYMENT = {"amount": 25000, "currency": "eur", "confirm": True}


def why(refused: stripe.CardError) -> tuple[str | None, Any, str | None]:
    assert refused.http_status == 402
    assert refused.error
    return refused.code, getattr(refused.error, "decline_code", None), refused.param


@pytest.mark.parametrize("name", [*PAYING, *LATER])
def test_a_named_card_pays_and_can_be_kept(desk: Desk, name: str) -> None:
    customer = desk.v1.customers.create({})
    kept = desk.v1.payment_methods.attach(f"pm_card_{name}", {"customer": customer.id})
    from_token = desk.v1.payment_methods.create({"type": "card", "card": {"token": f"tok_{name}"}})

    assert kept.card.fingerprint == from_token.card.fingerprint
    for method in (kept.id, from_token.id, f"pm_card_{name}"):
        paid = desk.v1.payment_intents.create({**PAYMENT, "payment_method": method, "customer": customer.id})
        assert (paid.status, paid.amount_received) == ("succeeded", 25000)


@pytest.mark.parametrize("name", REFUSED)
def test_a_named_card_is_refused_for_its_reason(desk: Desk, name: str) -> None:
    customer = desk.v1.customers.create({})
    with pytest.raises(stripe.CardError) as attaching:
        desk.v1.payment_methods.attach(f"pm_card_{name}", {"customer": customer.id})
    with pytest.raises(stripe.CardError) as paying:
        desk.v1.payment_intents.create({**PAYMENT, "payment_method": f"pm_card_{name}"})

    assert why(attaching.value) == why(paying.value) == REFUSED[name]
    assert paying.value.error
    charge = desk.v1.charges.retrieve(paying.value.error.charge)
    assert (charge.status, charge.failure_code) == ("failed", REFUSED[name][0])
    assert paying.value.error.payment_intent
    assert paying.value.error.payment_intent.status == "requires_payment_method"
    assert "charge.failed" in desk.news()


def test_a_card_that_fails_only_later_is_kept_and_then_refused(desk: Desk) -> None:
    customer = desk.v1.customers.create({})
    for name in ("chargeCustomerFail", "visa_chargeCustomerFail"):
        method = desk.v1.payment_methods.attach(f"pm_card_{name}", {"customer": customer.id})
        with pytest.raises(stripe.CardError):
            desk.v1.payment_intents.create({**PAYMENT, "customer": customer.id, "payment_method": method.id})


@pytest.mark.parametrize("means", MEANS, ids=lambda means: str(means.number))
def test_every_number_makes_a_method_that_shows_its_end(desk: Desk, means: Any) -> None:
    if means.is_bank_account:
        given: Any = {"type": "sepa_debit", "sepa_debit": {"iban": means.number}}
    else:
        given = {"type": "card", "card": {"number": means.number, "exp_month": 5, "exp_year": 2031, "cvc": "123"}}
    made = desk.v1.payment_methods.create(given)

    assert made[made.type].last4 == means.number[-4:]
    if made.type == "card":
        assert (made.card.exp_month, made.card.exp_year, made.card.brand) == (5, 2031, means.brand)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"exp_year": 2001}, "invalid_expiry_year"),
        ({"exp_month": 13}, "invalid_expiry_month"),
        ({"number": "4242424242424241"}, "incorrect_number"),
    ],
)
def test_a_card_that_cannot_be_is_refused(desk: Desk, change: dict[str, object], code: str) -> None:
    card = {"number": "4242424242424242", "exp_month": 5, "exp_year": 2031, "cvc": "123", **change}
    with pytest.raises(stripe.CardError) as refused:
        desk.v1.payment_methods.create({"type": "card", "card": card})
    assert refused.value.code == code


def test_a_card_that_was_let_go_is_not_used_again(desk: Desk) -> None:
    customer = desk.v1.customers.create({})
    method = desk.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    desk.v1.payment_methods.detach(method.id)

    for use in ("/v1/payment_intents", f"/v1/payment_methods/{method.id}/attach"):
        params = {"customer": customer.id} if "attach" in use else {**PAYMENT, "payment_method": method.id}
        with pytest.raises(stripe.InvalidRequestError, match="may not be used again"):
            desk.ask("post", use, params)


@pytest.mark.parametrize(("currency", "least"), [("eur", 50), ("jpy", 50), ("dkk", 250), ("kwd", 10), ("UAH", 1)])
def test_a_payment_is_not_below_the_smallest_of_its_currency(desk: Desk, currency: str, least: int) -> None:
    made = desk.v1.payment_intents.create({"amount": least, "currency": currency})
    assert (made.amount, made.currency) == (least, currency.lower())
    with pytest.raises(stripe.InvalidRequestError) as refused:
        desk.v1.payment_intents.create({"amount": least - 1, "currency": currency})
    assert refused.value.param == "amount"


def test_names_that_stripe_does_not_know_are_refused(desk: Desk) -> None:
    for name in ("pm_card_gold", "pm_none"):
        with pytest.raises(stripe.InvalidRequestError, match=f"No such PaymentMethod: '{name}'"):
            desk.v1.payment_intents.create({**PAYMENT, "payment_method": name})
    with pytest.raises(stripe.InvalidRequestError, match="No such token"):
        desk.v1.payment_methods.create({"type": "card", "card": {"token": "tok_gold"}})
