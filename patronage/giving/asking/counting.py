"""How often pages at Stripe may be opened: by one network, for one address, and in all; card testers come in swarms."""

from patronage.foundation.web.house import settings
from patronage.foundation.web.limits import allow, network


def count(email_key: str) -> None:
    """Count one more page for the address known as `email_key` against the limits. Raises `TooOften`."""
    mine = f"{settings().checkouts_per_address_and_hour} per hour"
    allow(mine, "checkout from", network())
    allow(mine, "checkout for", email_key)
    allow(f"{settings().checkouts_per_hour} per hour", "checkouts")
