"""Stripe's coupon for an offer: asked for when the code is first used, under a key that was saved before."""

from typing import Any

from patronage.foundation.tools import Tools
from patronage.giving.gateway import Answer, Gateway
from patronage.giving.memberships.models import CodeOffer
from patronage.giving.models import Interval


def coupon_of(tools: Tools, offer_id: int) -> str | None:
    """Return the id of the coupon for an offer, made now if there is none; None for a trial, which needs none.

    Must be called outside any transaction. Raises `GatewayUnknown` (asked again, the same coupon comes of it) and
    `GatewayRefused`.
    """
    with tools.database.reading() as session:
        offer = session.get_one(CodeOffer, offer_id)
    if offer.is_trial or offer.stripe_coupon_id:
        return offer.stripe_coupon_id
    coupon = create(tools.payments, offer)
    with tools.database.transaction() as session:
        session.get_one(CodeOffer, offer_id, with_for_update=True).stripe_coupon_id = coupon["id"]
    return str(coupon["id"])


def create(gateway: Gateway, offer: CodeOffer) -> Answer:
    """Create the coupon of `offer` at Stripe; the same offer never makes a second one."""
    params, options = params_of(offer), {"idempotency_key": offer.idempotency_key}
    return gateway.call(lambda api: api.coupons.create(params, options=options))


def params_of(offer: CodeOffer) -> dict[str, Any]:
    """Return what Stripe is asked: the first payment alone, or that of each of some months."""
    params: dict[str, Any] = {"name": offer.code, "duration": "once"}
    if offer.interval == Interval.MONTH and offer.months > 1:
        params |= {"duration": "repeating", "duration_in_months": offer.months}
    if offer.percent_off is not None:
        return {**params, "percent_off": offer.percent_off}
    return {**params, "amount_off": offer.amount_off_minor, "currency": str(offer.currency).lower()}
