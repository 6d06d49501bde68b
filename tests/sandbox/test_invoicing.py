"""Invoices drawn up by hand, sent, thrown away; and invoice items."""

from typing import Any

import pytest
import stripe

from tests.sandbox.desk import Desk
from tests.sandbox.test_subscriptions import customer_with, monthly


def item(desk: Desk, customer: Any, amount: int = 700, **more: Any) -> Any:
    return desk.v1.invoice_items.create({"customer": customer.id, "amount": amount, "currency": "eur", **more})


def test_an_invoice_by_hand_takes_what_waits_and_is_paid(desk: Desk) -> None:
    customer = customer_with(desk, "pm_card_visa")
    waiting = item(desk, customer, description="A printed yearbook")
    draft = desk.v1.invoices.create({"customer": customer.id, "pending_invoice_items_behavior": "include"})
    assert (draft.status, draft.total, draft.billing_reason) == ("draft", 700, "manual")
    assert desk.v1.invoice_items.retrieve(waiting.id).invoice == draft.id

    paid = desk.v1.invoices.pay(draft.id)

    assert (paid.status, paid.amount_paid, paid.parent) == ("paid", 700, None)
    assert paid.hosted_invoice_url.endswith(f"/i/{draft.id}")


def test_items_are_put_on_changed_on_and_taken_off_a_draft(desk: Desk) -> None:
    customer = customer_with(desk, "pm_card_visa")
    draft = desk.v1.invoices.create({"customer": customer.id})
    price = desk.v1.prices.create({"currency": "eur", "unit_amount": 200, "product_data": {"name": "Mug"}})

    mugs = desk.v1.invoice_items.create(
        {"customer": customer.id, "invoice": draft.id, "pricing": {"price": price.id}, "quantity": 3}
    )
    other = item(desk, customer, 100, invoice=draft.id)
    assert (mugs.amount, desk.v1.invoices.retrieve(draft.id).total) == (600, 700)
    desk.v1.invoice_items.update(other.id, {"amount": 50})
    assert desk.v1.invoices.retrieve(draft.id).total == 650
    assert desk.v1.invoice_items.delete(mugs.id).deleted

    assert desk.v1.invoices.retrieve(draft.id).total == 50
    assert desk.news()[-2:] == ["invoice.updated", "invoiceitem.deleted"]


def test_a_draft_by_hand_can_be_thrown_away_and_a_renewals_cannot(desk: Desk) -> None:
    customer = customer_with(desk, "pm_card_visa")
    waiting = item(desk, customer)
    draft = desk.v1.invoices.create({"customer": customer.id, "pending_invoice_items_behavior": "include"})

    assert desk.v1.invoices.delete(draft.id).deleted
    assert desk.v1.invoice_items.retrieve(waiting.id).invoice is None
    patron = desk.patron()
    desk.pass_time(months=1)
    renewal = desk.v1.invoices.list({"subscription": patron.id, "status": "draft"}).data[0]
    with pytest.raises(stripe.InvalidRequestError, match="only delete draft"):
        desk.v1.invoices.delete(renewal.id)


def test_a_sent_invoice_is_overdue_after_its_day_and_paid_outside_stripe(desk: Desk) -> None:
    customer = desk.v1.customers.create({"email": "ana@example.org"})
    item(desk, customer)
    wish = {"customer": customer.id, "collection_method": "send_invoice", "days_until_due": 7}
    draft = desk.v1.invoices.create({**wish, "pending_invoice_items_behavior": "include"})
    desk.news()

    sent = desk.v1.invoices.send_invoice(draft.id)
    assert (sent.status, sent.due_date) == ("open", sent.created + 7 * 86400)
    assert desk.news() == ["payment_intent.created", "invoice.finalized", "invoice.sent"]
    desk.pass_time(days=8)
    assert desk.news() == ["invoice.overdue"]

    paid = desk.v1.invoices.pay(draft.id, {"paid_out_of_band": True, "expand": ["payments"]})
    assert (paid.status, paid.payments.data[0].status) == ("paid", "canceled")


def test_a_subscription_by_invoice_is_active_before_it_is_paid(desk: Desk) -> None:
    customer = desk.v1.customers.create({})
    wish = {"collection_method": "send_invoice", "days_until_due": 14}
    made = desk.v1.subscriptions.create({"customer": customer.id, "items": [{"price": monthly(desk)}], **wish})
    assert made.status == "active"

    desk.pass_time(days=1)
    assert desk.v1.invoices.retrieve(made.latest_invoice).status == "open"
    desk.pass_time(days=15)

    assert desk.v1.subscriptions.retrieve(made.id).status == "past_due"


def test_an_invoice_left_to_itself_is_finalized_and_paid_in_an_hour(desk: Desk) -> None:
    customer = customer_with(desk, "pm_card_visa")
    item(desk, customer)
    wish = {"customer": customer.id, "auto_advance": True, "pending_invoice_items_behavior": "include"}
    draft = desk.v1.invoices.create(wish)

    desk.pass_time(seconds=3601)

    assert desk.v1.invoices.retrieve(draft.id).status == "paid"


def test_a_coupon_on_a_draft_is_reckoned_in(desk: Desk) -> None:
    customer = customer_with(desk, "pm_card_visa")
    item(desk, customer, 1000)
    draft = desk.v1.invoices.create({"customer": customer.id, "pending_invoice_items_behavior": "include"})
    coupon = desk.v1.coupons.create({"amount_off": 300, "currency": "eur"})

    changed = desk.v1.invoices.update(draft.id, {"discounts": [{"coupon": coupon.id}]})

    assert (changed.subtotal, changed.total, changed.amount_due) == (1000, 700, 700)
