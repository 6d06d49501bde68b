"""Changes in the middle of a period: what is credited, what is charged, and when."""

from typing import Any

import pytest
import stripe

from tests.sandbox.desk import Desk
from tests.sandbox.test_renewals import failing


def dearer(patron: Any, amount: int = 1500, interval: str = "month") -> list[dict[str, Any]]:
    item = patron["items"].data[0]
    price = {
        "currency": "eur",
        "unit_amount": amount,
        "recurring": {"interval": interval},
        "product": item.price.product,
    }
    return [{"id": item.id, "price_data": price}]


def halfway(desk: Desk) -> Any:
    patron = desk.patron()
    item = patron["items"].data[0]
    desk.pass_time(seconds=(item.current_period_end - item.current_period_start) // 2)
    desk.news()
    return patron


def test_by_default_the_difference_waits_for_the_next_invoice(desk: Desk) -> None:
    patron = halfway(desk)

    desk.v1.subscriptions.update(patron.id, {"items": dearer(patron)})

    assert desk.news()[1:] == ["invoiceitem.created", "invoiceitem.created", "customer.subscription.updated"]
    waiting = desk.v1.invoice_items.list({"customer": patron.customer, "pending": True}).data
    assert [item.amount for item in waiting] == [750, -250]
    assert all(item.proration for item in waiting)
    desk.pass_time(days=17)
    newest = desk.v1.invoices.list({"subscription": patron.id}).data[0]
    assert (newest.status, newest.amount_paid) == ("paid", 1500 + 500)
    assert [line.amount for line in newest.lines.data] == [-250, 750, 1500]
    assert desk.v1.invoice_items.list({"pending": True}).data == []


def test_always_invoice_collects_the_difference_now(desk: Desk) -> None:
    patron = halfway(desk)

    changed = desk.v1.subscriptions.update(
        patron.id, {"items": dearer(patron), "proration_behavior": "always_invoice", "expand": ["latest_invoice"]}
    )

    invoice = changed.latest_invoice
    assert (invoice.billing_reason, invoice.status, invoice.amount_paid) == ("subscription_update", "paid", 500)
    assert changed["items"].data[0].current_period_end == patron["items"].data[0].current_period_end


def test_a_cheaper_price_leaves_credit_that_the_next_invoice_uses(desk: Desk) -> None:
    patron = halfway(desk)

    desk.v1.subscriptions.update(patron.id, {"items": dearer(patron, 300), "proration_behavior": "always_invoice"})

    assert desk.v1.customers.retrieve(patron.customer).balance == -100
    desk.pass_time(days=17)
    newest = desk.v1.invoices.list({"subscription": patron.id}).data[0]
    assert (newest.total, newest.starting_balance, newest.amount_paid, newest.ending_balance) == (300, -100, 200, 0)


def test_an_anchor_set_to_now_begins_a_period_less_what_was_unused(desk: Desk) -> None:
    patron = halfway(desk)

    changed = desk.v1.subscriptions.update(
        patron.id, {"billing_cycle_anchor": {"type": "now"}, "expand": ["latest_invoice"]}
    )

    assert changed.latest_invoice.amount_paid == 500 - 250
    assert changed["items"].data[0].current_period_start == changed.billing_cycle_anchor > patron.created


def test_a_preview_shows_the_change_and_keeps_nothing(desk: Desk) -> None:
    patron = halfway(desk)
    price = desk.v1.prices.create(dearer(patron)[0]["price_data"])
    item = {"id": patron["items"].data[0].id, "price": price.id}

    shown = desk.v1.invoices.create_preview({"subscription": patron.id, "subscription_details": {"items": [item]}})

    assert (shown.total, shown.billing_reason) == (2000, "upcoming")
    assert desk.v1.invoice_items.list().data == []
    assert desk.v1.subscriptions.retrieve(patron.id)["items"].data[0].price.unit_amount == 500


def test_error_if_incomplete_changes_nothing_when_the_card_is_declined(desk: Desk) -> None:
    patron = halfway(desk)
    failing(desk, patron)
    wish = {"items": dearer(patron), "proration_behavior": "always_invoice", "payment_behavior": "error_if_incomplete"}

    with pytest.raises(stripe.CardError):
        desk.v1.subscriptions.update(patron.id, wish)

    assert desk.v1.subscriptions.retrieve(patron.id)["items"].data[0].price.unit_amount == 500


def test_cancelling_can_credit_what_is_left(desk: Desk) -> None:
    patron = halfway(desk)

    desk.v1.subscriptions.cancel(patron.id, {"prorate": True, "invoice_now": True})

    assert desk.v1.customers.retrieve(patron.customer).balance == -250
