"""Checkout sessions as the newsroom's app opens them."""

from typing import Any

import stripe


def open_session(
    client: stripe.StripeClient, *, amount: int = 500, currency: str = "eur", once: bool = False, **more: Any
) -> stripe.checkout.Session:
    """A session for a monthly pledge, or for a gift given once; amounts in minor units."""
    price: dict[str, Any] = {
        "currency": currency,
        "unit_amount": amount,
        "product_data": {"name": "Support the Harbour Courier"},
    }
    if not once:
        price["recurring"] = {"interval": "month"}
    params: Any = {
        "mode": "payment" if once else "subscription",
        "line_items": [{"quantity": 1, "price_data": price}],
        "success_url": "http://127.0.0.1:9/thanks?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://127.0.0.1:9/support",
        **more,
    }
    return client.v1.checkout.sessions.create(params)
