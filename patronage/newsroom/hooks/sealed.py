"""Addresses and secrets of hooks, sealed so that neither the database nor the settings alone reveal them."""

import functools
import secrets

KEY_BYTES = 32
NONCE_BYTES = 12
PURPOSE = b"patronage hooks 1"


class DoesNotOpen(Exception):
    """What is sealed cannot be opened: PATRONAGE_SECRET_KEY was changed since. Type the address and secret again."""


def seal(words: str, secret: str) -> bytes:
    """Return `words` encrypted (AES-256-GCM) under a key derived (HKDF) from the service's `secret`."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(_key(secret)).encrypt(nonce, words.encode(), PURPOSE)


def unseal(sealed: bytes, secret: str) -> str:
    """Return what was sealed. Raises `DoesNotOpen`."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(_key(secret)).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], PURPOSE).decode()
    except InvalidTag:
        raise DoesNotOpen("it was sealed with another PATRONAGE_SECRET_KEY") from None


@functools.lru_cache(maxsize=4)
def _key(secret: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), KEY_BYTES, salt=None, info=PURPOSE).derive(secret.encode())
