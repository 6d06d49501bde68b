"""Charges made directly, from a token or a customer's card."""

import pytest
import stripe

from tests.sandbox.desk import Desk


def test_a_token_is_charged(desk: Desk) -> None:
    charge = desk.v1.charges.create({"amount": 700, "currency": "eur", "source": "tok_visa", "description": "Once"})
    desk.pass_time(seconds=5)

    charge = desk.v1.charges.retrieve(charge.id, {"expand": ["balance_transaction"]})
    assert (charge.status, charge.paid, charge.payment_intent) == ("succeeded", True, None)
    assert (charge.source.object, charge.source.last4) == ("card", "4242")
    assert charge.balance_transaction.amount == 700
    assert desk.news() == ["charge.succeeded", "charge.updated"]


def test_a_refused_token_leaves_a_failed_charge(desk: Desk) -> None:
    with pytest.raises(stripe.CardError) as refused:
        desk.v1.charges.create({"amount": 700, "currency": "eur", "source": "tok_chargeDeclined"})

    (failed,) = desk.v1.charges.list().data
    assert (failed.status, failed.failure_code, refused.value.code) == ("failed", "card_declined", "card_declined")
    assert refused.value.error is not None
    assert refused.value.error.charge == failed.id


def test_a_customers_card_is_charged_and_may_fail_later(desk: Desk) -> None:
    good = desk.v1.customers.create({"source": "tok_mastercard"})
    bad = desk.v1.customers.create({"source": "tok_chargeCustomerFail"})

    charge = desk.v1.charges.create({"amount": 700, "currency": "eur", "customer": good.id})
    assert (charge.customer, charge.payment_method) == (good.id, good.default_source)
    with pytest.raises(stripe.CardError, match="declined"):
        desk.v1.charges.create({"amount": 700, "currency": "eur", "customer": bad.id})

    kept = desk.v1.customers.retrieve(good.id, {"expand": ["sources"]})
    assert [card.brand for card in kept.sources.data] == ["MasterCard"]


def test_a_customer_without_a_card_cannot_be_charged(desk: Desk) -> None:
    customer = desk.v1.customers.create({})

    with pytest.raises(stripe.CardError, match="no active card"):
        desk.v1.charges.create({"amount": 700, "currency": "eur", "customer": customer.id})
    with pytest.raises(stripe.CardError):
        desk.v1.customers.update(customer.id, {"source": "tok_chargeDeclined"})
    with pytest.raises(stripe.InvalidRequestError, match="No such token"):
        desk.v1.charges.create({"amount": 700, "currency": "eur", "source": "tok_nobody"})


def test_a_charge_that_was_only_held_is_captured_in_part(desk: Desk) -> None:
    params = {"amount": 700, "currency": "eur", "source": "tok_visa", "capture": False}
    held = desk.v1.charges.create(params)
    desk.pass_time(seconds=5)
    assert (held.captured, desk.v1.charges.retrieve(held.id).balance_transaction) == (False, None)

    captured = desk.v1.charges.capture(held.id, {"amount": 600})
    assert (captured.captured, captured.amount_captured) == (True, 600)
    desk.pass_time(seconds=5)

    assert desk.v1.balance_transactions.list({"source": held.id}).data[0].amount == 600
    with pytest.raises(stripe.InvalidRequestError, match="already been captured"):
        desk.v1.charges.capture(held.id)


def test_a_charge_is_annotated(desk: Desk) -> None:
    charge = desk.v1.charges.create({"amount": 700, "currency": "eur", "source": "tok_createDispute"})

    changes = {"fraud_details": {"user_report": "safe"}, "description": "Thanks", "metadata": {"a": "1"}}
    changed = desk.v1.charges.update(charge.id, changes)

    assert changed.fraud_details.to_dict() == {"user_report": "safe"}
    assert (changed.description, changed.metadata.to_dict(), changed.disputed) == ("Thanks", {"a": "1"}, True)
