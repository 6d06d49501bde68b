"""Ending a subscription at Stripe at once, and what there counts as over."""

from patronage.giving.gateway import Answer, Gateway, GatewayRefused

OVER = {"canceled", "incomplete_expired"}  # of the status of a subscription


def end_now(gateway: Gateway, subscription_id: str, comment: str, key: str) -> Answer:
    """End the subscription: nothing more is charged, nothing given back. Returns it as it stands then.

    Stripe knows no idempotency of deleting: whoever comes second is told that it is missing, and takes it as ended.
    Raises `GatewayUnknown`, and `GatewayRefused` when it goes on.
    """
    params = {"cancellation_details": {"comment": comment}, "invoice_now": False, "prorate": False}
    options = {"idempotency_key": key}
    try:
        return gateway.call(lambda api: api.subscriptions.cancel(subscription_id, params, options=options))
    except GatewayRefused:
        subscription = gateway.fetch_subscription(subscription_id)
        if subscription["status"] not in OVER:
            raise
        return subscription
