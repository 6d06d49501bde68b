"""What goes into a spreadsheet: texts that no program takes for a formula, amounts as plain decimals."""

from decimal import Decimal

from patronage.foundation.money import exponent

# Spreadsheets take a cell that begins with one of these for a formula, some after white space (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # fmt: skip
MARK = "\ufeff"  # at the head of a CSV file: spreadsheets read it as UTF-8 then


def plain(text: str) -> str:
    """Return `text` such that a spreadsheet shows it instead of computing it."""
    return f"'{text}" if text.startswith(FORMULA) or text.lstrip().startswith(FORMULA) else text


def amount(minor: int, currency: str) -> str:
    """Return `minor` units of `currency` as a decimal with a point ("5.00"), exact and without thousands."""
    return f"{Decimal(minor).scaleb(-exponent(currency)):f}"
