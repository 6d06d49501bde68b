"""What becomes of renewals that fail, by every end that dunning can have."""

from typing import Any

import pytest
import requests

from tests.sandbox.desk import Desk
from tests.sandbox.test_renewals import failing


def dunned(desk: Desk, **wished: Any) -> Any:
    return requests.put(f"{desk.running.url}/_sandbox/dunning", json=wished, timeout=30).json()


def failed(desk: Desk, **wished: Any) -> Any:
    """A patron whose last try has failed: three in four days."""
    dunned(desk, tries=3, days=4, **wished)
    patron = desk.patron()
    failing(desk, patron)
    desk.pass_time(months=1)
    desk.news()
    desk.pass_time(days=5)
    return desk.v1.subscriptions.retrieve(patron.id, {"expand": ["latest_invoice"]})


@pytest.mark.parametrize(
    ("end", "status", "last"),
    [
        ("cancel", "canceled", "customer.subscription.deleted"),
        ("unpaid", "unpaid", "customer.subscription.updated"),
        ("past_due", "past_due", "invoice.payment_failed"),
        ("pause", "paused", "customer.subscription.paused"),
    ],
)
def test_the_last_try_leads_to_the_end_that_was_set(desk: Desk, end: str, status: str, last: str) -> None:
    over = failed(desk, end=end)

    told = desk.news()
    assert (over.status, told[-1], told.count("invoice.payment_failed")) == (status, last, 3)
    invoice = over.latest_invoice
    assert (invoice.status, invoice.attempt_count, invoice.next_payment_attempt) == ("open", 3, None)
    if end == "pause":
        assert over.status_details.paused.subscription.type == "final_payment_failure"


def test_an_unpaid_subscription_goes_on_in_drafts_until_it_is_paid(desk: Desk) -> None:
    over = failed(desk, end="unpaid")
    desk.pass_time(months=1)
    assert desk.v1.invoices.list({"subscription": over.id}).data[0].status == "draft"

    desk.v1.invoices.pay(over.latest_invoice.id, {"payment_method": "pm_card_visa"})

    assert desk.v1.subscriptions.retrieve(over.id).status == "active"


def test_left_past_due_each_renewal_is_tried_anew(desk: Desk) -> None:
    over = failed(desk, end="past_due")
    desk.news()

    desk.pass_time(months=1)
    desk.pass_time(days=6)

    assert desk.news().count("invoice.payment_failed") >= 3
    assert desk.v1.subscriptions.retrieve(over.id).status == "past_due"


def test_paused_for_want_of_money_it_is_resumed_with_a_new_card(desk: Desk) -> None:
    over = failed(desk, end="pause")
    failing(desk, over, "pm_card_visa")

    resumed = desk.v1.subscriptions.resume(over.id, {"billing_cycle_anchor": {"type": "now"}})

    assert (resumed.status, resumed.status_details) == ("active", None)
    assert "customer.subscription.resumed" in desk.news()


def test_the_setting_is_read_back_and_checked(desk: Desk) -> None:
    assert dunned(desk) == {"tries": 8, "days": 14, "end": "cancel"}
    assert dunned(desk, tries=1)["tries"] == 1
    assert "must be one of" in dunned(desk, end="forget")["error"]["message"]
    read = requests.get(f"{desk.running.url}/_sandbox/dunning", timeout=30).json()
    assert read["tries"] == 1
