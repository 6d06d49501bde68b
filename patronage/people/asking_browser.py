"""What a browser that asked to sign in remembers for a quarter of an hour: its own token, and whom to write to.

A cookie of its own, as the session cookie would make pages for strangers personal; it is signed, so that the page
repeats only an address that was typed into our form.
"""

import secrets
from dataclasses import dataclass

from flask import Response, request
from itsdangerous import BadData, URLSafeTimedSerializer

from patronage.foundation.web.house import settings
from patronage.people.signing_in import LASTS

COOKIE = "patronage_asking"
PATH = "/sign-in"


@dataclass(frozen=True)
class Asking:
    """A browser waiting for a letter: `browser` is its token, `email` the address as typed."""

    browser: str
    email: str


def remembered() -> Asking | None:
    """Return what this browser remembers, or None."""
    seconds = int(LASTS.total_seconds())
    try:
        browser, email = _signer().loads(request.cookies.get(COOKIE, ""), max_age=seconds)
    except (BadData, ValueError, TypeError):
        return None
    return Asking(str(browser), str(email))


def for_address(email: str) -> Asking:
    """Return what this browser is to remember now that it has asked for `email`; its token stays, if it has one."""
    before = remembered()
    return Asking(before.browser if before else secrets.token_urlsafe(24), email)


def remember(response: Response, asking: Asking) -> None:
    """Have the browser remember `asking` until the letter's link runs out."""
    response.set_cookie(
        COOKIE,
        str(_signer().dumps([asking.browser, asking.email])),
        max_age=LASTS,
        path=PATH,
        secure=settings().is_https,
        httponly=True,
        samesite="Lax",
    )


def forget(response: Response) -> None:
    """Have the browser forget that it asked."""
    response.delete_cookie(COOKIE, path=PATH, secure=settings().is_https, httponly=True, samesite="Lax")


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings().secret_key.get_secret_value(), salt="patronage asking browser")
