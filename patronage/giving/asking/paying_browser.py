"""Tells the browser in which somebody began to give from others: a random token in a short-lived cookie of its own.

The cookie is set once the form is sent, never before. Only its hash is kept, beside the checkout; the token is what
lets a newcomer who has paid vote at once, and what lets Back and a second click find the page already opened.
"""

import hashlib
import hmac
import re
import secrets
from datetime import timedelta

from flask import Response, request

from patronage.foundation.web.house import settings
from patronage.foundation.web.limits import network
from patronage.giving.pledging import Asker

COOKIE = "patronage_giving"
PATH = "/support"
LASTS = timedelta(hours=3)


def token() -> str | None:
    """Return this browser's token, or None if it has none yet."""
    held = request.cookies.get(COOKIE, "")
    return held if re.fullmatch(r"[A-Za-z0-9_-]{32}", held) else None


def new_token() -> str:
    """Return a token for a browser that has none."""
    return secrets.token_urlsafe(24)


def remember(response: Response, held: str) -> None:
    """Have the browser keep its token for the time that paying takes."""
    response.set_cookie(
        COOKIE, held, max_age=LASTS, path=PATH, secure=settings().is_https, httponly=True, samesite="Lax"
    )


def asker(held: str) -> Asker:
    """Return who asks: hashes of the token and of the network together with the sort of browser."""
    secret = settings().secret_key.get_secret_value().encode()
    place = f"{network()}|{request.user_agent.string[:300]}"
    return Asker(hashed(held), hmac.new(secret, b"giving from " + place.encode(), "sha256").digest())


def hashed(held: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(held.encode()).digest()
