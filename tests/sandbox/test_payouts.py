"""Payouts: what is available goes to the bank, and can be followed to the last cent."""

from typing import Any

import pytest
import stripe

from tests.sandbox.desk import Desk
from tests.sandbox.money import control, paid, total


@pytest.fixture
def daily(desk: Desk) -> Desk:
    """A desk whose sandbox pays out by itself, every day."""
    assert control(desk, "PUT", "payouts", {"schedule": "daily"}) == {"schedule": "daily", "fail_next": False}
    return desk


def entries(desk: Desk, payout: Any) -> list[tuple[str, int]]:
    """The type and net amount of what is in a payout, newest first."""
    return [(entry.type, entry.net) for entry in desk.v1.balance_transactions.list({"payout": payout.id}).data]


def test_money_becomes_available_after_two_days_and_is_paid_out(daily: Desk) -> None:
    paid(daily)
    daily.pass_time(days=1)
    assert daily.v1.payouts.list().data == []

    daily.pass_time(days=3)

    (payout,) = daily.v1.payouts.list({"status": "paid"}).data
    assert (payout.amount, payout.currency, payout.automatic) == (4825, "eur", True)
    assert (payout.reconciliation_status, payout.arrival_date % 86400) == ("completed", 0)
    assert entries(daily, payout) == [("payout", -4825), ("charge", 4825)]
    assert total(daily) == 0
    assert daily.news() == ["payout.created", "payout.updated", "payout.reconciliation_completed", "payout.paid"]


def test_what_is_in_a_payout_adds_up_to_nothing(daily: Desk) -> None:
    first, _second = paid(daily), paid(daily, amount=2000)
    daily.v1.refunds.create({"charge": first.id, "amount": 1000})

    daily.pass_time(days=4)

    (payout,) = daily.v1.payouts.list().data
    found = entries(daily, payout)
    assert [type for type, _ in found] == ["payout", "refund", "charge", "charge"]
    assert sum(net for _, net in found) == 0
    assert daily.v1.balance_transactions.retrieve(payout.balance_transaction).reporting_category == "payout"
    assert daily.v1.payouts.list({"arrival_date": {"gt": payout.arrival_date}}).data == []
    assert daily.v1.payouts.list({"arrival_date": payout.arrival_date}).data[0].id == payout.id


def test_each_currency_has_its_own_payout(daily: Desk) -> None:
    for currency in ("eur", "uah", "jpy"):
        paid(daily, currency=currency)

    daily.pass_time(days=4)

    assert sorted(payout.currency for payout in daily.v1.payouts.list().data) == ["eur", "jpy", "uah"]
    assert len(daily.v1.balance_transactions.list({"currency": "jpy", "type": "payout"}).data) == 1


def test_nothing_is_paid_out_while_more_is_owed_than_there(daily: Desk) -> None:
    paid(daily, "pm_card_createDispute")
    daily.pass_time(days=5)
    assert daily.v1.payouts.list().data == []

    paid(daily, amount=9000)
    daily.pass_time(days=5)

    (payout,) = daily.v1.payouts.list().data
    assert [type for type, _ in entries(daily, payout)] == ["payout", "charge", "adjustment", "charge"]


def test_a_payout_that_fails_comes_back_and_goes_out_again(daily: Desk) -> None:
    paid(daily)
    control(daily, "PUT", "payouts", {"fail_next": True})

    daily.pass_time(days=6)

    again, failed = daily.v1.payouts.list().data
    assert (failed.status, failed.failure_code, again.status) == ("failed", "account_closed", "paid")
    assert failed.failure_message
    back = daily.v1.balance_transactions.retrieve(failed.failure_balance_transaction)
    assert (back.type, back.reporting_category, back.amount) == ("payout_failure", "payout_reversal", 4825)
    assert entries(daily, again) == [("payout", -4825), ("payout_failure", 4825)]
    assert "payout.failed" in daily.news()


def test_a_week_is_paid_out_on_monday(desk: Desk) -> None:
    control(desk, "PUT", "payouts", {"schedule": "weekly"})
    paid(desk)
    desk.pass_time(days=14)

    (payout,) = desk.v1.payouts.list().data
    assert (payout.created // 86400 + 3) % 7 == 0
    assert total(desk) == 0


def test_a_payout_by_hand_can_be_canceled_until_it_leaves(desk: Desk) -> None:
    paid(desk, "pm_card_bypassPending")
    payout = desk.v1.payouts.create({"amount": 1000, "currency": "eur", "metadata": {"for": "rent"}})
    assert (payout.status, payout.automatic, total(desk)) == ("pending", False, 3825)

    assert desk.v1.payouts.cancel(payout.id).status == "canceled"
    assert total(desk) == 4825
    second = desk.v1.payouts.create({"amount": 4825, "currency": "eur"})
    desk.pass_time(days=2)

    assert desk.v1.payouts.update(second.id, {"metadata": {"a": "1"}}).status == "paid"
    with pytest.raises(stripe.InvalidRequestError, match="manual and pending"):
        desk.v1.payouts.cancel(second.id)
    with pytest.raises(stripe.InvalidRequestError, match="automatic transfers, not manual"):
        desk.v1.balance_transactions.list({"payout": second.id})


def test_no_more_is_paid_out_by_hand_than_is_available(desk: Desk) -> None:
    paid(desk)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        desk.v1.payouts.create({"amount": 1, "currency": "eur"})

    assert refused.value.code == "balance_insufficient"


def test_another_currency_is_settled_at_a_rate(desk: Desk) -> None:
    control(desk, "PUT", "account", {"settlement_currency": "eur"})
    charge = paid(desk, amount=100_000, currency="uah")
    transaction = desk.v1.balance_transactions.retrieve(charge.balance_transaction)
    assert (charge.currency, transaction.currency) == ("uah", "eur")
    assert (transaction.amount, transaction.exchange_rate) == (2150, 0.0215)

    refund = desk.v1.refunds.create({"charge": charge.id, "expand": ["balance_transaction"]})

    assert (refund.currency, refund.amount) == ("uah", 100_000)
    assert (refund.balance_transaction.currency, refund.balance_transaction.amount) == ("eur", -2150)
    assert total(desk) == -transaction.fee


def test_yen_are_settled_without_losing_their_decimals(desk: Desk) -> None:
    control(desk, "PUT", "account", {"settlement_currency": "eur"})

    transaction = desk.v1.balance_transactions.retrieve(paid(desk, currency="jpy").balance_transaction)

    assert transaction.amount == 3050
