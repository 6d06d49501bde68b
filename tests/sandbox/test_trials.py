"""Trials: begun, told of, ended by time or by hand."""

from typing import Any

import pytest

from tests.sandbox.desk import Desk
from tests.sandbox.test_subscriptions import customer_with, monthly

DAY = 86400


def tried(desk: Desk, card: str | None = "pm_card_visa", days: int = 14, **more: Any) -> Any:
    customer = customer_with(desk, card) if card else desk.v1.customers.create({})
    wish = {"customer": customer.id, "items": [{"price": monthly(desk)}], "trial_period_days": days, **more}
    made = desk.v1.subscriptions.create(wish)
    assert made.status == "trialing"
    return made


def test_a_trial_costs_nothing_is_told_of_and_becomes_a_paid_period(desk: Desk) -> None:
    made = tried(desk)
    first = desk.v1.invoices.retrieve(str(made.latest_invoice))
    assert (first.status, first.amount_due, first.lines.data[0].amount) == ("paid", 0, 0)
    assert (made.trial_end, made.billing_cycle_anchor) == (made.created + 14 * DAY, made.created + 14 * DAY)
    desk.news()

    desk.pass_time(days=11)
    assert desk.news() == ["invoice.upcoming", "customer.subscription.trial_will_end"]
    desk.pass_time(days=4)

    begun = desk.v1.subscriptions.retrieve(made.id, {"expand": ["latest_invoice"]})
    assert (begun.status, begun.latest_invoice.status, begun.latest_invoice.amount_paid) == ("active", "paid", 500)
    assert begun["items"].data[0].current_period_start == made.trial_end
    updated = next(event for event in desk.events() if event.type == "customer.subscription.updated")
    assert updated.data.previous_attributes["status"] == "trialing"


@pytest.mark.parametrize(
    ("wish", "status"), [("cancel", "canceled"), ("pause", "paused"), ("create_invoice", "past_due")]
)
def test_a_trial_without_a_card_ends_as_was_wished(desk: Desk, wish: str, status: str) -> None:
    ends = {"end_behavior": {"missing_payment_method": wish}}
    made = tried(desk, None, days=2, trial_settings=ends)
    desk.pass_time(days=3)

    over = desk.v1.subscriptions.retrieve(made.id)

    assert over.status == status
    if wish == "pause":
        assert over.status_details.paused.subscription.type == "trial_end_without_payment_method"


def test_a_trial_is_ended_by_hand_and_charged_at_once(desk: Desk) -> None:
    made = tried(desk)

    begun = desk.v1.subscriptions.update(made.id, {"trial_end": "now", "expand": ["latest_invoice"]})

    assert (begun.status, begun.latest_invoice.amount_paid) == ("active", 500)
    assert begun["items"].data[0].current_period_start == made.created


def test_a_running_subscription_is_given_time_for_nothing(desk: Desk) -> None:
    patron = desk.patron()
    until = patron.created + 60 * DAY

    freed = desk.v1.subscriptions.update(patron.id, {"trial_end": until, "proration_behavior": "none"})

    assert (freed.status, freed["items"].data[0].current_period_end) == ("trialing", until)
    desk.pass_time(days=59)
    assert len(desk.v1.invoices.list({"subscription": patron.id}).data) == 1
    desk.pass_time(days=2)
    assert desk.v1.subscriptions.retrieve(patron.id).status == "active"
    assert len(desk.v1.invoices.list({"subscription": patron.id}).data) == 2


def test_a_trial_that_is_canceled_ends_without_a_charge(desk: Desk) -> None:
    made = tried(desk)
    desk.v1.subscriptions.update(made.id, {"cancel_at_period_end": True})

    desk.pass_time(days=15)

    assert desk.v1.subscriptions.retrieve(made.id).status == "canceled"
    assert desk.v1.charges.list().data == []
