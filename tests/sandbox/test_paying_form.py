"""What the hosted checkout reads and writes: amounts, rhythms, what is typed."""

import pytest

from patronage.sandbox import paying_form
from patronage.sandbox.amounts import amount, moment, rhythm
from patronage.sandbox.paying_form import Typed

JUNE_2026 = 1780500000


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (500, "eur", "€5.00"),
        (5, "eur", "€0.05"),
        (125000, "usd", "$1,250.00"),
        (500, "jpy", "¥500"),
        (12500, "kwd", "KWD\u00a012.500"),
        (15000, "uah", "₴150.00"),
        (-150, "gbp", "−£1.50"),
    ],
)
def test_amounts_have_the_decimals_of_their_currency(minor: int, currency: str, shown: str) -> None:
    assert amount(minor, currency) == shown


def test_rhythms_and_moments_read_as_people_say_them() -> None:
    assert rhythm({"interval": "month", "interval_count": 1}) == "every month"
    assert rhythm({"interval": "month", "interval_count": 3}) == "every 3 months"
    assert rhythm(None) == ""
    assert moment(JUNE_2026) == "3 June 2026, 15:20 UTC"


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        (Typed(email="a@b.org"), []),
        (Typed(email=""), ["email"]),
        (Typed(email="a@b.org", card="4242", cvc="1"), ["card", "cvc"]),
        (Typed(email="a@b.org", expiry="05 / 26"), ["expiry"]),
        (Typed(email="a@b.org", expiry="06/2026"), []),
        (Typed(email="a@b.org", expiry="13/30"), ["expiry"]),
        (Typed(email="a@b.org", card="", method="bank_debit"), []),
        (Typed(email="a@b.org", card="", trial="4242424242424242"), []),
    ],
)
def test_the_form_says_what_cannot_be_right(typed: Typed, fields: list[str]) -> None:
    assert [field for field, _ in paying_form.problems(typed, JUNE_2026)] == fields
