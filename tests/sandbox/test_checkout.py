"""A reader on the hosted page: every way it can go, and the events that tell of it."""

import pytest
import stripe

from patronage.sandbox import checkout
from patronage.sandbox.errors import StripeError
from tests.sandbox.desk import Desk


def test_a_gift_is_told_in_six_events(desk: Desk) -> None:
    session = desk.open("payment", customer_creation="always", submit_type="donate")

    paid = desk.pay(session, email="ana@example.org", name="Ana")

    assert paid["redirect"] == f"https://news.example/thanks?session={session.id}"
    assert desk.news() == [
        "customer.created",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
        "charge.updated",
    ]
    session = desk.session(session)
    assert (session.status, session.payment_status, session.amount_total) == ("complete", "paid", 500)
    assert session.customer_details.email == "ana@example.org"
    assert session.url is None


def test_a_first_monthly_payment_brings_a_subscription_with_a_paid_invoice(desk: Desk) -> None:
    session = desk.open("subscription", customer_email="ana@example.org")

    desk.pay(session)

    assert desk.news() == [
        "customer.created",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "payment_method.attached",
        "customer.subscription.created",
        "invoice.created",
        "invoice.finalized",
        "invoice_payment.paid",
        "invoice.paid",
        "invoice.payment_succeeded",
        "checkout.session.completed",
        "charge.updated",
    ]
    session = desk.session(session)
    subscription = desk.v1.subscriptions.retrieve(session.subscription, {"expand": ["latest_invoice.payments"]})
    invoice = subscription.latest_invoice
    assert subscription.status == "active"
    assert subscription.metadata.to_dict() == {"pledge": "7"}
    assert invoice.id == session.invoice
    assert invoice.parent.subscription_details.metadata.to_dict() == {"pledge": "7"}
    assert invoice.payments.data[0].payment.type == "payment_intent"
    assert session.payment_intent is None


def test_the_fee_is_unknown_when_the_charge_succeeds_and_known_when_it_is_updated(desk: Desk) -> None:
    desk.pay(desk.open("payment"))

    told = {event.type: event for event in desk.events()}

    assert told["charge.succeeded"].data.object.balance_transaction is None
    updated = told["charge.updated"]
    assert updated.data.previous_attributes.to_dict() == {"balance_transaction": None}
    movement = desk.v1.balance_transactions.retrieve(updated.data.object.balance_transaction)
    assert (movement.amount, movement.fee, movement.net) == (500, 45, 455)
    assert movement.source == updated.data.object.id


def test_a_declined_card_leaves_the_session_open_and_makes_no_customer(desk: Desk) -> None:
    session = desk.open("subscription")

    declined = desk.pay(session, card="4000 0000 0000 9995")

    assert declined == {
        "status": "declined",
        "redirect": None,
        "decline_code": "insufficient_funds",
        "message": "Your card has insufficient funds.",
    }
    assert desk.news() == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]
    assert desk.session(session).status == "open"
    assert desk.v1.customers.list().data == []
    assert desk.v1.subscriptions.list({"status": "all"}).data == []


def test_after_a_decline_another_card_pays_on_the_same_intent(desk: Desk) -> None:
    session = desk.open("payment")
    desk.pay(session, card="4000000000000002")
    tried = desk.session(session).payment_intent

    assert desk.pay(session)["status"] == "complete"

    session = desk.session(session)
    assert session.payment_intent == tried
    charges = desk.v1.charges.list({"payment_intent": tried}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed"]


def test_a_number_that_is_no_test_card_is_refused_without_a_trace(desk: Desk) -> None:
    session = desk.open("payment")

    assert desk.pay(session, card="4111 1111 1111 1112")["decline_code"] == "incorrect_number"
    assert desk.news() == []


def test_three_d_secure_asks_and_then_pays(desk: Desk) -> None:
    session = desk.open("subscription")

    asked = desk.pay(session, card="4000002500003155")
    assert asked["status"] == "requires_action"
    assert session.id in asked["redirect"]
    assert desk.news() == ["payment_intent.created", "payment_intent.requires_action"]

    assert checkout.authenticate(desk.store, session.id)["status"] == "complete"
    assert desk.news()[:3] == ["customer.created", "charge.succeeded", "payment_intent.succeeded"]


def test_a_failed_authentication_can_be_tried_again(desk: Desk) -> None:
    session = desk.open("payment")
    desk.pay(session, card="4000002760003184")
    desk.news()

    failed = checkout.authenticate(desk.store, session.id, "fail")

    assert failed["status"] == "declined"
    assert desk.news() == ["payment_intent.payment_failed"]
    assert desk.pay(session)["status"] == "complete"


def test_a_bank_debit_completes_unpaid_and_is_paid_three_days_later(desk: Desk) -> None:
    session = desk.open("payment", customer_creation="always")

    desk.pay(session, method="bank_debit")
    assert desk.news()[-2:] == ["payment_intent.processing", "checkout.session.completed"]
    assert desk.session(session).payment_status == "unpaid"

    desk.pass_time(days=4)
    assert desk.news() == [
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.async_payment_succeeded",
        "charge.updated",
    ]
    assert desk.session(session).payment_status == "paid"


def test_a_bank_debit_that_fails_says_so_three_days_later(desk: Desk) -> None:
    session = desk.open("payment")
    desk.pay(session, method="bank_debit", outcome="fail")
    desk.news()

    desk.pass_time(days=4)

    assert desk.news() == ["charge.failed", "payment_intent.payment_failed", "checkout.session.async_payment_failed"]
    assert desk.session(session).payment_status == "unpaid"


def test_a_monthly_pledge_by_bank_debit_has_its_invoice_paid_with_the_debit(desk: Desk) -> None:
    session = desk.open("subscription")
    desk.pay(session, method="bank_debit")
    assert desk.session(session).payment_status == "unpaid"
    invoice = desk.session(session).invoice
    assert desk.v1.invoices.retrieve(invoice).status == "open"

    desk.pass_time(days=4)

    assert desk.v1.invoices.retrieve(invoice).status == "paid"
    assert "checkout.session.async_payment_succeeded" in desk.news()


def test_leaving_keeps_the_session_open(desk: Desk) -> None:
    session = desk.open("payment")

    assert checkout.leave(desk.store, session.id) == "https://news.example/support"
    assert desk.session(session).status == "open"


def test_an_unpaid_session_expires_on_the_clock(desk: Desk) -> None:
    session = desk.open("payment")

    desk.pass_time(days=1)

    assert desk.news() == ["checkout.session.expired"]
    assert desk.session(session).status == "expired"
    assert desk.pay(session)["status"] == "expired"


def test_an_open_session_can_be_expired_by_hand_but_a_paid_one_cannot(desk: Desk) -> None:
    session, paid = desk.open("payment"), desk.open("payment")
    desk.pay(paid)

    assert desk.v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="can be expired"):
        desk.v1.checkout.sessions.expire(paid.id)


def test_a_session_of_a_deleted_customer_cannot_be_paid(desk: Desk) -> None:
    customer = desk.v1.customers.create({})
    session = desk.open("payment", customer=customer.id)
    desk.v1.customers.delete(customer.id)

    with pytest.raises(StripeError, match="No such customer"):
        desk.pay(session)


def test_paying_twice_charges_once(desk: Desk) -> None:
    session = desk.open("payment")
    desk.pay(session)

    again = desk.pay(session)

    assert again["status"] == "complete"
    assert len(desk.v1.charges.list().data) == 1


def test_a_card_can_be_kept_without_a_payment(desk: Desk) -> None:
    customer = desk.v1.customers.create({"email": "ana@example.org"})
    session = desk.v1.checkout.sessions.create(
        {"mode": "setup", "customer": customer.id, "success_url": "https://news.example/account", "currency": "eur"}
    )

    desk.pay(session)

    session = desk.session(session)
    assert session.payment_status == "no_payment_required"
    assert desk.v1.setup_intents.retrieve(session.setup_intent).status == "succeeded"
    assert len(desk.v1.customers.payment_methods.list(customer.id).data) == 1


def test_line_items_are_kept_as_they_were_asked(desk: Desk) -> None:
    session = desk.open("payment")

    items = desk.v1.checkout.sessions.line_items.list(session.id).data
    expanded = desk.v1.checkout.sessions.retrieve(session.id, {"expand": ["line_items"]})

    assert [(item.description, item.amount_total, item.quantity) for item in items] == [("Support", 500, 1)]
    assert expanded.line_items.data[0].price.unit_amount == 500
