"""The keys of what we write on Stripe's objects to find our rows again; written and read under these names alone."""

PLEDGE = "patronage_pledge"  # value: Pledge.reference, also the session's client_reference_id
CHECKOUT = "patronage_checkout"  # value: Checkout.idempotency_key


def of_checkout(pledge_reference: str, idempotency_key: str) -> dict[str, str]:
    """Return the metadata of a Checkout session and of the payment or subscription that comes of it."""
    return {PLEDGE: pledge_reference, CHECKOUT: idempotency_key}
