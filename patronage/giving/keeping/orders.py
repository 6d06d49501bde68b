"""What Stripe is asked when a patron changes something: each request is made of what is written down alone."""

from collections.abc import Callable
from typing import Any

from patronage.giving import marks
from patronage.giving.ending import OVER, end_now
from patronage.giving.gateway import Answer, Gateway, GatewayRefused
from patronage.giving.keeping.models import DeedKind

NO_PRORATION = {"proration_behavior": "none"}  # a gift is charged on its day, never for part of a period
REFUNDED_ALREADY = "charge_already_refunded"

# Takes the gateway, the subscription's id, what was asked, the idempotency key; returns the subscription afterwards.
Order = Callable[[Gateway, str, dict[str, Any], str], Answer]


def stop(gateway: Gateway, subscription_id: str, _asked: dict[str, Any], key: str) -> Answer:
    """Let the subscription end with the period that is paid."""
    return gateway.end_at_period_end(subscription_id, key)


def go_on(gateway: Gateway, subscription_id: str, _asked: dict[str, Any], key: str) -> Answer:
    """Undo an arranged end, however it was arranged."""
    return gateway.keep_going(subscription_id, key)


def change(gateway: Gateway, subscription_id: str, asked: dict[str, Any], key: str) -> Answer:
    """Give the subscription another price: `{"interval", "amount_minor", "fee_cover_minor"}`, nothing charged today.

    Stripe charges a new interval at once, unless the subscription is in a trial. So before the interval changes, what
    is paid is turned into one, to the second; if we are cut off in between, nothing has changed for anybody.
    https://docs.stripe.com/billing/subscriptions/billing-cycle
    """
    subscription = gateway.fetch_subscription(subscription_id)
    item = subscription["items"]["data"][0]
    if item["price"]["recurring"]["interval"] != asked["interval"] and subscription["status"] != "trialing":
        until: Answer = {"trial_end": item["current_period_end"], **NO_PRORATION}
        _update(gateway, subscription_id, until, f"{key}-until")
    charged = asked["amount_minor"] + asked["fee_cover_minor"]
    price = {
        "currency": item["price"]["currency"],
        "product": item["price"]["product"],
        "recurring": {"interval": asked["interval"]},
        "unit_amount": charged,
    }
    params = {
        "items": [{"id": item["id"], "price_data": price, "quantity": 1}],
        "metadata": marks.of_fee_cover(asked["fee_cover_minor"], charged),
        **NO_PRORATION,
    }
    return _update(gateway, subscription_id, params, key)


def move(gateway: Gateway, subscription_id: str, asked: dict[str, Any], key: str) -> Answer:
    """Move the next charge to `{"charge_at"}` (unix seconds), and all that follow to its day of the month.

    If it was asked for before a payment and is done after it, that would cut the period just paid, so it is refused.
    """
    subscription = gateway.fetch_subscription(subscription_id)
    paid_until = subscription["items"]["data"][0]["current_period_end"]
    if subscription["status"] == "active" and asked["charge_at"] < paid_until:
        raise GatewayRefused("a payment was taken before the day was moved")
    return _update(gateway, subscription_id, {"trial_end": asked["charge_at"], **NO_PRORATION}, key)


def pause(gateway: Gateway, subscription_id: str, asked: dict[str, Any], key: str) -> Answer:
    """Let nothing be collected until `{"resumes_at"}` (unix seconds): invoices of that time are void."""
    resting = {"behavior": "void", "resumes_at": asked["resumes_at"]}
    return _update(gateway, subscription_id, {"pause_collection": resting}, key)


def unpause(gateway: Gateway, subscription_id: str, _asked: dict[str, Any], key: str) -> Answer:
    """Let the next period be collected again."""
    return _update(gateway, subscription_id, {"pause_collection": ""}, key)


def make_it_once(gateway: Gateway, subscription_id: str, asked: dict[str, Any], key: str) -> Answer:
    """End the subscription now; give its one payment back if `{"give_back"}` names its charge.

    Either half may have been done before: then it is left as it is.
    """
    subscription = gateway.fetch_subscription(subscription_id)
    if subscription["status"] not in OVER:
        subscription = end_now(gateway, subscription_id, marks.MEANT_ONCE, f"{key}-end")
    if asked["give_back"]:
        _give_back(gateway, asked["give_back"], f"{key}-back")
    return subscription


def _give_back(gateway: Gateway, charge_id: str, key: str) -> None:
    params = {"charge": charge_id, "reason": "requested_by_customer"}
    try:
        gateway.call(lambda api: api.refunds.create(params, options={"idempotency_key": key}))
    except GatewayRefused as refusal:
        if refusal.code != REFUNDED_ALREADY:
            raise


def _update(gateway: Gateway, subscription_id: str, params: Answer, key: str) -> Answer:
    return gateway.call(lambda api: api.subscriptions.update(subscription_id, params, options={"idempotency_key": key}))


ORDERS: dict[DeedKind, Order] = {
    DeedKind.STOP: stop,
    DeedKind.GO_ON: go_on,
    DeedKind.CHANGE: change,
    DeedKind.LESS: change,
    DeedKind.DATE: move,
    DeedKind.PAUSE: pause,
    DeedKind.UNPAUSE: unpause,
    DeedKind.MEANT_ONCE: make_it_once,
}
