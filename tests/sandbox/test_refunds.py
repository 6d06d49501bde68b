"""Refunds: partial, several, too much, and those that come back."""

from typing import Any

import pytest
import stripe

from tests.sandbox.desk import Desk
from tests.sandbox.money import paid, total


def test_two_partial_refunds_add_up_and_a_third_is_too_much(desk: Desk) -> None:
    charge = paid(desk)
    desk.v1.refunds.create({"charge": charge.id, "amount": 1500})

    with pytest.raises(stripe.InvalidRequestError, match=r"greater than unrefunded amount on charge \(3500\)"):
        desk.v1.refunds.create({"charge": charge.id, "amount": 3501})
    assert not desk.v1.charges.retrieve(charge.id).refunded
    desk.v1.refunds.create({"payment_intent": charge.payment_intent})

    charge = desk.v1.charges.retrieve(charge.id)
    assert (charge.refunded, charge.amount_refunded) == (True, 5000)
    assert [found.amount for found in desk.v1.refunds.list({"charge": charge.id}).data] == [3500, 1500]
    with pytest.raises(stripe.InvalidRequestError, match="already been refunded"):
        desk.v1.refunds.create({"charge": charge.id})


def test_a_refund_moves_its_own_money_on_the_balance(desk: Desk) -> None:
    charge = paid(desk)
    before = total(desk)

    refund = desk.v1.refunds.create({"charge": charge.id, "amount": 1500, "expand": ["balance_transaction"]})

    moved = refund.balance_transaction
    assert (moved.amount, moved.fee, moved.net) == (-1500, 0, -1500)
    assert (moved.type, moved.reporting_category, moved.source) == ("refund", "refund", refund.id)
    assert total(desk) == before - 1500


def test_a_refund_for_fraud_marks_its_charge(desk: Desk) -> None:
    charge = paid(desk)

    desk.v1.refunds.create({"charge": charge.id, "reason": "fraudulent", "metadata": {"ticket": "12"}})

    assert desk.v1.charges.retrieve(charge.id).fraud_details.to_dict() == {"user_report": "fraudulent"}
    with pytest.raises(stripe.InvalidRequestError, match="must be one of"):
        desk.v1.refunds.create({"charge": charge.id, "reason": "regret"})


@pytest.mark.parametrize("method", ["pm_card_refundFail", "4000000000007726"])
def test_a_refund_that_fails_gives_the_money_back(desk: Desk, method: str) -> None:
    charge = paid(desk, _named(desk, method))
    before = total(desk)
    refund = desk.v1.refunds.create({"charge": charge.id, "amount": 2000})
    assert (refund.status, total(desk)) == ("succeeded", before - 2000)
    desk.news()

    desk.pass_time(seconds=120)

    failed = desk.v1.refunds.retrieve(refund.id, {"expand": ["failure_balance_transaction"]})
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert failed.failure_balance_transaction.type == "refund_failure"
    assert failed.failure_balance_transaction.amount == 2000
    charge = desk.v1.charges.retrieve(charge.id)
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    assert total(desk) == before
    assert desk.news() == ["refund.updated", "refund.failed", "charge.updated"]


def _named(desk: Desk, method: str) -> Any:
    if method.startswith("pm_"):
        return method
    card = {"number": method, "exp_month": 12, "exp_year": 2034, "cvc": "123"}
    return desk.v1.payment_methods.create({"type": "card", "card": card}).id


def test_a_bank_debit_is_refunded_days_later(desk: Desk) -> None:
    account = {"iban": "DE89370400440532013000"}
    person = {"name": "Ana", "email": "ana@example.org"}
    method = desk.v1.payment_methods.create({"type": "sepa_debit", "sepa_debit": account, "billing_details": person})
    charge = paid(desk, method.id)
    desk.pass_time(days=4)

    refund = desk.v1.refunds.create({"charge": charge.id, "expand": ["balance_transaction"]})
    assert (refund.status, refund.balance_transaction.type) == ("pending", "payment_refund")
    desk.pass_time(days=4)

    assert desk.v1.refunds.retrieve(refund.id).status == "succeeded"


def test_no_refund_of_a_card_can_be_canceled(desk: Desk) -> None:
    refund = desk.v1.refunds.create({"charge": paid(desk).id})

    with pytest.raises(stripe.InvalidRequestError, match="require action"):
        desk.v1.refunds.cancel(refund.id)
    assert desk.v1.charges.retrieve(refund.charge, {"expand": ["refunds"]}).refunds.data[0].id == refund.id
