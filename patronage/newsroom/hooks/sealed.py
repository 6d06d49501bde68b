"""Addresses and secrets of hooks, sealed so that neither the database nor the settings alone reveal them."""

from patronage.foundation import sealed

PURPOSE = b"patronage hooks 1"


def seal(words: str, secret: str) -> bytes:
    """Return `words` encrypted under a key derived from the service's `secret`."""
    return sealed.seal(words.encode(), secret, PURPOSE, bound_to=PURPOSE)


def unseal(sealed_words: bytes, secret: str) -> str:
    """Return what was sealed. Raises `foundation.sealed.DoesNotOpen`: then address and secret are typed again."""
    return sealed.unseal(sealed_words, secret, PURPOSE, bound_to=PURPOSE).decode()
