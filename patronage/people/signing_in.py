"""Signing in without a password: a link and a code by mail, both good for once and for a quarter of an hour.

Neither lies in the database. Both are derived from a row's nonce with the secret key when the letter leaves; the row
keeps their hashes, the code's a keyed one, since a short code could be guessed from a bare hash.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from patronage.foundation.refused import Refused, Why
from patronage.foundation.web.house import link, settings
from patronage.people import audit
from patronage.people.models import Person, SignIn

LASTS = timedelta(minutes=15)
KEPT = timedelta(days=1)
MOST_TRIES = 5
LETTERS = "23456789BCDFGHJKMNPQRSTVWXYZ"  # no vowels, no look-alikes: 28⁸ codes and no words
CODE_LENGTH = 8


class LinkSpent(Refused):
    """The link is unknown, used or too old; which of these, nobody is told."""

    why = Why.TOO_LATE
    reason = _l("This link no longer works. Links can be used once, within 15 minutes. Ask for a new one.")


class WrongCode(Refused):
    """The code is not the one that was sent to whoever asked from this browser."""

    reason = _l("This code is not right. Check it against the newest letter; after five tries, ask for a new one.")


@dataclass(frozen=True)
class Allowed:
    """Who may be signed in, and the page of ours they were on their way to ("" if none)."""

    person_id: int
    next_path: str


@dataclass(frozen=True)
class Waiting:
    """What the page of a link may tell about it before it is used."""

    email: str
    browser_hash: bytes | None

    def was_asked_by(self, browser: str) -> bool:
        """Tell whether the browser that holds the token `browser` asked for the link."""
        return self.browser_hash is not None and hmac.compare_digest(self.browser_hash, _hash(browser))

    @property
    def is_bound(self) -> bool:
        """Tell whether one browser asked for it; the operator's links belong to none."""
        return self.browser_hash is not None


def ask(
    session: Session,
    person_id: int | None,
    now: datetime,
    next_path: str,
    *,
    browser: str | None = None,
    valid_for: timedelta = LASTS,
) -> SignIn:
    """Write down that somebody asks to sign in; `person_id` is None for an address nobody here has.

    `browser` is a token that the asking browser keeps; None binds the link to no browser.
    """
    nonce = secrets.token_urlsafe(24)
    asked = SignIn(person_id=person_id, nonce=nonce, next_path=inside(next_path), asked_at=now, tries=0)
    asked.link_hash, asked.code_hash = _hash(_token(nonce)), _code_hash(nonce, code_of(nonce))
    asked.browser_hash = _hash(browser) if browser else None
    asked.expires_at = now + valid_for
    session.add(asked)
    session.flush()
    return asked


def sign_in_url_for(
    session: Session, person_id: int, now: datetime, next_path: str = "", *, valid_for: timedelta = LASTS
) -> str:
    """Return a full one-time address that signs `person_id` in, in any browser; for the operator and the demo.

    Needs an app context (the base address and the secret key); the audit trail tells that it was made.
    """
    asked = ask(session, person_id, now, next_path, valid_for=valid_for)
    audit.record(session, None, "sign-in link made", f"person {person_id}", f"valid for {valid_for}", now)
    return link_of(asked.nonce)


def look(session: Session, token: str, now: datetime) -> Waiting:
    """Return what the link with `token` would do, changing nothing. Raises `LinkSpent`."""
    waiting = select(Person.email, SignIn.browser_hash).join(Person, Person.id == SignIn.person_id)
    row = session.execute(waiting.where(SignIn.link_hash == _hash(token), *_usable(now))).one_or_none()
    if row is None:
        raise LinkSpent
    return Waiting(row.email, row.browser_hash)


def use_link(session: Session, token: str, now: datetime) -> Allowed:
    """Use up the link with `token`: of two browsers at once, one gets in. Raises `LinkSpent`."""
    return _use(session, SignIn.link_hash == _hash(token), now)


def use_code(session: Session, browser: str, typed: str, now: datetime) -> Allowed | None:
    """Use up the `typed` code, asked for by the browser that holds the token `browser`; None if it is wrong.

    Counts a try against every waiting request of that browser, in one statement, so that no number of requests at
    once gets more than five. A wrong try must be committed: hence None, not an error.
    """
    tried = (
        update(SignIn)
        .where(SignIn.browser_hash == _hash(browser), SignIn.tries < MOST_TRIES, *_usable(now))
        .values(tries=SignIn.tries + 1)
        .returning(SignIn.id, SignIn.nonce, SignIn.code_hash)
    )
    for row in session.execute(tried).all():
        if hmac.compare_digest(row.code_hash, _code_hash(row.nonce, _plain(typed))):
            try:
                return _use(session, SignIn.id == row.id, now)
            except LinkSpent:
                return None
    return None


def _use(session: Session, which: ColumnElement[bool], now: datetime) -> Allowed:
    used = update(SignIn).where(which, SignIn.person_id.is_not(None), *_usable(now)).values(used_at=now)
    row = session.execute(used.returning(SignIn.person_id, SignIn.next_path)).one_or_none()
    if row is None:
        raise LinkSpent
    return Allowed(row.person_id, row.next_path)


def _usable(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return SignIn.used_at.is_(None), SignIn.expires_at > now


def forget_expired(session: Session, now: datetime) -> None:
    """Delete requests that ran out a day ago and more."""
    session.execute(delete(SignIn).where(SignIn.expires_at < now - KEPT))


def link_of(nonce: str) -> str:
    """Return the full address of the link of the request with `nonce`."""
    return link(f"/sign-in/{_token(nonce)}")


def code_of(nonce: str) -> str:
    """Return the code of the request with `nonce`, as eight letters and digits."""
    number = int.from_bytes(_derived("code", nonce))
    return "".join(LETTERS[number // len(LETTERS) ** place % len(LETTERS)] for place in range(CODE_LENGTH))


def shown_code(code: str) -> str:
    """Return `code` as the letter shows it, in two groups."""
    return f"{code[:4]}-{code[4:]}"


def inside(path: str) -> str:
    """Return `path` if it leads to a page of ours, else ""; never to another site, whatever browsers make of it."""
    is_ours = path.startswith("/") and not path.startswith("//") and "\\" not in path
    is_plain = len(path) <= 500 and path.isprintable() and " " not in path
    is_elsewhere = path.startswith(("/sign-in", "/sign-out"))
    return path if is_ours and is_plain and not is_elsewhere else ""


def masked(email: str) -> str:
    """Return `email` so that its owner knows it and nobody else learns it: "m…@e….org"."""
    local, _, domain = email.rpartition("@")
    name, _, ending = domain.rpartition(".")
    return f"{local[:1]}…@{name[:1]}….{ending}"


def _plain(typed: str) -> str:
    return "".join(c for c in typed.upper() if c in LETTERS)


def _token(nonce: str) -> str:
    return _derived("link", nonce).hex()


def _code_hash(nonce: str, code: str) -> bytes:
    return _derived("code hash", f"{nonce} {code}")


def _derived(purpose: str, text: str) -> bytes:
    secret = settings().secret_key.get_secret_value().encode()
    return hmac.digest(secret, f"sign-in {purpose} {text}".encode(), "sha256")


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
