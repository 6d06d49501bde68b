"""The keys of what we write on Stripe's objects to find our rows again; written and read under these names alone."""

import re

PLEDGE = "patronage_pledge"  # value: Pledge.reference, also the session's client_reference_id
CHECKOUT = "patronage_checkout"  # value: Checkout.idempotency_key
REFUND_REQUEST = "patronage_refund_request"  # value: RefundRequest.idempotency_key
FEE_COVER = "patronage_fee_cover"  # value: what of a charge is for the fee, and the whole charge: "46/546"
DISPUTED = "A payment was disputed."  # the comment on one that was canceled for that
MEANT_ONCE = "Meant to give once."  # the comment on a subscription that is canceled for that; staff read it at Stripe


def of_checkout(pledge_reference: str, idempotency_key: str) -> dict[str, str]:
    """Return the metadata of a Checkout session and of the payment or subscription that comes of it."""
    return {PLEDGE: pledge_reference, CHECKOUT: idempotency_key}


def of_fee_cover(cover_minor: int, charged_minor: int) -> dict[str, str]:
    """Return the metadata that tells how much of what a subscription charges is there for the fee."""
    return {FEE_COVER: f"{cover_minor}/{charged_minor}"}


def fee_cover(metadata: dict[str, str] | None, charged_minor: int) -> int | None:
    """Return the fee's share of `charged_minor`, or None if no mark tells of just this amount."""
    found = re.fullmatch(r"([0-9]{1,12})/([0-9]{1,12})", (metadata or {}).get(FEE_COVER, ""))
    if found is None or int(found[2]) != charged_minor or int(found[1]) >= charged_minor:
        return None
    return int(found[1])
