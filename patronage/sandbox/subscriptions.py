"""Subscriptions: begun, read and changed through the API."""

from patronage.sandbox import billing, clock, invoices, trials
from patronage.sandbox.blanks import blank
from patronage.sandbox.cards import Refusal
from patronage.sandbox.customers import in_time_of
from patronage.sandbox.discounts import redeem, wished
from patronage.sandbox.ending import await_end, planned
from patronage.sandbox.errors import invalid
from patronage.sandbox.lists import page
from patronage.sandbox.objects import change, fetched, merged, named, picked, refuse_unsupported
from patronage.sandbox.payment_methods import card_error
from patronage.sandbox.payments import refusal_in
from patronage.sandbox.prorating import change_items
from patronage.sandbox.requests import endpoint
from patronage.sandbox.schema import missing_param
from patronage.sandbox.store import Json, Tx
from patronage.sandbox.subscribing import begin, new_subscription
from patronage.sandbox.subscription_items import priced
from patronage.sandbox.trial_changes import end_or_move

FIRST_PAYMENT_WITHIN = 23 * 3600
UNPAID = Refusal("subscription_payment_intent_requires_action", None, "This payment requires additional user action.")
SHARED = {
    "cancel_at",
    "cancel_at_period_end",
    "cancellation_details",
    "collection_method",
    "days_until_due",
    "default_payment_method",
    "description",
    "discounts",
    "expand",
    "items",
    "metadata",
    "off_session",
    "payment_behavior",
    "payment_settings",
    "proration_behavior",
    "trial_end",
    "trial_settings",
}


@endpoint("POST", "/v1/subscriptions", "SubscriptionCreateParams")
def create(tx: Tx, params: Json) -> Json:
    refuse_unsupported(params, {*SHARED, "customer", "currency", "trial_period_days"})
    for name in ("customer", "items"):
        if not params.get(name):
            raise missing_param(name)
    customer = named(tx, "customer", params["customer"], "customer")
    with in_time_of(tx, customer):
        wanted = priced(tx, params["items"])
        currency = wanted[0]["price"]["currency"]
        if params.get("currency", currency).lower() != currency:
            raise invalid("The price specified does not support that currency.", "currency")
        chosen = wished(tx, params.get("discounts", []), currency, customer["id"])
        trial_end = trials.asked_for(tx, params)
        subscription = new_subscription(
            tx, customer, wanted, "incomplete", trial_end=trial_end, **_fields(tx, customer, params)
        )
        subscription["discounts"] = redeem(tx, chosen, customer=customer["id"], subscription=subscription["id"])
        subscription.update(_ending(tx, subscription, params))
        return _first_payment(tx, subscription, customer, params)


def _fields(tx: Tx, customer: Json, params: Json) -> Json:
    fields = picked(params, "description")
    blanks = blank("subscription")
    fields["default_payment_method"] = _method(tx, params, customer)
    fields["metadata"] = merged({}, params.get("metadata"))
    fields["payment_settings"] = {**blanks["payment_settings"], **params.get("payment_settings", {})}
    fields["trial_settings"] = trials.settings(params, blanks["trial_settings"])
    return {**fields, **_collection(params, blanks)}


def _collection(params: Json, before: Json) -> Json:
    method = params.get("collection_method", before["collection_method"])
    days = params.get("days_until_due", before["days_until_due"])
    if (method == "send_invoice") != (days is not None):
        raise invalid("`days_until_due` goes with a `collection_method` of `send_invoice`.", "days_until_due")
    return {"collection_method": method, "days_until_due": days}


def _first_payment(tx: Tx, subscription: Json, customer: Json, params: Json) -> Json:
    behavior = params.get("payment_behavior", "allow_incomplete")
    method = billing.default_method(tx, subscription, customer)
    trying, sent = subscription["status"] == "trialing", subscription["collection_method"] == "send_invoice"
    if sent and not trying:
        subscription["status"] = "active"
    invoice = begin(tx, subscription)
    if sent and not trying:
        clock.schedule(tx, tx.now() + invoices.HOUR, "finalize", invoice["id"])
        return _await_ending(tx, subscription)
    if invoice["total"] > 0 and method is None and behavior != "default_incomplete":
        raise invalid(
            "This customer has no attached payment source or default payment method. Please consider adding a"
            " default payment method. For more information, visit https://stripe.com/docs/billing/subscriptions/"
            "payment-methods-setting#payment-method-priority.",
            code="resource_missing",
        )
    invoice = invoices.finalize(tx, invoice)
    if invoice["amount_due"] > 0:
        clock.schedule(tx, tx.now() + FIRST_PAYMENT_WITHIN, "incomplete", subscription["id"])
    if behavior != "default_incomplete" or invoice["amount_due"] == 0:
        invoice = billing.collect(tx, invoice, method, off_session=params.get("off_session", False))
    if invoice["amount_due"] == 0 and not trying:
        free = fetched(tx, "subscription", subscription["id"])
        change(tx, free, {"status": "active"}, "customer.subscription.updated")
    if behavior == "error_if_incomplete":
        _refuse_unpaid(tx, invoice)
    return _await_ending(tx, subscription)


def _refuse_unpaid(tx: Tx, invoice: Json) -> None:
    """Whoever asked for all or nothing gets nothing when the invoice was not paid."""
    if invoice["status"] == "open":
        found = invoices.payment_of(tx, invoice)
        error = found[1]["last_payment_error"] if found else None
        raise card_error(refusal_in(error) if error else UNPAID)


def _await_ending(tx: Tx, subscription: Json) -> Json:
    stored = fetched(tx, "subscription", subscription["id"])
    await_end(tx, stored)
    return stored


def _method(tx: Tx, params: Json, customer: Json) -> str | None:
    id = params.get("default_payment_method")
    if not id:
        return None
    method = named(tx, "payment_method", id, "default_payment_method")
    if method["customer"] != customer["id"]:
        raise invalid(
            f"The customer does not have a payment method with the ID {id}. The payment method must be attached to"
            " the customer.",
            "default_payment_method",
            "resource_missing",
        )
    return str(id)


@endpoint("GET", "/v1/subscriptions/<id>", "SubscriptionRetrieveParams")
def retrieve(tx: Tx, _params: Json, id: str) -> Json:
    return fetched(tx, "subscription", id)


@endpoint("GET", "/v1/subscriptions", "SubscriptionListParams")
def list_all(tx: Tx, params: Json) -> Json:
    asked = dict(params)
    status = asked.pop("status", None)
    where, values = ["1"], []
    if status is None:
        where.append("json_extract(body, '$.status') NOT IN ('canceled', 'incomplete_expired')")
    elif status == "ended":
        where.append("json_extract(body, '$.status') IN ('canceled', 'incomplete_expired')")
    elif status != "all":
        asked["status"] = status
    if "customer" not in params and "test_clock" not in params:
        where.append("json_extract(body, '$.test_clock') IS NULL")
    if "price" in params:
        where.append("instr(body, ?) > 0")
        values.append(f'"price":{{"id":"{params["price"]}"')
    equal = ("customer", "status", "collection_method", "test_clock")
    return page(tx, "subscription", asked, "/v1/subscriptions", equal, " AND ".join(where), values, ("price",))


@endpoint("POST", "/v1/subscriptions/<id>", "SubscriptionUpdateParams")
def update(tx: Tx, params: Json, id: str) -> Json:
    refuse_unsupported(params, {*SHARED, "pause_collection", "billing_cycle_anchor"})
    subscription = fetched(tx, "subscription", id)
    if not {"cancellation_details", "metadata", "expand"}.issuperset(params):
        _check_alive(subscription)
    if params.get("payment_behavior") == "pending_if_incomplete":
        raise invalid("The sandbox keeps no pending updates.", "payment_behavior")
    customer = billing.customer_of(tx, subscription)
    with in_time_of(tx, customer):
        updates = {**_updates(tx, subscription, customer, params), **_ending(tx, subscription, params)}
        told = end_or_move(tx, subscription, params, updates) or change_items(tx, subscription, params, updates)
        if not told:
            change(tx, subscription, updates, "customer.subscription.updated")
        stored = _await_ending(tx, subscription) if subscription["ended_at"] is None else subscription
        if told and params.get("payment_behavior") == "error_if_incomplete":
            _refuse_unpaid(tx, fetched(tx, "invoice", stored["latest_invoice"]))
        return stored


def _updates(tx: Tx, subscription: Json, customer: Json, params: Json) -> Json:
    updates = picked(params, "description")
    if "default_payment_method" in params:
        updates["default_payment_method"] = _method(tx, params, customer)
    if "metadata" in params:
        updates["metadata"] = merged(subscription["metadata"], params["metadata"])
    if "payment_settings" in params:
        updates["payment_settings"] = {**subscription["payment_settings"], **params["payment_settings"]}
    if "pause_collection" in params:
        updates["pause_collection"] = _pause(tx, subscription["id"], params["pause_collection"])
    if "trial_settings" in params:
        updates["trial_settings"] = trials.settings(params, subscription["trial_settings"])
    if "collection_method" in params or "days_until_due" in params:
        before = subscription if params.get("collection_method") != "charge_automatically" else blank("subscription")
        updates.update(_collection(params, before))
    if "discounts" in params:
        chosen = wished(tx, params["discounts"], subscription["currency"], customer["id"])
        owner = {"customer": customer["id"], "subscription": subscription["id"]}
        updates["discounts"] = redeem(tx, chosen, **owner)
    return updates


def _check_alive(subscription: Json) -> None:
    if subscription["status"] in ("canceled", "incomplete_expired"):
        raise invalid(
            "A canceled subscription can only update its cancellation_details and metadata.", code="resource_missing"
        )


def _pause(tx: Tx, id: str, given: Json | str) -> Json | None:
    clock.unschedule(tx, "resume", id)
    if not isinstance(given, dict):
        return None
    resumes_at = given.get("resumes_at") or None
    if resumes_at is not None:
        if resumes_at <= tx.now():
            raise invalid("`resumes_at` must be in the future.", "pause_collection[resumes_at]")
        clock.schedule(tx, resumes_at, "resume", id)
    return {"behavior": given["behavior"], "resumes_at": resumes_at}


def _ending(tx: Tx, subscription: Json, params: Json) -> Json:
    updates: Json = {}
    if "cancellation_details" in params:
        told = picked(params["cancellation_details"], "comment", "feedback")
        updates["cancellation_details"] = {**subscription["cancellation_details"], **told}
    if params.get("cancel_at") and params.get("cancel_at_period_end"):
        raise invalid("You cannot set both `cancel_at` and `cancel_at_period_end`.", "cancel_at")
    ends = subscription["items"]["data"][0]["current_period_end"]
    if "cancel_at_period_end" in params:
        wished = params["cancel_at_period_end"]
        updates.update(planned(tx, {**subscription, **updates}, ends if wished else None, by_flag=True))
    elif "cancel_at" in params:
        at = params["cancel_at"] or None
        at = ends if at in ("min_period_end", "max_period_end") else at
        if at is not None and (not isinstance(at, int) or at <= tx.now()):
            raise invalid("The subscription's cancel_at must be in the future.", "cancel_at")
        updates.update(planned(tx, {**subscription, **updates}, at))
    return updates
