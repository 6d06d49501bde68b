"""Bank transfers: checks an IBAN, and draws the QR code that banking apps read (EPC069-12, "SEPA credit transfer")."""

import re
from dataclasses import dataclass

import segno
from flask_babel import lazy_gettext as _l

from patronage.foundation.refused import Refused

# https://www.swift.com/swift-resource/9606: how long an IBAN is; those that send and receive SEPA transfers, and more.
SEPA = {
    "AD": 24, "AL": 28, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
    "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27,
    "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MT": 31, "NL": 18, "NO": 15,
    "PL": 28, "PT": 25, "RO": 24, "RS": 22, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "VA": 22,
}  # fmt: skip
OTHERS = {"AE": 23, "AZ": 28, "BA": 20, "BY": 28, "GE": 22, "IL": 23, "KZ": 20, "SA": 24, "TR": 26, "UA": 29, "XK": 20}
BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
LONGEST_NAME, LONGEST_REMITTANCE, LARGEST_MINOR, MOST_BYTES = 70, 140, 99_999_999_999, 331
QUIET = 4  # empty modules around the code, as the standard asks


class NotAnIban(Refused):
    """The number is no IBAN: a sign is missing, or two were exchanged."""

    reason = _l("This is not an IBAN. Please compare it with the bank's, sign by sign.")


class NotABic(Refused):
    """The code is no BIC."""

    reason = _l("A BIC has 8 or 11 letters and digits. It may be left out.")


@dataclass(frozen=True)
class Transfer:
    """A transfer in euros: to whom, which account, and optionally how much (in cents) and the words beside it."""

    name: str
    iban: str
    bic: str = ""
    amount_minor: int | None = None
    remittance: str = ""


@dataclass(frozen=True)
class Picture:
    """A QR code for an SVG: the length of a side with its empty border in modules, and the path of the dark ones."""

    side: int
    path: str


def iban(typed: str) -> str:
    """Return an IBAN without spaces, in capitals, length and check digits proved (ISO 13616). Raises `NotAnIban`."""
    bare = re.sub(r"\s+", "", typed).upper()
    length = {**SEPA, **OTHERS}.get(bare[:2])
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", bare, re.ASCII) or (length and len(bare) != length):
        raise NotAnIban
    number = "".join(str(int(sign, 36)) for sign in bare[4:] + bare[:4])
    if int(number) % 97 != 1:
        raise NotAnIban
    return bare


def bic(typed: str) -> str:
    """Return a BIC without spaces, in capitals; "" stays "". Raises `NotABic`."""
    bare = re.sub(r"\s+", "", typed).upper()
    if bare and not BIC.fullmatch(bare):
        raise NotABic
    return bare


def in_groups(number: str) -> str:
    """Return an IBAN as people read it: groups of four."""
    return " ".join(number[place : place + 4] for place in range(0, len(number), 4))


def is_sepa(number: str) -> bool:
    """Tell whether an account can get a SEPA transfer, and so has a code."""
    return number[:2] in SEPA


def content(transfer: Transfer) -> str:
    """Return what the code says, version 002 in UTF-8. Raises `ValueError` where the standard has no room for it."""
    amount = ""
    if transfer.amount_minor is not None:
        if not 0 < transfer.amount_minor <= LARGEST_MINOR:
            raise ValueError("an amount is between a cent and 999,999,999.99 euros")
        amount = f"EUR{transfer.amount_minor // 100}.{transfer.amount_minor % 100:02d}"
    lines = [
        "BCD", "002", "1", "SCT", transfer.bic, transfer.name[:LONGEST_NAME], transfer.iban, amount, "", "",
        transfer.remittance[:LONGEST_REMITTANCE],
    ]  # fmt: skip
    said = "\n".join(lines).rstrip("\n")
    if len(said.encode()) > MOST_BYTES:
        raise ValueError(f"the code holds {MOST_BYTES} bytes")
    return said


def draw(transfer: Transfer) -> Picture:
    """Return the QR code of a transfer: error correction M, as the standard asks."""
    code = segno.make_qr(content(transfer), error="m", boost_error=False, encoding="utf-8")
    rows = [bytes(row) for row in code.matrix]
    path = "".join(
        f"M{left + QUIET} {top + QUIET}h{right - left}v1h-{right - left}z"
        for top, row in enumerate(rows)
        for left, right in _runs(row)
    )
    return Picture(len(rows) + 2 * QUIET, path)


def _runs(row: bytes) -> list[tuple[int, int]]:
    """Return where the dark modules of a row begin and end."""
    return [found.span() for found in re.finditer(rb"\x01+", row)]
