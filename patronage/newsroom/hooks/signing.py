"""Signatures by the Standard Webhooks scheme (standardwebhooks.com, specification 1.0)."""

import base64
import secrets
from datetime import UTC, datetime

SECRET_BYTES = 32


def new_secret() -> str:
    """Return a fresh signing secret: "whsec_" and 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def new_mark() -> str:
    """Return a message's id, the same at every try."""
    return "msg_" + secrets.token_hex(16)


def headers(mark: str, body: str, keys: list[str], now: datetime) -> dict[str, str]:
    """Return the headers of a message signed with each of `keys`, the newest first."""
    from standardwebhooks.webhooks import Webhook

    utc = now.astimezone(UTC)  # the library takes the digits of any datetime for UTC
    return {
        "webhook-id": mark,
        "webhook-timestamp": str(int(utc.timestamp())),
        "webhook-signature": " ".join(Webhook(key).sign(mark, utc, body) for key in keys),
    }
