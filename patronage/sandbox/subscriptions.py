"""Subscriptions: begun, changed, paused, resumed and canceled through the API."""

from patronage.sandbox import billing, clock, events, invoices
from patronage.sandbox.blanks import blank
from patronage.sandbox.cards import Refusal
from patronage.sandbox.customers import in_time_of
from patronage.sandbox.ending import await_end, end, planned
from patronage.sandbox.errors import invalid, not_found
from patronage.sandbox.lists import page
from patronage.sandbox.objects import change, fetched, merged, named, picked, refuse_unsupported
from patronage.sandbox.payment_methods import card_error
from patronage.sandbox.payments import refusal_in
from patronage.sandbox.requests import endpoint
from patronage.sandbox.schema import missing_param
from patronage.sandbox.store import Json, Tx
from patronage.sandbox.subscribing import begin, new_subscription
from patronage.sandbox.subscription_items import changed_items, priced

FIRST_PAYMENT_WITHIN = 23 * 3600
UNPAID = Refusal("subscription_payment_intent_requires_action", None, "This payment requires additional user action.")
SHARED = {
    "cancel_at",
    "cancel_at_period_end",
    "cancellation_details",
    "collection_method",
    "default_payment_method",
    "description",
    "expand",
    "items",
    "metadata",
    "off_session",
    "payment_behavior",
    "payment_settings",
    "proration_behavior",
}


@endpoint("POST", "/v1/subscriptions", "SubscriptionCreateParams")
def create(tx: Tx, params: Json) -> Json:
    refuse_unsupported(params, {*SHARED, "customer", "currency"})
    for name in ("customer", "items"):
        if not params.get(name):
            raise missing_param(name)
    customer = named(tx, "customer", params["customer"], "customer")
    with in_time_of(tx, customer):
        fields = picked(params, "description")
        fields["default_payment_method"] = _method(tx, params, customer)
        fields["metadata"] = merged({}, params.get("metadata"))
        fields["payment_settings"] = {**blank("subscription")["payment_settings"], **params.get("payment_settings", {})}
        _only_automatic(params)
        subscription = new_subscription(tx, customer, priced(tx, params["items"]), "incomplete", **fields)
        if "currency" in params and params["currency"].lower() != subscription["currency"]:
            raise invalid("The price specified does not support that currency.", "currency")
        subscription.update(_ending(tx, subscription, params))
        return _first_payment(tx, subscription, customer, params)


def _first_payment(tx: Tx, subscription: Json, customer: Json, params: Json) -> Json:
    behavior = params.get("payment_behavior", "allow_incomplete")
    method = billing.default_method(tx, subscription, customer)
    if method is None and behavior != "default_incomplete":
        raise invalid(
            "This customer has no attached payment source or default payment method. Please consider adding a"
            " default payment method. For more information, visit https://stripe.com/docs/billing/subscriptions/"
            "payment-methods-setting#payment-method-priority.",
            code="resource_missing",
        )
    invoice = invoices.finalize(tx, begin(tx, subscription))
    clock.schedule(tx, tx.now() + FIRST_PAYMENT_WITHIN, "incomplete", subscription["id"])
    if behavior != "default_incomplete":
        off_session = params.get("off_session", False)
        invoice = billing.collect(tx, invoice, method, off_session=off_session)
    if invoice["status"] == "open" and behavior == "error_if_incomplete":
        found = invoices.payment_of(tx, invoice)
        error = found[1]["last_payment_error"] if found else None
        raise card_error(refusal_in(error) if error else UNPAID)
    await_end(tx, fetched(tx, "subscription", subscription["id"]))
    return fetched(tx, "subscription", subscription["id"])


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


def _only_automatic(params: Json) -> None:
    if params.get("collection_method", "charge_automatically") != "charge_automatically":
        raise invalid("The sandbox charges automatically only.", "collection_method")


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
    customer = billing.customer_of(tx, subscription)
    with in_time_of(tx, customer):
        _only_automatic(params)
        updates = picked(params, "description")
        if "default_payment_method" in params:
            updates["default_payment_method"] = _method(tx, params, customer)
        if "metadata" in params:
            updates["metadata"] = merged(subscription["metadata"], params["metadata"])
        if "payment_settings" in params:
            updates["payment_settings"] = {**subscription["payment_settings"], **params["payment_settings"]}
        if "pause_collection" in params:
            updates["pause_collection"] = _pause(tx, id, params["pause_collection"])
        updates.update(_ending(tx, subscription, params))
        restarted = _reprice(tx, subscription, params, updates)
        if not restarted:
            change(tx, subscription, updates, "customer.subscription.updated")
        if subscription["ended_at"] is None:
            await_end(tx, subscription)
        return fetched(tx, "subscription", id)


def _check_alive(subscription: Json) -> None:
    if subscription["status"] in ("canceled", "incomplete_expired"):
        raise invalid(
            "A canceled subscription can only update its cancellation_details and metadata.", code="resource_missing"
        )


def _reprice(tx: Tx, subscription: Json, params: Json, updates: Json) -> bool:
    """Change items; when their rhythm changes, or the anchor is set to now, a period begins and is charged now."""
    anchor = params.get("billing_cycle_anchor", {}).get("type")
    if "items" not in params and anchor != "now":
        return False
    if params.get("proration_behavior") != "none":
        raise invalid("The sandbox supports only `proration_behavior=none` here.", "proration_behavior")
    old = subscription["items"]["data"][0]["price"]["recurring"]
    data = changed_items(tx, subscription, params.get("items", []))
    updates["items"] = {**subscription["items"], "data": data}
    if anchor != "now" and data[0]["price"]["recurring"] == old:
        return False
    updates["billing_cycle_anchor"] = tx.now()
    invoice = billing.begin_period(tx, subscription, tx.now(), "subscription_update", updates)
    billing.collect(tx, invoices.finalize(tx, invoice), off_session=params.get("off_session", True))
    return True


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


@endpoint("DELETE", "/v1/subscriptions/<id>", "SubscriptionCancelParams")
def cancel(tx: Tx, params: Json, id: str) -> Json:
    refuse_unsupported(params, {"cancellation_details", "expand", "invoice_now", "prorate"})
    if params.get("invoice_now") or params.get("prorate"):
        raise invalid("The sandbox makes no prorations.", "prorate")
    subscription = fetched(tx, "subscription", id)
    if subscription["status"] in ("canceled", "incomplete_expired"):
        raise not_found("subscription", id)
    told = picked(params.get("cancellation_details", {}), "comment", "feedback")
    with in_time_of(tx, billing.customer_of(tx, subscription)):
        return end(tx, subscription, "cancellation_requested", told)


@endpoint("POST", "/v1/subscriptions/<id>/pause", "SubscriptionPauseParams")
def pause(tx: Tx, params: Json, id: str) -> Json:
    refuse_unsupported(params, {"type", "expand"})
    subscription = fetched(tx, "subscription", id)
    _check_alive(subscription)
    if subscription["status"] not in ("active", "past_due"):
        raise invalid(f"A subscription that is {subscription['status']} cannot be paused.")
    with in_time_of(tx, billing.customer_of(tx, subscription)):
        for kind in ("renew", "upcoming"):
            clock.unschedule(tx, kind, id)
        why = {"subscription": {"type": "pause_requested"}, "transitioned_at": tx.now(), "type": "subscription"}
        change(tx, subscription, {"status": "paused", "status_details": {"paused": why}})
        events.emit(tx, "customer.subscription.paused", subscription)
        return subscription


@endpoint("POST", "/v1/subscriptions/<id>/resume", "SubscriptionResumeParams")
def resume(tx: Tx, params: Json, id: str) -> Json:
    refuse_unsupported(params, {"billing_cycle_anchor", "proration_behavior", "expand"})
    subscription = fetched(tx, "subscription", id)
    if subscription["status"] != "paused":
        raise invalid("You can only resume a subscription that is paused.")
    with in_time_of(tx, billing.customer_of(tx, subscription)):
        change(tx, subscription, {"status": "active", "status_details": None})
        events.emit(tx, "customer.subscription.resumed", subscription)
        paid_until = subscription["items"]["data"][0]["current_period_end"]
        if params.get("billing_cycle_anchor") == "unchanged" and paid_until > tx.now():
            billing.await_period_end(tx, subscription)
            return subscription
        anchor = {"billing_cycle_anchor": tx.now()}
        invoice = billing.begin_period(tx, subscription, tx.now(), "subscription_update", anchor)
        billing.collect(tx, invoices.finalize(tx, invoice))
        return fetched(tx, "subscription", id)
