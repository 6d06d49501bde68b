"""Seals what must not lie open in the database, so that neither it nor the settings alone reveal it.

AES-256-GCM (NIST SP 800-38D) under a key that HKDF (RFC 5869) derives from the service's secret, one for each purpose.
"""

import functools
import secrets

KEY_BYTES = 32
NONCE_BYTES = 12


class DoesNotOpen(Exception):
    """What is sealed cannot be opened: PATRONAGE_SECRET_KEY was changed since, or it was sealed for something else."""


def seal(content: bytes, secret: str, purpose: bytes, bound_to: bytes) -> bytes:
    """Return `content` encrypted, its nonce before it.

    The key is derived from `secret` for `purpose`; `bound_to` says what it belongs to, and it opens for nothing else.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(derived_key(secret, purpose)).encrypt(nonce, content, bound_to)


def unseal(sealed: bytes, secret: str, purpose: bytes, bound_to: bytes) -> bytes:
    """Return what was sealed for the same `purpose` and `bound_to`. Raises `DoesNotOpen`."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(derived_key(secret, purpose)).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
    except InvalidTag:
        raise DoesNotOpen("it was sealed with another PATRONAGE_SECRET_KEY") from None


@functools.lru_cache(maxsize=8)
def derived_key(secret: str, purpose: bytes) -> bytes:
    """Return the 32 bytes under which things of one `purpose` are sealed."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), KEY_BYTES, salt=None, info=purpose).derive(secret.encode())
