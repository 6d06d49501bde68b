"""Disputes: the money goes, the evidence is weighed, and sometimes the money comes back."""

import pytest
import stripe

from tests.sandbox.desk import Desk
from tests.sandbox.money import control, paid, total

FEE = 1500


def test_a_disputed_card_takes_the_money_and_a_fee(desk: Desk) -> None:
    charge = paid(desk, "pm_card_createDispute")

    (dispute,) = desk.v1.disputes.list({"charge": charge.id}).data

    assert (dispute.status, dispute.reason, dispute.amount) == ("needs_response", "fraudulent", 5000)
    assert desk.v1.charges.retrieve(charge.id).disputed
    (moved,) = dispute.balance_transactions
    assert (moved.amount, moved.fee, moved.net) == (-5000, FEE, -5000 - FEE)
    assert (moved.type, moved.reporting_category, moved.source) == ("adjustment", "dispute", dispute.id)
    assert [(fee.amount, fee.description) for fee in moved.fee_details] == [(FEE, "Dispute fee")]
    assert desk.v1.disputes.list({"payment_intent": charge.payment_intent}).data[0].id == dispute.id


def test_a_dispute_is_told_of_after_the_payment(desk: Desk) -> None:
    params = {"amount": 5000, "currency": "eur", "payment_method": "pm_card_createDispute", "confirm": True}
    desk.v1.payment_intents.create(params)

    assert len(desk.v1.disputes.list().data) == 1
    assert desk.news() == [
        *("payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "charge.updated"),
        *("charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.updated"),
    ]


def test_winning_evidence_brings_the_money_back_but_not_the_fee(desk: Desk) -> None:
    charge = paid(desk, "pm_card_createDispute")
    before = total(desk)
    (dispute,) = desk.v1.disputes.list().data
    desk.news()

    answered = desk.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "winning_evidence"}})

    assert answered.status == "under_review"
    details = answered.evidence_details
    assert (details.has_evidence, details.submission_count, details.submission_method) == (True, 1, "manual")
    won = desk.v1.disputes.retrieve(dispute.id)
    assert (won.status, [moved.net for moved in won.balance_transactions]) == ("won", [-5000 - FEE, 5000])
    assert won.balance_transactions[1].reporting_category == "dispute_reversal"
    assert total(desk) == before + 5000
    assert desk.v1.charges.retrieve(charge.id).disputed
    closing = ["charge.dispute.closed", "charge.dispute.funds_reinstated"]
    assert desk.news() == ["charge.dispute.updated", *closing]


def test_losing_evidence_loses(desk: Desk) -> None:
    paid(desk, "pm_card_createDispute")
    (dispute,) = desk.v1.disputes.list().data
    desk.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "losing_evidence"}})

    assert desk.v1.disputes.retrieve(dispute.id).status == "lost"
    with pytest.raises(stripe.InvalidRequestError, match="can no longer be changed"):
        desk.v1.disputes.update(dispute.id, {"evidence": {"uncategorized_text": "but"}})
    assert desk.v1.disputes.update(dispute.id, {"metadata": {"seen": "yes"}}).metadata.to_dict() == {"seen": "yes"}


def test_evidence_can_be_kept_back_until_it_is_submitted(desk: Desk) -> None:
    paid(desk, "pm_card_createDispute")
    (dispute,) = desk.v1.disputes.list().data

    draft = desk.v1.disputes.update(dispute.id, {"evidence": {"customer_name": "Ana"}, "submit": False})
    assert (draft.status, draft.evidence_details.has_evidence) == ("needs_response", True)

    with pytest.raises(stripe.InvalidRequestError, match="No such file"):
        desk.v1.disputes.update(dispute.id, {"evidence": {"receipt": "file_1"}})

    assert desk.v1.disputes.update(dispute.id, {"submit": True}).status == "under_review"


def test_a_dispute_nobody_answers_is_lost_at_its_deadline(desk: Desk) -> None:
    paid(desk, "pm_card_createDispute")
    (dispute,) = desk.v1.disputes.list().data
    desk.news()

    desk.pass_time(days=11)

    lost = desk.v1.disputes.retrieve(dispute.id)
    assert (lost.status, lost.evidence_details.past_due) == ("lost", True)
    assert desk.news() == ["charge.dispute.closed"]


def test_a_dispute_that_is_not_worth_it_is_closed(desk: Desk) -> None:
    paid(desk, "pm_card_createDispute")
    (dispute,) = desk.v1.disputes.list().data

    assert desk.v1.disputes.close(dispute.id).status == "lost"
    with pytest.raises(stripe.InvalidRequestError, match="cannot be closed"):
        desk.v1.disputes.close(dispute.id)


def test_an_inquiry_moves_no_money_and_ends_with_a_refund(desk: Desk) -> None:
    charge = paid(desk, "pm_card_createDisputeInquiry")
    (inquiry,) = desk.v1.disputes.list().data
    assert (inquiry.status, inquiry.balance_transactions) == ("warning_needs_response", [])
    assert inquiry.is_charge_refundable

    desk.v1.refunds.create({"charge": charge.id})

    assert desk.v1.disputes.retrieve(inquiry.id).status == "warning_closed"


def test_an_inquiry_can_become_a_dispute(desk: Desk) -> None:
    paid(desk, "pm_card_createDisputeInquiry")
    (inquiry,) = desk.v1.disputes.list().data

    desk.v1.disputes.update(inquiry.id, {"evidence": {"uncategorized_text": "escalate_inquiry_evidence"}})

    escalated = desk.v1.disputes.retrieve(inquiry.id)
    assert (escalated.status, len(escalated.balance_transactions)) == ("needs_response", 1)


def test_an_inquiry_nobody_escalates_is_closed_after_months(desk: Desk) -> None:
    paid(desk, "pm_card_createDisputeInquiry")
    (inquiry,) = desk.v1.disputes.list().data

    desk.pass_time(days=30)
    assert desk.v1.disputes.retrieve(inquiry.id).evidence_details.past_due
    desk.pass_time(days=100)

    assert desk.v1.disputes.retrieve(inquiry.id).status == "warning_closed"


def test_a_disputed_charge_cannot_be_refunded_until_it_is_won(desk: Desk) -> None:
    charge = paid(desk)
    dispute = control(desk, "POST", "disputes", {"charge": charge.id, "amount": 2000, "reason": "duplicate"})
    assert dispute["amount"] == 2000

    with pytest.raises(stripe.InvalidRequestError) as refused:
        desk.v1.refunds.create({"charge": charge.id})
    assert refused.value.code == "charge_disputed"
    control(desk, "POST", f"disputes/{dispute['id']}", {"status": "won"})

    assert desk.v1.refunds.create({"charge": charge.id}).amount == 5000


@pytest.mark.parametrize(
    ("steps", "moved"),
    [
        (["under_review", "lost", "appeal_needs_response", "appeal_under_review", "won"], [-5000, 5000]),
        (["won", "appeal_under_review", "lost"], [-5000, 5000, -5000]),
        (["warning_under_review"], [-5000, 5000]),
        (["prevented"], [-5000, 5000]),
    ],
)
def test_every_status_can_be_brought_about(desk: Desk, steps: list[str], moved: list[int]) -> None:
    charge = paid(desk)
    before = total(desk)
    dispute = control(desk, "POST", "disputes", {"charge": charge.id})

    for step in steps:
        control(desk, "POST", f"disputes/{dispute['id']}", {"status": step})
        assert desk.v1.disputes.retrieve(dispute["id"]).status == step

    found = desk.v1.disputes.retrieve(dispute["id"])
    assert [entry.amount for entry in found.balance_transactions] == moved
    assert total(desk) == before + sum(moved) - FEE


def test_a_contested_bank_debit_is_lost_at_once(desk: Desk) -> None:
    desk.pay(desk.open("payment"), method="bank_debit")
    desk.pass_time(days=4)
    (charge,) = desk.v1.charges.list().data
    desk.news()

    made = control(desk, "POST", "disputes", {"charge": charge.id})

    found = desk.v1.disputes.retrieve(made["id"])
    assert (found.status, found.reason, found.payment_method_details) == ("lost", "debit_not_authorized", None)
    told = [name.removeprefix("charge.dispute.") for name in desk.news()]
    assert told == ["created", "funds_withdrawn", "closed", "charge.updated"]


def test_a_control_says_what_it_cannot_do(desk: Desk) -> None:
    charge = paid(desk)

    assert "5000" in control(desk, "POST", "disputes", {"charge": charge.id, "amount": 9000}, 400)["error"]["message"]
    control(desk, "POST", "disputes", {"charge": charge.id, "status": "happy"}, 400)
    control(desk, "POST", "disputes/du_none", {"status": "won"}, 404)


def test_an_early_warning_has_nothing_to_be_done_once_the_money_is_back(desk: Desk) -> None:
    charge = paid(desk, "pm_card_createIssuerFraudRecord")
    (warning,) = desk.v1.radar.early_fraud_warnings.list({"charge": charge.id}).data
    assert warning.actionable

    desk.v1.refunds.create({"charge": charge.id})

    assert not desk.v1.radar.early_fraud_warnings.retrieve(warning.id).actionable
    assert desk.news()[-1] == "radar.early_fraud_warning.updated"


def test_a_warning_can_be_asked_for(desk: Desk) -> None:
    charge = paid(desk)

    warning = control(desk, "POST", "early_fraud_warnings", {"charge": charge.id})

    found = desk.v1.radar.early_fraud_warnings.list({"payment_intent": charge.payment_intent}).data
    assert [entry.id for entry in found] == [warning["id"]]
    assert desk.news() == ["radar.early_fraud_warning.created"]
