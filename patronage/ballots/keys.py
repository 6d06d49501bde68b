"""The round key: what makes a voter's token, sealed so that neither the database nor the settings alone reveal it.

A ballot carries HMAC-SHA256(round key, person id), never the person. The key lies in a row of its own, encrypted with a
key derived from the service's secret. While the row exists, whoever holds both can link voters and ballots.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable

from patronage.foundation import sealed
from patronage.foundation.logs import log
from patronage.foundation.refused import Refused, Why, translatable

KEY_BYTES = 32
TOKEN_BYTES = 16
SHA256_BLOCK = 64
PURPOSE = b"patronage round keys 1"


class KeyDoesNotOpen(Refused):
    """The sealed key cannot be opened with this secret: the settings were changed while a round was open."""

    why = Why.UNAVAILABLE
    reason = translatable(
        "The key of this vote does not open, since a setting of our system was changed. No ballot is lost. Whoever "
        "runs the system is told by “patronage doctor” what to do."
    )


def draw() -> bytes:
    """Return a new round key."""
    return secrets.token_bytes(KEY_BYTES)


def seal(key: bytes, round_id: int, secret: str) -> bytes:
    """Return `key` encrypted for `round_id` under a key derived from `secret` (`foundation.sealed`)."""
    return sealed.seal(key, secret, PURPOSE, _bound_to(round_id))


def unseal(sealed_key: bytes, round_id: int, secret: str) -> bytes:
    """Return the round key in `sealed_key`. Raises `KeyDoesNotOpen`."""
    try:
        return sealed.unseal(sealed_key, secret, PURPOSE, _bound_to(round_id))
    except sealed.DoesNotOpen:
        log().error("a round key does not open: was PATRONAGE_SECRET_KEY changed?", round=round_id)
        raise KeyDoesNotOpen from None


def token(key: bytes, person_id: int) -> bytes:
    """Return what stands on the ballot of `person_id` instead of their name: 16 bytes."""
    return hmac.digest(key, str(person_id).encode(), "sha256")[:TOKEN_BYTES]


def tokens(key: bytes) -> Callable[[int], bytes]:
    """Return what makes tokens of `key`, as `token` does, in half the time: for all voters of a round at once."""
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key.ljust(SHA256_BLOCK, b"\0")))  # RFC 2104, with the
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in key.ljust(SHA256_BLOCK, b"\0")))  # key taken in already

    def token_of(person_id: int) -> bytes:
        within, around = inner.copy(), outer.copy()
        within.update(b"%d" % person_id)
        around.update(within.digest())
        return around.digest()[:TOKEN_BYTES]

    return token_of


def submission_mark(key: bytes, token: bytes, submission: str) -> str:
    """Return under what a submission is remembered: 32 hex digits that say nothing without the key.

    It is bound to the voter, so nobody can use up somebody else's submission.
    """
    return _mac(key, b"submission", token, submission.encode()).hex()


def receipt_nonce(key: bytes, token: bytes, submission: str) -> bytes:
    """Return the receipt's 128-bit nonce: the same for a repeated submission, beyond guessing without the key."""
    return _mac(key, b"nonce", token, submission.encode())


def place_in_line(key: bytes, token: bytes, position: int) -> bytes:
    """Return by what a voter's topics are ordered: each voter has an order of their own, the same at each visit."""
    return _mac(key, b"order", token, str(position).encode())


def _mac(key: bytes, purpose: bytes, *parts: bytes) -> bytes:
    framed = b"".join(len(part).to_bytes(4, "big") + part for part in (purpose, *parts))
    return hmac.digest(key, framed, "sha256")[:TOKEN_BYTES]


def _bound_to(round_id: int) -> bytes:
    return f"round {round_id}".encode()
