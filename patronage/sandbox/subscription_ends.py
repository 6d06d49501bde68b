"""Subscriptions canceled, paused, resumed, and freed of their discounts through the API."""

from patronage.sandbox import billing, dunning, events, invoices
from patronage.sandbox.customers import in_time_of
from patronage.sandbox.ending import ENDED, end
from patronage.sandbox.errors import invalid, not_found
from patronage.sandbox.objects import change, fetched, picked, refuse_unsupported
from patronage.sandbox.prorating import credit, invoice_now
from patronage.sandbox.requests import endpoint
from patronage.sandbox.store import Json, Tx


@endpoint("DELETE", "/v1/subscriptions/<id>", "SubscriptionCancelParams")
def cancel(tx: Tx, params: Json, id: str) -> Json:
    refuse_unsupported(params, {"cancellation_details", "expand", "invoice_now", "prorate"})
    subscription = fetched(tx, "subscription", id)
    if subscription["status"] in ENDED:
        raise not_found("subscription", id)
    told = picked(params.get("cancellation_details", {}), "comment", "feedback")
    with in_time_of(tx, billing.customer_of(tx, subscription)):
        if params.get("prorate") and subscription["status"] != "trialing":
            credit(tx, subscription, subscription["items"]["data"])
        if params.get("invoice_now"):
            invoice_now(tx, subscription, params)
        return end(tx, fetched(tx, "subscription", id), "cancellation_requested", told)


@endpoint("POST", "/v1/subscriptions/<id>/pause", "SubscriptionPauseParams")
def pause(tx: Tx, params: Json, id: str) -> Json:
    refuse_unsupported(params, {"type", "expand"})
    subscription = fetched(tx, "subscription", id)
    if subscription["status"] not in ("active", "past_due", "trialing"):
        raise invalid(f"A subscription that is {subscription['status']} cannot be paused.")
    with in_time_of(tx, billing.customer_of(tx, subscription)):
        return dunning.pause(tx, subscription, "pause_requested")


@endpoint("POST", "/v1/subscriptions/<id>/resume", "SubscriptionResumeParams")
def resume(tx: Tx, params: Json, id: str) -> Json:
    """It is active again, whatever becomes of the payment; a new period begins unless the paid one still lasts."""
    refuse_unsupported(params, {"billing_cycle_anchor", "payment_behavior", "proration_behavior", "expand"})
    if params.get("payment_behavior", "resume_on_payment_attempt") != "resume_on_payment_attempt":
        raise invalid("The sandbox resumes on the attempt of a payment only.", "payment_behavior")
    subscription = fetched(tx, "subscription", id)
    if subscription["status"] != "paused":
        raise invalid("You can only resume a subscription that is paused.")
    with in_time_of(tx, billing.customer_of(tx, subscription)):
        change(tx, subscription, {"status": "active", "status_details": None}, "customer.subscription.updated")
        events.emit(tx, "customer.subscription.resumed", subscription)
        paid_until = subscription["items"]["data"][0]["current_period_end"]
        anchor = params.get("billing_cycle_anchor", {}).get("type", "now")
        if anchor == "unchanged" and paid_until > tx.now():
            billing.await_period_end(tx, subscription)
            return subscription
        begins = {"billing_cycle_anchor": tx.now()}
        invoice = billing.begin_period(tx, subscription, tx.now(), "subscription_update", begins)
        billing.collect_or_send(tx, invoices.finalize(tx, invoice))
        return fetched(tx, "subscription", id)


@endpoint("DELETE", "/v1/subscriptions/<id>/discount", "SubscriptionDeleteDiscountParams")
def delete_discount(tx: Tx, _params: Json, id: str) -> Json:
    subscription = fetched(tx, "subscription", id)
    if not subscription["discounts"]:
        raise not_found("discount", id)
    discount = fetched(tx, "discount", subscription["discounts"][-1])
    change(tx, subscription, {"discounts": subscription["discounts"][:-1]}, "customer.subscription.updated")
    events.emit(tx, "customer.discount.deleted", discount)
    return {**discount, "deleted": True}
