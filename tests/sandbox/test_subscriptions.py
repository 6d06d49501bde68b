"""Subscriptions, invoices and their payments through the API."""

from typing import Any

import pytest
import stripe

from tests.sandbox.desk import Desk


def monthly(desk: Desk, amount: int = 500) -> str:
    product = desk.v1.products.create({"name": "Support"})
    price = desk.v1.prices.create(
        {"currency": "eur", "unit_amount": amount, "product": product.id, "recurring": {"interval": "month"}}
    )
    return str(price.id)


def customer_with(desk: Desk, card: str) -> Any:
    customer = desk.v1.customers.create({"email": "ana@example.org"})
    method = desk.v1.payment_methods.attach(card, {"customer": customer.id})
    return desk.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})


def test_a_subscription_with_a_good_card_is_active_at_once(desk: Desk) -> None:
    customer = customer_with(desk, "pm_card_visa")

    made = desk.v1.subscriptions.create({"customer": customer.id, "items": [{"price": monthly(desk)}]})

    assert made.status == "active"
    invoice = desk.v1.invoices.retrieve(str(made.latest_invoice), {"expand": ["payments"]})
    assert (invoice.status, invoice.number) == ("paid", f"{customer.invoice_prefix}-0001")
    assert invoice.payments.data[0].status == "paid"


def test_a_failing_first_payment_leaves_it_incomplete_and_a_day_later_expired(desk: Desk) -> None:
    customer = customer_with(desk, "pm_card_chargeCustomerFail")

    made = desk.v1.subscriptions.create({"customer": customer.id, "items": [{"price": monthly(desk)}]})
    assert made.status == "incomplete"

    desk.pass_time(days=1)
    assert desk.v1.subscriptions.retrieve(made.id).status == "incomplete_expired"
    assert desk.v1.subscriptions.list({"customer": customer.id}).data == []


def test_error_if_incomplete_makes_nothing_at_all(desk: Desk) -> None:
    customer = customer_with(desk, "pm_card_chargeCustomerFail")
    price = monthly(desk)

    with pytest.raises(stripe.CardError):
        desk.v1.subscriptions.create(
            {"customer": customer.id, "items": [{"price": price}], "payment_behavior": "error_if_incomplete"}
        )

    assert desk.v1.subscriptions.list({"status": "all"}).data == []


def test_an_incomplete_subscription_keeps_the_card_that_completes_it(desk: Desk) -> None:
    customer = desk.v1.customers.create({})
    made = desk.v1.subscriptions.create(
        {
            "customer": customer.id,
            "items": [{"price": monthly(desk)}],
            "payment_behavior": "default_incomplete",
            "payment_settings": {"save_default_payment_method": "on_subscription"},
            "expand": ["latest_invoice.payments"],
        }
    )
    assert made.status == "incomplete"
    intent = made.latest_invoice.payments.data[0].payment.payment_intent

    desk.v1.payment_intents.confirm(intent, {"payment_method": "pm_card_visa"})

    completed = desk.v1.subscriptions.retrieve(made.id)
    assert (completed.status, completed.default_payment_method is None) == ("active", False)
    desk.pass_time(months=1)
    desk.pass_time(days=1)
    assert [invoice.status for invoice in desk.v1.invoices.list({"subscription": made.id}).data] == ["paid", "paid"]


def test_a_customer_without_a_card_cannot_subscribe(desk: Desk) -> None:
    customer = desk.v1.customers.create({})

    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        desk.v1.subscriptions.create({"customer": customer.id, "items": [{"price": monthly(desk)}]})


def test_cancelling_ends_it_now_and_lists_hide_it_unless_asked(desk: Desk) -> None:
    patron = desk.patron()

    ended = desk.v1.subscriptions.cancel(patron.id, {"cancellation_details": {"comment": "moving abroad"}})

    assert (ended.status, ended.cancellation_details.comment) == ("canceled", "moving abroad")
    assert desk.news() == ["customer.subscription.deleted"]
    assert desk.v1.subscriptions.list().data == []
    assert [found.id for found in desk.v1.subscriptions.list({"status": "all"}).data] == [patron.id]
    desk.pass_time(months=2)
    assert desk.news() == []


def test_deleting_a_customer_ends_what_they_gave(desk: Desk) -> None:
    patron = desk.patron()

    gone = desk.v1.customers.delete(patron.customer)

    assert gone.deleted
    assert desk.v1.subscriptions.retrieve(patron.id).status == "canceled"
    assert "deleted" in desk.v1.customers.retrieve(patron.customer)


def test_a_charge_leads_to_its_invoice_by_the_invoice_payments(desk: Desk) -> None:
    patron = desk.patron()
    charge = desk.v1.charges.list({"customer": patron.customer}).data[0]

    found = desk.v1.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": str(charge.payment_intent)}, "status": "paid"}
    ).data

    assert [payment.invoice for payment in found] == [patron.latest_invoice]
    assert desk.v1.invoice_payments.list({"invoice": str(patron.latest_invoice)}).data[0].id == found[0].id


def test_an_open_invoice_can_be_paid_with_another_card(desk: Desk) -> None:
    customer = customer_with(desk, "pm_card_chargeCustomerFail")
    made = desk.v1.subscriptions.create({"customer": customer.id, "items": [{"price": monthly(desk)}]})
    invoice = str(made.latest_invoice)

    with pytest.raises(stripe.CardError) as refused:
        desk.v1.invoices.pay(invoice)
    assert refused.value.code == "card_declined"

    assert desk.v1.invoices.pay(invoice, {"payment_method": "pm_card_visa"}).status == "paid"
    assert desk.v1.subscriptions.retrieve(made.id).status == "active"
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        desk.v1.invoices.pay(invoice)


def test_a_draft_can_be_finalized_early_and_an_open_invoice_voided(desk: Desk) -> None:
    patron = desk.patron()
    desk.pass_time(months=1)
    draft = desk.v1.invoices.list({"subscription": patron.id, "status": "draft"}).data[0]

    assert desk.v1.invoices.finalize_invoice(draft.id).status == "open"
    voided = desk.v1.invoices.void_invoice(draft.id)

    assert (voided.status, voided.status_transitions.voided_at is not None) == ("void", True)
    desk.news()
    desk.pass_time(days=1)
    assert desk.news() == []


def test_an_open_invoice_can_be_written_off(desk: Desk) -> None:
    customer = customer_with(desk, "pm_card_chargeCustomerFail")
    made = desk.v1.subscriptions.create({"customer": customer.id, "items": [{"price": monthly(desk)}]})

    assert desk.v1.invoices.mark_uncollectible(str(made.latest_invoice)).status == "uncollectible"
    assert desk.news()[-1] == "invoice.marked_uncollectible"


def test_what_the_sandbox_does_not_know_it_refuses(desk: Desk) -> None:
    patron = desk.patron()

    with pytest.raises(stripe.InvalidRequestError, match="pending updates"):
        desk.v1.subscriptions.update(patron.id, {"payment_behavior": "pending_if_incomplete", "description": "x"})
    with pytest.raises(stripe.InvalidRequestError, match="does not support the parameter backdate_start_date"):
        desk.v1.subscriptions.create({"customer": patron.customer, "backdate_start_date": 7})


def test_items_are_listed_and_read(desk: Desk) -> None:
    patron = desk.patron()

    item = desk.v1.subscription_items.list({"subscription": patron.id}).data[0]

    assert desk.v1.subscription_items.retrieve(item.id).price.unit_amount == 500


def test_customers_on_a_test_clock_live_by_it(desk: Desk) -> None:
    begin = 1_800_000_000
    own = desk.v1.test_helpers.test_clocks.create({"frozen_time": begin, "name": "ours"})
    customer = desk.v1.customers.create({"test_clock": own.id, "payment_method": "pm_card_visa"})
    method = desk.v1.customers.payment_methods.list(customer.id).data[0].id
    made = desk.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": monthly(desk)}], "default_payment_method": method}
    )
    assert made.start_date == begin
    desk.pass_time(months=2)
    assert desk.v1.charges.list().data[0].balance_transaction is not None
    assert len(desk.v1.invoices.list({"customer": customer.id}).data) == 1

    advanced = desk.v1.test_helpers.test_clocks.advance(own.id, {"frozen_time": begin + 33 * 86400})

    assert advanced.status == "advancing"
    assert desk.v1.test_helpers.test_clocks.retrieve(own.id).status == "ready"
    assert [invoice.status for invoice in desk.v1.invoices.list({"customer": customer.id}).data] == ["paid", "paid"]
    assert desk.v1.customers.list().data == []
    told = {event.type: event for event in desk.events()}
    assert list(told)[-1] == "test_helpers.test_clock.ready"
    assert told["invoice.paid"].request.id is None
    assert told["test_helpers.test_clock.advancing"].request.id.startswith("req_")
    with pytest.raises(stripe.StripeError, match="two intervals"):
        desk.v1.test_helpers.test_clocks.advance(own.id, {"frozen_time": begin + 330 * 86400})
    with pytest.raises(stripe.InvalidRequestError, match="before the year 2100"):
        desk.v1.test_helpers.test_clocks.create({"frozen_time": 99_999_999_999})
    assert desk.v1.test_helpers.test_clocks.delete(own.id).deleted


def test_a_canceled_subscription_can_still_be_annotated_and_nothing_else(desk: Desk) -> None:
    patron = desk.patron()
    desk.v1.subscriptions.cancel(patron.id)

    noted = {"metadata": {"a": "b"}, "cancellation_details": {"feedback": "other"}}
    updated = desk.v1.subscriptions.update(patron.id, noted)

    assert (updated.status, updated.metadata["a"], updated.cancellation_details.feedback) == ("canceled", "b", "other")
    with pytest.raises(stripe.InvalidRequestError, match="can only update its cancellation_details and metadata"):
        desk.v1.subscriptions.update(patron.id, {"cancel_at_period_end": True})


@pytest.mark.parametrize(
    ("asked", "by_flag"), [({"cancel_at_period_end": True}, True), ({"cancel_at": "min_period_end"}, False)]
)
def test_a_scheduled_end_shows_in_three_fields_and_leaves_it_active(
    desk: Desk, asked: dict[str, object], by_flag: bool
) -> None:
    patron = desk.patron()
    ends = patron["items"].data[0].current_period_end

    ending = desk.v1.subscriptions.update(patron.id, asked)

    assert (ending.cancel_at, ending.cancel_at_period_end, ending.status) == (ends, by_flag, "active")
    assert (ending.canceled_at, ending.ended_at) == (patron.created, None)
    assert ending.cancellation_details.reason == "cancellation_requested"
    before = desk.events()[-1].data.previous_attributes.to_dict()
    assert (before["cancel_at"], before["canceled_at"]) == (None, None)
    assert ("cancel_at_period_end" in before) == by_flag
    undo = {"cancel_at_period_end": False} if by_flag else {"cancel_at": ""}
    taken_back = desk.v1.subscriptions.update(patron.id, undo)
    assert (taken_back.cancel_at, taken_back.cancel_at_period_end, taken_back.canceled_at) == (None, False, None)
