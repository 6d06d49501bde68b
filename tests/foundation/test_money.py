"""Money: what people type is read exactly or not at all, and shown with Stripe's decimals."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patronage.foundation.money import Money, NotAnAmount, exponent, gross_up, parse, shown

CURRENCIES = ["EUR", "USD", "UAH", "JPY", "KWD", "ISK", "GBP", "PLN"]


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [
        ("5", "EUR", 500),
        ("5,50", "EUR", 550),
        ("€5.50", "EUR", 550),
        ("5.50 €", "EUR", 550),
        (" 5 ", "EUR", 500),
        ("5,00", "EUR", 500),
        ("1\N{NO-BREAK SPACE}000", "EUR", 100_000),
        ("1,000", "EUR", 100_000),
        ("1.000.000", "EUR", 100_000_000),
        ("1,234.50", "USD", 123_450),
        ("1.234,50", "EUR", 123_450),
        ("1'000", "EUR", 100_000),
        ("500", "JPY", 500),
        ("1.500", "KWD", 1500),
        ("₴100", "UAH", 10_000),
        ("100 UAH", "UAH", 10_000),
        ("5", "ISK", 500),
    ],
)
def test_amounts_are_read_as_people_type_them(typed: str, currency: str, minor: int) -> None:
    assert parse(typed, currency) == minor


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "-1",
        "+5",
        "1e2",
        "1e9",
        "NaN",
        "inf",
        "٣",
        "５",
        "5.001",
        "1.000",
        "5,5,5",
        "5..5",
        ".",
        "abc",
        "5 or 6",
        "1 2 3",
        "5 50",
        "1 0000",
        "0x10",
    ],
)
def test_what_is_not_clearly_an_amount_is_refused_and_never_rounded(typed: str) -> None:
    with pytest.raises(NotAnAmount):
        parse(typed, "EUR")


@pytest.mark.parametrize(
    ("typed", "currency"), [("5.5", "JPY"), ("1.2345", "KWD"), ("1.505", "EUR"), ("1,500", "KWD"), ("5.50", "ISK")]
)
def test_more_decimals_than_the_currency_has_are_refused(typed: str, currency: str) -> None:
    with pytest.raises(NotAnAmount):
        parse(typed, currency)


def test_three_decimal_amounts_must_end_in_zero_as_stripe_asks() -> None:
    with pytest.raises(NotAnAmount):
        parse("1.234", "KWD")


def test_zero_is_read_as_zero_and_left_to_the_rules() -> None:
    assert parse("0", "EUR") == 0


@given(st.integers(min_value=1, max_value=99_999_999), st.sampled_from(CURRENCIES), st.sampled_from(["en", "uk", "de"]))
def test_what_is_shown_can_be_typed_in_again(amount: int, currency: str, locale: str) -> None:
    amount -= amount % {"ISK": 100, "KWD": 10}.get(currency, 1)
    text = shown(amount, currency, locale)
    digits = "".join(c for c in text if c.isdigit())
    assert int(digits) in {amount, amount // 10 ** exponent(currency)}


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "text"),
    [
        (500, "EUR", "en", "€5"),
        (550, "EUR", "en", "€5.50"),
        (550, "EUR", "uk", "5,50\N{NO-BREAK SPACE}€"),
        (500, "JPY", "en", "¥500"),
        (5120, "KWD", "en", "KWD\N{NO-BREAK SPACE}5.120"),
        (-500, "EUR", "en", "\N{MINUS SIGN}€5"),
    ],
)
def test_money_is_written_as_the_language_has_it(minor: int, currency: str, locale: str, text: str) -> None:
    assert shown(minor, currency, locale) == text


@given(st.integers(min_value=100, max_value=10_000_000), st.decimals(min_value=0, max_value=10, places=2))
def test_fee_cover_leaves_at_least_the_gift(amount: int, percent: Decimal) -> None:
    charged = gross_up(amount, percent, 30)
    assert charged - charged * percent / 100 - 30 >= amount - 1


def test_no_float_becomes_money() -> None:
    with pytest.raises(TypeError):
        Money("EUR", 5.0)  # type: ignore[arg-type]  # that is the point


def test_two_currencies_are_never_added() -> None:
    with pytest.raises(ValueError, match="cannot be added"):
        Money("EUR", 1) + Money("USD", 1)
