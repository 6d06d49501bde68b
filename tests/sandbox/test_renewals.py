"""What the clock does: renewals, failing cards, dunning, endings."""

from datetime import UTC, datetime
from typing import Any

import pytest
import stripe

from patronage.sandbox import clock
from tests.sandbox.desk import Desk

RENEWED = [
    "invoice.upcoming",
    "customer.subscription.updated",
    "invoice.created",
    "payment_intent.created",
    "invoice.finalized",
    "charge.succeeded",
    "payment_intent.succeeded",
    "invoice_payment.paid",
    "invoice.paid",
    "invoice.payment_succeeded",
    "charge.updated",
]
FAILED = ["charge.failed", "payment_intent.payment_failed", "invoice.payment_failed"]


def failing(desk: Desk, subscription: Any, card: str = "pm_card_chargeCustomerFail") -> None:
    """Give the patron a card that will be refused at the next renewal."""
    sub = desk.v1.subscriptions.retrieve(subscription.id)
    method = desk.v1.payment_methods.attach(card, {"customer": sub.customer})
    desk.v1.subscriptions.update(sub.id, {"default_payment_method": method.id})
    desk.news()


def test_a_renewal_is_drafted_an_hour_before_it_is_paid(desk: Desk) -> None:
    patron = desk.patron()
    first_end = patron["items"].data[0].current_period_end

    desk.pass_time(months=1)
    drafted = desk.events()
    desk.pass_time(days=1)
    paid = desk.events()

    assert [event.type for event in drafted + paid] == RENEWED
    upcoming, _, created = drafted
    assert "id" not in upcoming.data.object
    assert (created.created, created.data.object.status) == (first_end, "draft")
    finalized = next(event for event in paid if event.type == "invoice.finalized")
    assert finalized.created == first_end + 3600
    renewed = desk.v1.subscriptions.retrieve(patron.id)
    assert renewed["items"].data[0].current_period_start == first_end
    invoice = desk.v1.invoices.retrieve(str(renewed.latest_invoice))
    assert (invoice.billing_reason, invoice.amount_paid) == ("subscription_cycle", 500)
    assert invoice.lines.data[0].period.start == first_end


def test_the_update_at_a_renewal_names_what_was_before(desk: Desk) -> None:
    patron = desk.patron()
    desk.pass_time(months=1)

    updated = next(event for event in desk.events() if event.type == "customer.subscription.updated")

    before = updated.data.previous_attributes.to_dict()
    assert set(before) == {"items", "latest_invoice"}
    assert before["latest_invoice"] == patron.latest_invoice


def test_a_subscription_begun_on_the_31st_keeps_to_the_end_of_months() -> None:
    begun = int(datetime(2027, 1, 31, 9, tzinfo=UTC).timestamp())
    february = clock.months_later(begun, 1)

    assert datetime.fromtimestamp(february, UTC).day == 28
    assert datetime.fromtimestamp(clock.months_later(february, 1, 31), UTC).day == 31


def test_a_failing_renewal_is_past_due_and_ends_after_eight_tries_in_two_weeks(desk: Desk) -> None:
    patron = desk.patron()
    failing(desk, patron)

    desk.pass_time(months=1)
    desk.news()
    desk.pass_time(days=1)
    assert desk.news()[:6] == ["payment_intent.created", "invoice.finalized", *FAILED, "customer.subscription.updated"]
    late = desk.v1.subscriptions.retrieve(patron.id, {"expand": ["latest_invoice"]})
    assert late.status == "past_due"
    assert late.latest_invoice.next_payment_attempt > late.latest_invoice.created
    assert late.latest_invoice.attempt_count == 1

    desk.pass_time(days=15)
    told = desk.news()
    assert told.count("invoice.payment_failed") == 7
    assert told[-1] == "customer.subscription.deleted"
    ended = desk.v1.subscriptions.retrieve(patron.id)
    assert (ended.status, ended.cancellation_details.reason) == ("canceled", "payment_failed")
    assert desk.v1.invoices.retrieve(str(ended.latest_invoice)).status == "open"


def test_a_new_card_mends_a_past_due_subscription_at_the_next_try(desk: Desk) -> None:
    patron = desk.patron()
    failing(desk, patron)
    desk.pass_time(months=1)
    desk.pass_time(days=1)
    assert desk.v1.subscriptions.retrieve(patron.id).status == "past_due"

    failing(desk, patron, "pm_card_visa")
    desk.pass_time(days=3)

    assert desk.v1.subscriptions.retrieve(patron.id).status == "active"
    assert "invoice.paid" in desk.news()


def test_trying_by_hand_does_not_hasten_the_end(desk: Desk) -> None:
    patron = desk.patron()
    failing(desk, patron)
    desk.pass_time(months=1)
    desk.pass_time(days=1)
    late = desk.v1.invoices.list({"subscription": patron.id}).data[0]

    for _ in range(9):
        with pytest.raises(stripe.CardError):
            desk.v1.invoices.pay(late.id)

    after = desk.v1.invoices.retrieve(late.id)
    assert (after.attempt_count, after.next_payment_attempt) == (late.attempt_count, late.next_payment_attempt)
    assert desk.v1.subscriptions.retrieve(patron.id).status == "past_due"


def test_a_bank_that_asks_each_time_fails_the_renewal_with_action_required(desk: Desk) -> None:
    patron = desk.patron()
    failing(desk, patron, "pm_card_authenticationRequired")

    desk.pass_time(months=1)
    desk.pass_time(days=1)

    assert "invoice.payment_action_required" in desk.news()


def test_an_end_at_the_periods_end_comes_without_another_invoice(desk: Desk) -> None:
    patron = desk.patron()
    wished = desk.v1.subscriptions.update(patron.id, {"cancel_at_period_end": True})
    assert wished.cancel_at == patron["items"].data[0].current_period_end
    assert (wished.status, wished.ended_at) == ("active", None)
    assert wished.canceled_at is not None
    assert desk.news() == ["customer.subscription.updated"]

    desk.pass_time(months=1)

    assert desk.news() == ["customer.subscription.deleted"]
    ended = desk.v1.subscriptions.retrieve(patron.id)
    assert (ended.status, ended.ended_at) == ("canceled", wished.cancel_at)


def test_a_wish_to_end_can_be_taken_back(desk: Desk) -> None:
    patron = desk.patron()
    desk.v1.subscriptions.update(patron.id, {"cancel_at_period_end": True})

    kept = desk.v1.subscriptions.update(patron.id, {"cancel_at_period_end": False})

    assert (kept.cancel_at, kept.canceled_at) == (None, None)
    desk.news()
    desk.pass_time(months=1)
    assert "invoice.created" in desk.news()


def test_an_end_can_be_set_for_any_moment(desk: Desk) -> None:
    patron = desk.patron()
    moment = patron.created + 10 * 86400
    wished = desk.v1.subscriptions.update(patron.id, {"cancel_at": moment})
    assert (wished.cancel_at, wished.cancel_at_period_end) == (moment, False)

    desk.pass_time(days=11)

    assert desk.v1.subscriptions.retrieve(patron.id).ended_at == moment


@pytest.mark.parametrize(("behavior", "status"), [("void", "void"), ("mark_uncollectible", "uncollectible")])
def test_a_paused_collection_charges_nothing_and_resumes_by_itself(desk: Desk, behavior: str, status: str) -> None:
    patron = desk.patron()
    resumes = patron.created + 45 * 86400
    pause = {"behavior": behavior, "resumes_at": resumes}
    paused = desk.v1.subscriptions.update(patron.id, {"pause_collection": pause})
    assert (paused.status, paused.pause_collection.resumes_at) == ("active", resumes)

    desk.pass_time(months=1)
    desk.pass_time(days=1)
    skipped = desk.v1.invoices.list({"subscription": patron.id}).data[0]
    assert (skipped.status, skipped.amount_paid) == (status, 0)

    desk.pass_time(days=20)
    assert desk.v1.subscriptions.retrieve(patron.id).pause_collection is None
    desk.pass_time(months=1)
    assert desk.v1.invoices.list({"subscription": patron.id}).data[0].status == "paid"


def test_a_new_amount_without_proration_counts_from_the_next_renewal(desk: Desk) -> None:
    patron = desk.patron()
    item = patron["items"].data[0]
    price = {"currency": "eur", "unit_amount": 900, "recurring": {"interval": "month"}, "product": item.price.product}

    changed = desk.v1.subscriptions.update(
        patron.id,
        {"items": [{"id": item.id, "price_data": price}], "proration_behavior": "none"},
    )
    assert changed["items"].data[0].price.unit_amount == 900
    assert changed["items"].data[0].current_period_end == item.current_period_end

    desk.pass_time(months=1)
    desk.pass_time(days=1)
    newest = desk.v1.invoices.list({"subscription": patron.id}).data[0]
    assert (newest.status, newest.amount_paid) == ("paid", 900)


def test_from_monthly_to_yearly_is_charged_at_once(desk: Desk) -> None:
    patron = desk.patron()
    item = patron["items"].data[0]
    price = {"currency": "eur", "unit_amount": 6000, "recurring": {"interval": "year"}, "product": item.price.product}

    desk.v1.subscriptions.update(
        patron.id,
        {"items": [{"id": item.id, "price_data": price}], "proration_behavior": "none"},
    )

    newest = desk.v1.invoices.list({"subscription": patron.id}).data[0]
    assert (newest.status, newest.amount_paid, newest.billing_reason) == ("paid", 6000, "subscription_update")


def test_pause_and_resume_stop_the_periods_and_begin_them_anew(desk: Desk) -> None:
    patron = desk.patron()
    paused = desk.v1.subscriptions.pause(patron.id)
    assert paused.status == "paused"
    assert paused.status_details.paused.subscription.type == "pause_requested"

    desk.pass_time(months=2)
    assert len(desk.v1.invoices.list({"subscription": patron.id}).data) == 1

    resumed = desk.v1.subscriptions.resume(patron.id)
    assert (resumed.status, len(desk.v1.invoices.list({"subscription": patron.id}).data)) == ("active", 2)


def test_two_years_of_renewals_are_two_dozen_invoices(desk: Desk) -> None:
    patron = desk.patron()

    desk.pass_time(months=24)

    invoices = desk.v1.invoices.list({"subscription": patron.id, "limit": 100}).data
    assert len(invoices) == 25
    assert [invoice.created for invoice in invoices] == sorted((i.created for i in invoices), reverse=True)


def test_the_clock_file_follows_the_clock(desk: Desk, tmp_path: object) -> None:
    file = desk.store.path.with_name("clock")
    desk.store.clock_file = file

    desk.pass_time(days=3)

    assert float(file.read_text()) == 3 * 86400
    with desk.store.read() as tx:
        assert abs(tx.now() - datetime.now(UTC).timestamp() - 3 * 86400) < 5
