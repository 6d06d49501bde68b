"""Every call the sandbox answers, made at least once; what it answers is held against Stripe's classes by the desk."""

from typing import Any

import pytest
import stripe

from patronage.sandbox.requests import ROUTES
from tests.sandbox.desk import Desk
from tests.sandbox.money import paid

READ = sorted(rule.rule for rule in ROUTES.iter_rules() if "GET" in (rule.methods or ()))


def world(desk: Desk) -> dict[str, str]:
    """One object of each kind; their ids by the part of the path that names the kind."""
    v1 = desk.v1
    patron = desk.patron()
    charge = v1.charges.list().data[0]
    refund = v1.refunds.create({"charge": charge.id, "amount": 100})
    for amount, method in ((90000, "bypassPending"), (500, "createDispute"), (500, "createIssuerFraudRecord")):
        paid(desk, f"pm_card_{method}", amount)
    return {
        "balance_transactions": v1.balance_transactions.list().data[0].id,
        "charges": charge.id,
        "coupons": v1.coupons.create({"percent_off": 10, "id": "TEN"}).id,
        "promotion_codes": v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": "TEN"}}).id,
        "invoiceitems": v1.invoice_items.create({"customer": patron.customer, "amount": 100, "currency": "eur"}).id,
        "configurations": v1.billing_portal.configurations.create(
            {"features": {"invoice_history": {"enabled": True}}}
        ).id,
        "sessions": v1.checkout.sessions.list().data[0].id,
        "customers": patron.customer,
        "disputes": v1.disputes.list().data[0].id,
        "early_fraud_warnings": v1.radar.early_fraud_warnings.list().data[0].id,
        "events": v1.events.list().data[0].id,
        "invoice_payments": v1.invoice_payments.list().data[0].id,
        "invoices": patron.latest_invoice,
        "payment_intents": charge.payment_intent,
        "payment_methods": charge.payment_method,
        "payouts": v1.payouts.create({"amount": 100, "currency": "eur"}).id,
        "prices": v1.prices.list().data[0].id,
        "products": v1.products.list().data[0].id,
        "refunds": refund.id,
        "setup_intents": v1.setup_intents.create({}).id,
        "subscription_items": patron["items"].data[0].id,
        "subscriptions": patron.id,
        "test_clocks": v1.test_helpers.test_clocks.create({"frozen_time": 1_800_000_000}).id,
        "webhook_endpoints": v1.webhook_endpoints.create(
            {"url": "http://127.0.0.1:9/", "enabled_events": ["*"], "metadata": {"of": "ours"}}
        ).id,
    }


def test_every_path_that_can_be_read_answers_in_shape(desk: Desk) -> None:
    ids = world(desk)
    asked = {"/v1/subscription_items": {"subscription": ids["subscriptions"]}}

    for rule in READ:
        parts = rule.split("/")
        path = "/".join(ids[parts[at - 1]] if part.startswith("<") else part for at, part in enumerate(parts))
        answer = desk.ask("get", path, asked.get(rule))
        assert answer["object"], path


def test_sessions_are_found_and_annotated(desk: Desk) -> None:
    paid, waiting = desk.open("subscription", customer_email="ana@example.org"), desk.open("payment")
    desk.pay(paid)
    paid = desk.session(paid)

    def found(**params: Any) -> list[str]:
        return [session.id for session in desk.v1.checkout.sessions.list(params).data]

    assert found() == [waiting.id, paid.id]
    assert found(status="open") == [waiting.id]
    assert found(customer=paid.customer) == [paid.id]
    assert found(subscription=paid.subscription) == [paid.id]
    assert found(customer_details={"email": "ana@example.org"}) == [paid.id]
    changed = desk.v1.checkout.sessions.update(waiting.id, {"metadata": {"story": "9"}})
    assert changed.metadata.to_dict() == {"pledge": "7", "story": "9"}


def test_a_setup_intent_is_changed_and_canceled(desk: Desk) -> None:
    made = desk.v1.setup_intents.create({"description": "A card for later"})

    desk.v1.setup_intents.update(made.id, {"payment_method": "pm_card_visa", "metadata": {"a": "1"}})
    canceled = desk.v1.setup_intents.cancel(made.id, {"cancellation_reason": "abandoned"})

    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")
    with pytest.raises(stripe.InvalidRequestError):
        desk.v1.setup_intents.confirm(made.id)


def test_a_draft_is_annotated_and_paid_early(desk: Desk) -> None:
    patron = desk.patron()
    desk.pass_time(months=1)
    draft = desk.v1.invoices.list({"subscription": patron.id, "status": "draft"}).data[0]

    changed = desk.v1.invoices.update(draft.id, {"description": "Thank you", "metadata": {"a": "1"}})
    paid = desk.v1.invoices.pay(draft.id)

    assert (changed.description, paid.status) == ("Thank you", "paid")
    desk.news()
    desk.pass_time(days=1)
    assert desk.news() == ["charge.updated"]


def test_an_invoice_can_be_paid_outside_stripe(desk: Desk) -> None:
    patron = desk.patron()
    desk.pass_time(months=1)
    draft = desk.v1.invoices.list({"subscription": patron.id, "status": "draft"}).data[0]

    paid = desk.v1.invoices.pay(draft.id, {"paid_out_of_band": True})

    assert paid.status == "paid"
    assert len(desk.v1.charges.list().data) == 1


def test_a_draft_without_auto_advance_stays_a_draft(desk: Desk) -> None:
    patron = desk.patron()
    desk.pass_time(months=1)
    draft = desk.v1.invoices.list({"subscription": patron.id, "status": "draft"}).data[0]
    desk.v1.invoices.update(draft.id, {"auto_advance": False})

    desk.pass_time(days=2)

    assert desk.v1.invoices.retrieve(draft.id).status == "draft"


def test_a_collection_kept_as_drafts_leaves_drafts(desk: Desk) -> None:
    patron = desk.patron()
    desk.v1.subscriptions.update(patron.id, {"pause_collection": {"behavior": "keep_as_draft"}})

    desk.pass_time(months=1)
    desk.pass_time(days=1)
    assert desk.v1.invoices.list({"subscription": patron.id}).data[0].status == "draft"

    cleared = desk.v1.subscriptions.update(patron.id, {"pause_collection": ""})
    assert cleared.pause_collection is None


def test_refunds_are_found_and_annotated(desk: Desk) -> None:
    ids = world(desk)

    by_intent = desk.v1.refunds.list({"payment_intent": ids["payment_intents"]}).data
    changed = desk.v1.refunds.update(ids["refunds"], {"metadata": {"why": "twice"}})

    assert [found.id for found in by_intent] == [ids["refunds"]]
    assert changed.metadata.to_dict() == {"why": "twice"}


def test_a_lookup_key_moves_only_when_told_to(desk: Desk) -> None:
    product = desk.v1.products.create({"name": "Support"}).id
    common = {"currency": "eur", "unit_amount": 500, "product": product, "lookup_key": "monthly"}
    first = desk.v1.prices.create(common)

    with pytest.raises(stripe.InvalidRequestError, match="already uses that lookup key"):
        desk.v1.prices.create(common)
    second = desk.v1.prices.create({**common, "transfer_lookup_key": True})

    assert desk.v1.prices.retrieve(first.id).lookup_key is None
    assert desk.v1.prices.list({"lookup_keys": ["monthly"]}).data[0].id == second.id
    assert desk.v1.prices.update(second.id, {"metadata": {"a": "1"}, "nickname": "Monthly"}).nickname == "Monthly"


def test_prices_are_found_by_their_rhythm(desk: Desk) -> None:
    desk.open("payment")
    desk.open("subscription")

    monthly = desk.v1.prices.list({"recurring": {"interval": "month"}}).data
    once = desk.v1.prices.list({"type": "one_time"}).data

    assert (len(monthly), len(once)) == (1, 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"customer": "cus_x", "customer_email": "a@b.example"}, "only specify one"),
        ({"payment_intent_data": {"description": "x"}}, "payment_intent_data"),
        ({"expires_at": 1}, "at least 30 minutes"),
        ({"expires_at": 4_000_000_000}, "less than 24 hours"),
        ({"customer_email": "ana at example"}, "Invalid email address"),
        ({"customer_creation": "always"}, "customer_creation"),
        ({"line_items": [{"price": "price_x", "quantity": 1}]}, "No such price"),
        ({"line_items": [{"price": "price_x"}]}, "Quantity is required"),
        ({"line_items": [{"quantity": 1}]}, "either `price` or `price_data`"),
        ({"automatic_tax": {"enabled": True}}, "does not support the parameter"),
        ({"subscription_data": {"trial_period_days": 800}}, "within 730 days"),
        ({"discounts": [{"coupon": "NONE"}]}, "No such coupon"),
    ],
)
def test_a_session_stripe_would_refuse_is_refused(desk: Desk, change: dict[str, Any], words: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=words):
        desk.open("subscription", **change)


def test_a_once_price_is_not_sold_monthly_nor_a_monthly_one_once(desk: Desk) -> None:
    product = {"name": "Support"}
    monthly = {"currency": "eur", "unit_amount": 500, "recurring": {"interval": "month"}, "product_data": product}

    with pytest.raises(stripe.InvalidRequestError, match="recurring price"):
        desk.open("payment", line_items=[{"price_data": monthly, "quantity": 1}])
    once = {"currency": "eur", "unit_amount": 500, "product_data": product}
    with pytest.raises(stripe.InvalidRequestError, match="recurring prices"):
        desk.open("subscription", line_items=[{"price_data": once, "quantity": 1}])


@pytest.mark.parametrize(
    ("obj", "path"),
    [
        ("customers", "subscriptions"),
        ("customers", "invoice_settings.default_payment_method"),
        ("invoices", "payments.data.payment.payment_intent"),
        ("charges", "balance_transaction.source"),
        ("charges", "refunds.data.balance_transaction"),
        ("sessions", "line_items.data.price.product"),
        ("subscriptions", "items.data.price.product"),
        ("subscriptions", "latest_invoice.payments"),
    ],
)
def test_what_can_be_expanded_is(desk: Desk, obj: str, path: str) -> None:
    ids = world(desk)
    place = "checkout/sessions" if obj == "sessions" else obj

    answer = desk.ask("get", f"/v1/{place}/{ids[obj]}", {"expand": [path]})

    node: Any = answer
    for name in path.split("."):
        node = node[0][name] if isinstance(node, list) else node[name]
    assert node is None or isinstance(node, dict)
