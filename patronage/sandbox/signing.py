"""The signature on a webhook, as https://docs.stripe.com/webhooks#verify-manually describes it."""

import hashlib
import hmac


def signature(body: bytes, secret: str, at: int) -> str:
    """The `Stripe-Signature` header for a body sent at a moment (unix seconds, sandbox time)."""
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"
