"""The plain objects of the API: customers, products, prices, intents, methods, refunds, endpoints, events."""

from typing import Any

import pytest
import stripe

from patronage.sandbox.serving import RunningSandbox
from tests.sandbox.desk import Desk


def test_a_customer_is_made_changed_and_deleted(desk: Desk) -> None:
    made = desk.v1.customers.create({"email": "ana@example.org", "name": "Ana", "metadata": {"a": "1", "b": "2"}})

    changed = desk.v1.customers.update(made.id, {"name": "Anna", "metadata": {"a": "", "c": "3"}})

    assert changed.name == "Anna"
    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    desk.v1.customers.delete(made.id)
    created, updated, deleted = desk.events()
    assert (created.type, updated.type, deleted.type) == ("customer.created", "customer.updated", "customer.deleted")
    assert updated.data.previous_attributes.to_dict() == {"name": "Ana", "metadata": {"a": "1", "c": None}}
    with pytest.raises(stripe.InvalidRequestError):
        desk.v1.customers.update(made.id, {"name": "Ben"})


def test_metadata_can_be_cleared_at_once(desk: Desk) -> None:
    made = desk.v1.customers.create({"metadata": {"a": "1"}})

    changed = desk.v1.customers.update(made.id, {"metadata": ""})

    assert changed.metadata is not None
    assert changed.metadata.to_dict() == {}


def test_nothing_changed_is_nothing_told(desk: Desk) -> None:
    made = desk.v1.customers.create({"name": "Ana"})
    desk.news()

    desk.v1.customers.update(made.id, {"name": "Ana"})

    assert desk.news() == []


def test_products_and_prices_live_together(desk: Desk) -> None:
    product = desk.v1.products.create(
        {"name": "Support", "default_price_data": {"currency": "eur", "unit_amount": 500}}
    )
    price = desk.v1.prices.create(
        {"currency": "JPY", "unit_amount": 600, "product": product.id, "lookup_key": "yen", "nickname": "Yen"}
    )

    assert (price.currency, price.type) == ("jpy", "one_time")
    assert [found.id for found in desk.v1.prices.list({"lookup_keys": ["yen"]}).data] == [price.id]
    assert desk.v1.prices.update(price.id, {"active": False}).active is False
    assert {found.id for found in desk.v1.prices.list({"active": True}).data} == {product.default_price}
    with pytest.raises(stripe.InvalidRequestError, match="cannot be deleted"):
        desk.v1.products.delete(product.id)
    lonely = desk.v1.products.create({"name": "Lonely", "id": "lonely"})
    assert desk.v1.products.update(lonely.id, {"description": "Soon gone"}).description == "Soon gone"
    assert [found.id for found in desk.v1.products.list({"ids": ["lonely"]}).data] == ["lonely"]
    assert desk.v1.products.delete("lonely").deleted
    with pytest.raises(stripe.InvalidRequestError, match="No such product"):
        desk.v1.products.retrieve("lonely")


def test_a_price_is_charged_in_checkout(desk: Desk) -> None:
    product = desk.v1.products.create({"name": "Support"})
    price = desk.v1.prices.create({"currency": "kwd", "unit_amount": 5000, "product": product.id})

    session = desk.open("payment", line_items=[{"price": price.id, "quantity": 2}])
    desk.pay(session)

    movement = desk.v1.balance_transactions.list({"type": "charge"}).data[0]
    assert (movement.amount, movement.fee, movement.currency) == (10000, 590, "kwd")


@pytest.mark.parametrize(("amount", "fee"), [(500, 45), (510, 45), (535, 46), (10000, 320)])
def test_the_fee_is_rounded_half_up(desk: Desk, amount: int, fee: int) -> None:
    pay(desk, "pm_card_visa", amount=amount)
    desk.pass_time(seconds=5)

    assert desk.v1.balance_transactions.list().data[0].fee == fee


def pay(desk: Desk, method: str, amount: int = 500, **more: Any) -> Any:
    params: Any = {"amount": amount, "currency": "eur", "payment_method": method, "confirm": True, **more}
    return desk.v1.payment_intents.create(params)


def test_an_intent_is_confirmed_and_its_fee_comes_seconds_later(desk: Desk) -> None:
    intent = pay(desk, "pm_card_visa")
    assert (intent.status, intent.amount_received) == ("succeeded", 500)
    assert desk.v1.charges.retrieve(intent.latest_charge).balance_transaction is None

    desk.pass_time(seconds=5)

    charge = desk.v1.charges.retrieve(intent.latest_charge, {"expand": ["balance_transaction"]})
    assert charge.balance_transaction.status == "pending"
    desk.pass_time(days=8)
    assert desk.v1.balance_transactions.list().data[0].status == "available"
    assert desk.v1.balance.retrieve().available[0].amount == 455


@pytest.mark.parametrize(
    ("name", "code", "decline_code"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
    ],
)
def test_refused_cards_say_why(desk: Desk, name: str, code: str, decline_code: str | None) -> None:
    with pytest.raises(stripe.CardError) as refused:
        pay(desk, name)

    assert refused.value.http_status == 402
    assert refused.value.code == code
    assert refused.value.error is not None
    assert getattr(refused.value.error, "decline_code", None) == decline_code
    assert desk.news() == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]


def test_money_held_is_captured_in_part_or_let_go(desk: Desk) -> None:
    held, dropped = (pay(desk, "pm_card_visa", capture_method="manual") for _ in range(2))
    assert (held.status, held.amount_capturable) == ("requires_capture", 500)

    captured = desk.v1.payment_intents.capture(held.id, {"amount_to_capture": 300})
    canceled = desk.v1.payment_intents.cancel(dropped.id, {"cancellation_reason": "abandoned"})

    assert (captured.status, captured.amount_received) == ("succeeded", 300)
    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")
    with pytest.raises(stripe.InvalidRequestError, match="has a status of canceled"):
        desk.v1.payment_intents.confirm(dropped.id)


def test_an_intent_can_be_changed_before_it_is_paid(desk: Desk) -> None:
    intent = desk.v1.payment_intents.create({"amount": 500, "currency": "eur"})

    desk.v1.payment_intents.update(intent.id, {"amount": 900, "metadata": {"pledge": "7"}})
    paid = desk.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_mastercard"})

    assert (paid.status, paid.amount_received) == ("succeeded", 900)
    assert desk.v1.charges.retrieve(str(paid.latest_charge)).metadata.to_dict() == {"pledge": "7"}


def test_a_card_is_kept_and_let_go(desk: Desk) -> None:
    customer = desk.v1.customers.create({})
    method = desk.v1.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})

    desk.v1.payment_methods.attach(method.id, {"customer": customer.id})
    assert [kept.id for kept in desk.v1.payment_methods.list({"customer": customer.id}).data] == [method.id]
    desk.v1.payment_methods.update(method.id, {"card": {"exp_year": 2040}, "billing_details": {"name": "Ana"}})
    assert desk.v1.customers.payment_methods.retrieve(customer.id, method.id).card.exp_year == 2040
    assert desk.v1.payment_methods.detach(method.id).customer is None
    with pytest.raises(stripe.CardError):
        desk.v1.payment_methods.attach("pm_card_chargeDeclined", {"customer": customer.id})


def test_an_account_is_debited_by_its_iban(desk: Desk) -> None:
    method = desk.v1.payment_methods.create(
        {"type": "sepa_debit", "sepa_debit": {"iban": "DE89 3704 0044 0532 0130 00"}}
    )

    intent = pay(desk, method.id)
    assert intent.status == "processing"
    desk.pass_time(days=4)

    assert desk.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_a_setup_intent_keeps_a_card(desk: Desk) -> None:
    customer = desk.v1.customers.create({})
    made = desk.v1.setup_intents.create({"customer": customer.id})

    done = desk.v1.setup_intents.confirm(made.id, {"payment_method": "pm_card_visa"})

    assert done.status == "succeeded"
    assert desk.v1.payment_methods.retrieve(str(done.payment_method)).customer == customer.id
    with pytest.raises(stripe.CardError):
        desk.v1.setup_intents.create({"confirm": True, "payment_method": "pm_card_chargeDeclined"})


def test_two_partial_refunds_add_up_and_no_more_is_given_back(desk: Desk) -> None:
    intent = pay(desk, "pm_card_visa")
    desk.news()

    first = desk.v1.refunds.create({"payment_intent": intent.id, "amount": 200, "reason": "requested_by_customer"})
    assert desk.news() == ["charge.updated", "refund.created", "charge.refunded", "refund.updated"]
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        desk.v1.refunds.create({"charge": intent.latest_charge, "amount": 301})
    second = desk.v1.refunds.create({"charge": intent.latest_charge})

    assert (first.amount, second.amount) == (200, 300)
    charge = desk.v1.charges.retrieve(intent.latest_charge, {"expand": ["refunds"]})
    assert (charge.refunded, charge.amount_refunded, len(charge.refunds.data)) == (True, 500, 2)
    assert [moved.amount for moved in desk.v1.balance_transactions.list({"type": "refund"}).data] == [-300, -200]
    with pytest.raises(stripe.InvalidRequestError, match="already been refunded"):
        desk.v1.refunds.create({"charge": intent.latest_charge})


def test_an_endpoint_tells_its_secret_once(desk: Desk) -> None:
    made = desk.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/hook", "enabled_events": ["charge.succeeded"]})
    assert made.secret is not None
    assert made.secret.startswith("whsec_")

    kept = desk.v1.webhook_endpoints.retrieve(made.id)
    assert "secret" not in kept
    assert desk.v1.webhook_endpoints.update(made.id, {"disabled": True}).status == "disabled"
    assert len(desk.v1.webhook_endpoints.list().data) == 1
    assert desk.v1.webhook_endpoints.delete(made.id).deleted


def test_events_are_listed_by_kind_and_by_delivery(desk: Desk) -> None:
    desk.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/hook", "enabled_events": ["charge.succeeded"]})
    pay(desk, "pm_card_visa")

    def kinds(**params: Any) -> list[str]:
        return [event.type for event in desk.v1.events.list(params).data]

    assert kinds(type="payment_intent.*") == ["payment_intent.succeeded", "payment_intent.created"]
    assert kinds(types=["charge.succeeded", "charge.failed"]) == ["charge.succeeded"]
    assert kinds(delivery_success=False) == ["charge.succeeded"]
    event = desk.v1.events.list({"type": "charge.succeeded"}).data[0]
    assert event.pending_webhooks == 1
    assert event.request is not None
    assert event.request.idempotency_key


def test_a_charge_can_be_annotated(desk: Desk) -> None:
    intent = pay(desk, "pm_card_visa")

    changed = desk.v1.charges.update(intent.latest_charge, {"description": "A gift", "metadata": {"story": "9"}})

    assert (changed.description, changed.metadata.to_dict()) == ("A gift", {"story": "9"})


def test_all_is_still_there_after_a_restart(desk: Desk) -> None:
    patron = desk.patron()

    with RunningSandbox(desk.running.settings) as again:
        client = stripe.StripeClient("sk_test_x", base_addresses={"api": again.url}, max_network_retries=0)
        assert client.v1.subscriptions.retrieve(patron.id).status == "active"
