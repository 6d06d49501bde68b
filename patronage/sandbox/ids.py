"""Identifiers in Stripe's manner: a prefix that names the kind, and a random tail."""

import secrets
import string

ALPHABET = string.ascii_letters + string.digits
# From any byte to a character. Eight of them come a little oftener, which does no harm: years of ids are made at once.
LETTERS = bytes(ord(ALPHABET[byte % len(ALPHABET)]) for byte in range(256))
LENGTHS = {
    "cus": 14,
    "prod": 14,
    "si": 14,
    "req": 14,
    "whsec": 32,
    "cs_test": 58,
    "il": 24,
}


def new_id(prefix: str) -> str:
    """A fresh id such as `cus_Q3v…`; 24 random characters unless Stripe's own kind is shorter or longer."""
    length = LENGTHS.get(prefix, 24)
    return f"{prefix}_{secrets.token_bytes(length).translate(LETTERS).decode()}"
