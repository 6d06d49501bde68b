"""Coupons and promotion codes, and what they take off invoices."""

from typing import Any

import pytest
import requests
import stripe

from patronage.sandbox import discounts
from tests.sandbox.desk import Desk
from tests.sandbox.test_subscriptions import customer_with, monthly


def subscribed(desk: Desk, coupon: dict[str, Any], amount: int = 500) -> Any:
    made = desk.v1.coupons.create(coupon)
    customer = customer_with(desk, "pm_card_visa")
    wish = {"customer": customer.id, "items": [{"price": monthly(desk, amount)}], "discounts": [{"coupon": made.id}]}
    subscription = desk.v1.subscriptions.create(wish)
    desk.news()
    return subscription


def paid(desk: Desk, subscription: Any) -> list[int]:
    invoices = desk.v1.invoices.list({"subscription": subscription.id}).data
    return [invoice.amount_paid for invoice in reversed(invoices)]


@pytest.mark.parametrize(
    ("coupon", "amounts"),
    [
        ({"percent_off": 25, "duration": "once"}, [375, 500, 500]),
        ({"percent_off": 25, "duration": "repeating", "duration_in_months": 2}, [375, 375, 500]),
        ({"amount_off": 150, "currency": "eur", "duration": "forever"}, [350, 350, 350]),
    ],
)
def test_a_coupon_lasts_as_long_as_it_says(desk: Desk, coupon: dict[str, Any], amounts: list[int]) -> None:
    subscription = subscribed(desk, coupon)

    desk.pass_time(months=1)
    desk.pass_time(months=1)
    desk.pass_time(days=1)

    assert paid(desk, subscription) == amounts


def test_an_invoice_names_its_discounts(desk: Desk) -> None:
    subscription = subscribed(desk, {"percent_off": 12.5, "duration": "forever"}, 999)

    invoice = desk.v1.invoices.retrieve(str(subscription.latest_invoice), {"expand": ["discounts"]})

    [discount] = invoice.discounts
    assert (invoice.subtotal, invoice.total) == (999, 874)
    assert [(off.amount, off.discount) for off in invoice.total_discount_amounts] == [(125, discount.id)]
    assert invoice.lines.data[0].discount_amounts[0].amount == 125
    assert (discount.subscription, discount.source.type) == (subscription.id, "coupon")


def test_all_of_it_off_is_a_paid_invoice_without_a_charge(desk: Desk) -> None:
    subscription = subscribed(desk, {"percent_off": 100, "duration": "once"})

    invoice = desk.v1.invoices.retrieve(str(subscription.latest_invoice), {"expand": ["payments"]})

    assert (subscription.status, invoice.status, invoice.amount_due) == ("active", "paid", 0)
    assert invoice.payments.data == []
    assert desk.v1.charges.list().data == []


def test_a_promotion_code_is_redeemed_until_it_is_used_up(desk: Desk) -> None:
    coupon = desk.v1.coupons.create({"percent_off": 50, "duration": "once"})
    wish = {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "SPRING", "max_redemptions": 1}
    code = desk.v1.promotion_codes.create(wish)
    patron = desk.patron()

    changed = desk.v1.subscriptions.update(patron.id, {"discounts": [{"promotion_code": code.id}]})

    assert len(changed.discounts) == 1
    used = desk.v1.promotion_codes.retrieve(code.id)
    assert (used.active, used.times_redeemed) == (False, 1)
    assert desk.v1.promotion_codes.list({"code": "SPRING", "coupon": coupon.id}).data[0].id == code.id
    with pytest.raises(stripe.InvalidRequestError, match="cannot be redeemed"):
        desk.v1.subscriptions.update(patron.id, {"discounts": [{"promotion_code": code.id}]})


def test_a_discount_is_taken_away_again(desk: Desk) -> None:
    subscription = subscribed(desk, {"percent_off": 10, "duration": "forever"})

    desk.v1.subscriptions.delete_discount(subscription.id)

    assert desk.v1.subscriptions.retrieve(subscription.id).discounts == []
    assert desk.news() == ["customer.subscription.updated", "customer.discount.deleted"]


def test_a_deleted_coupon_still_gives_what_it_gave(desk: Desk) -> None:
    subscription = subscribed(desk, {"id": "OLD", "percent_off": 10, "duration": "forever"})
    desk.v1.coupons.update("OLD", {"name": "Old friends"})

    assert desk.v1.coupons.delete("OLD").deleted

    desk.pass_time(months=1)
    desk.pass_time(days=1)
    assert paid(desk, subscription) == [450, 450]
    with pytest.raises(stripe.InvalidRequestError, match="No such coupon"):
        desk.v1.coupons.retrieve("OLD")


@pytest.mark.parametrize(
    ("coupon", "words"),
    [
        ({}, "exactly one of"),
        ({"percent_off": 101}, "at most 100"),
        ({"amount_off": 100}, "Missing required param: currency"),
        ({"percent_off": 5, "duration": "repeating"}, "duration_in_months"),
        ({"percent_off": 5, "redeem_by": 1}, "in the future"),
        ({"percent_off": 5, "applies_to": {"products": ["x"]}}, "does not support"),
    ],
)
def test_a_coupon_stripe_would_refuse_is_refused(desk: Desk, coupon: dict[str, Any], words: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=words):
        desk.v1.coupons.create(coupon)


def test_a_share_is_exact_to_the_last_cent() -> None:
    assert discounts.worth({"percent_off": 33.3, "amount_off": None}, 1001) == 333
    assert discounts.worth({"percent_off": None, "amount_off": 700}, 500) == 500
    assert discounts.shares(100, [333, 333, 334]) == [33, 33, 34]
    assert discounts.shares(0, [0, 0]) == [0, 0]


def redeemed(desk: Desk, **coupon: Any) -> str:
    return str(desk.v1.coupons.create({"duration": "once", **coupon}).id)


def test_a_checkout_with_a_coupon_charges_less_the_first_time(desk: Desk) -> None:
    session = desk.open("subscription", discounts=[{"coupon": redeemed(desk, percent_off=50)}])
    assert (session.amount_subtotal, session.amount_total, session.total_details.amount_discount) == (500, 250, 250)

    desk.pay(session)

    subscription = desk.v1.subscriptions.retrieve(desk.session(session).subscription)
    desk.pass_time(months=1)
    desk.pass_time(days=1)
    assert paid(desk, subscription) == [250, 500]
    assert desk.v1.charges.list().data[-1].amount == 250


@pytest.mark.parametrize("mode", ["subscription", "payment"])
def test_a_checkout_with_all_of_it_off_needs_no_payment(desk: Desk, mode: str) -> None:
    session = desk.open(mode, discounts=[{"coupon": redeemed(desk, percent_off=100)}])

    assert desk.pay(session)["status"] == "complete"

    session = desk.session(session)
    assert (session.amount_total, session.payment_status, session.payment_intent) == (0, "no_payment_required", None)
    assert desk.v1.charges.list().data == []
    if mode == "subscription":
        assert desk.v1.subscriptions.retrieve(session.subscription).status == "active"
        assert desk.v1.invoices.retrieve(session.invoice).status == "paid"


def test_a_code_typed_on_the_page_is_taken_off(desk: Desk) -> None:
    coupon = redeemed(desk, percent_off=20)
    desk.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon}, "code": "SPRING"})
    session = desk.open("subscription", allow_promotion_codes=True)

    def typed(code: str) -> requests.Response:
        form = {"promotion_code": code, "apply": "1"}
        return requests.post(session.url, data=form, headers={"Accept": "text/html"}, timeout=30)

    assert "This code is invalid" in typed("AUTUMN").text
    assert "€4.00" in typed("spring").text
    desk.pay(session)

    assert desk.session(session).amount_total == 400
    assert desk.v1.promotion_codes.list({"code": "SPRING"}).data[0].times_redeemed == 1


def test_a_checkout_can_begin_with_a_trial(desk: Desk) -> None:
    session = desk.open("subscription", subscription_data={"trial_period_days": 14})
    assert session.amount_total == 0
    assert "14 days free" in requests.get(session.url, headers={"Accept": "text/html"}, timeout=30).text

    assert desk.pay(session, card="4000000000000002")["status"] == "declined"
    assert desk.pay(session)["status"] == "complete"

    begun = desk.v1.subscriptions.retrieve(desk.session(session).subscription)
    assert (begun.status, begun.trial_end) == ("trialing", begun.created + 14 * 86400)
    desk.pass_time(days=15)
    assert paid(desk, begun) == [0, 500]
