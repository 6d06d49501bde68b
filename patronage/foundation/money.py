"""Money as Stripe counts it: whole minor units, read from what people type and shown in their language."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from babel import Locale
from babel.numbers import format_decimal

from patronage.foundation.refused import Refused, translatable

# https://docs.stripe.com/currencies: what one major unit is in the API. CLDR's own table differs (ISK, UGX, HUF …).
ZERO_DECIMAL = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
THREE_DECIMAL = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
# ISK and UGX have no minor unit any more, yet the API still takes them with two decimals that must be 00;
# three-decimal amounts must end in 0.
WHOLE_ONLY = frozenset({"ISK", "UGX"})
SIGNS = {
    "EUR": "€",
    "USD": "$",
    "GBP": "£",
    "UAH": "₴",
    "JPY": "¥",
    "PLN": "zł",
    "CZK": "Kč",
    "ILS": "₪",
    "INR": "₹",
    "KRW": "₩",
    "TRY": "₺",
    "VND": "₫",
    "GEL": "₾",
    "KZT": "₸",
}
LARGEST_MINOR = 99_999_999  # the largest amount a charge may have, in minor units


class NotAnAmount(Refused):
    """What was typed cannot be read as an amount of money."""


@dataclass(frozen=True, order=True)
class Money:
    """An amount in minor units (`amount_minor`, an int) of `currency` (three capital letters)."""

    currency: str
    amount_minor: int

    def __post_init__(self) -> None:
        """Refuse floats and unknown shapes at once, so that no half cent ever gets in (`TypeError`, `ValueError`)."""
        if type(self.amount_minor) is not int:
            raise TypeError(f"money is counted in whole minor units, not {self.amount_minor!r}")
        if not re.fullmatch(r"[A-Z]{3}", self.currency):
            raise ValueError(f"{self.currency!r} is not a currency code")

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added")
        return Money(self.currency, self.amount_minor + other.amount_minor)

    def text(self, locale: str = "en") -> str:
        """Return the amount as people of `locale` write it; whole amounts without decimals ("€5")."""
        return shown(self.amount_minor, self.currency, locale)


def exponent(currency: str) -> int:
    """Return how many decimals the minor unit of `currency` has in Stripe's API: 0, 2 or 3."""
    if currency.upper() in ZERO_DECIMAL:
        return 0
    return 3 if currency.upper() in THREE_DECIMAL else 2


def step(currency: str) -> int:
    """Return the smallest difference between two chargeable amounts of `currency`, in minor units."""
    if currency.upper() in WHOLE_ONLY:
        return 100
    return 10 if currency.upper() in THREE_DECIMAL else 1


def parse(typed: str, currency: str) -> int:
    """Read what a person typed ("5", "5,50", "€5.50", "1 000") as minor units of `currency`.

    Nothing is rounded or guessed: what does not fit raises `NotAnAmount` with a reason in plain words.
    Only ASCII digits count; a sign, an exponent or other digits are refused.
    """
    digits = _bare(typed, currency)
    whole, mark, decimals = _split(digits, exponent(currency))
    if not re.fullmatch(r"[0-9]{1,12}", whole) or (mark and not re.fullmatch(r"[0-9]+", decimals)):
        unread = translatable("“%(typed)s” is not an amount. Type a number such as 5 or 7.50.")
        raise NotAnAmount(unread, typed=typed.strip()[:40])
    if len(decimals) > exponent(currency):
        raise _too_fine(currency)
    amount = int(whole) * _per_major(currency) + int(decimals.ljust(exponent(currency), "0") or 0)
    if amount % step(currency):
        coarse = translatable("An amount in %(currency)s must be a multiple of %(step)s.")
        raise NotAnAmount(coarse, currency=currency, step=shown(step(currency), currency))
    return amount


def _too_fine(currency: str) -> NotAnAmount:
    places = exponent(currency)
    if places == 0:
        whole = translatable("Amounts in %(currency)s have no decimals. Type the amount again.")
        return NotAnAmount(whole, currency=currency)
    some = translatable("Amounts in %(currency)s have at most %(places)s decimals. Type the amount again.")
    return NotAnAmount(some, currency=currency, places=places)


def _per_major(currency: str) -> int:
    return int("1" + "0" * exponent(currency))


def _bare(typed: str, currency: str) -> str:
    """Return `typed` without the currency's own signs, and without the spaces and apostrophes that part thousands."""
    text = "".join(" " if unicodedata.category(c) == "Zs" or c in "'’" else c for c in typed).strip()
    for sign in (currency.upper(), currency.lower(), _sign(currency)):
        text = text.removeprefix(sign).removesuffix(sign).strip()
    return text.replace(" ", "") if re.match(r"[0-9]{1,3}( [0-9]{3})+(?![0-9])", text) else text


def _sign(currency: str) -> str:
    """Return the short sign of `currency` ("€", "₴"), or its code where it has none of its own."""
    return SIGNS.get(currency.upper(), currency.upper())


def _split(digits: str, places: int) -> tuple[str, str, str]:
    """Split "1,234.50" into whole part, decimal mark and decimals.

    "1,000" and "1.000.000" are thousands; "1.000" may be either and stays unread, as nobody should pay a guess. Nor
    is "1,500" read where there are three decimals.
    """
    if places == 3 and re.fullmatch(r"[0-9]{1,3},[0-9]{3}", digits):
        return digits, "", ""
    grouped = re.fullmatch(r"[0-9]{1,3}(?:(,)[0-9]{3}|([.,])[0-9]{3}\2[0-9]{3}(?:\2[0-9]{3})*)", digits)
    if grouped and (places < 3 or grouped[2]):
        return digits.replace(grouped[1] or grouped[2], ""), "", ""
    both = re.fullmatch(r"([0-9]{1,3}(?:([.,])[0-9]{3})+)([.,])([0-9]+)", digits)
    if both and both[2] != both[3]:
        return both[1].replace(both[2], ""), both[3], both[4]
    whole, mark, decimals = digits.partition("," if "," in digits else ".")
    return whole, mark, decimals


def shown(amount_minor: int, currency: str, locale: str = "en") -> str:
    """Return `amount_minor` of `currency` as `locale` writes it, with Stripe's decimals; whole amounts without any."""
    if amount_minor < 0:
        return "\N{MINUS SIGN}" + shown(-amount_minor, currency, locale)
    value = Decimal(amount_minor).scaleb(-exponent(currency))
    places = 0 if value == value.to_integral_value() else exponent(currency)
    number = "#,##0" + ("." + "0" * places if places else "")
    language = Locale.parse(locale.replace("-", "_"))
    pattern = re.sub(r"#[#,.0]*0(?:\.0+)?", number, language.currency_formats["standard"].pattern.split(";")[0])
    before, _, after = pattern.partition("¤")
    sign = _sign(currency)
    gap = "\N{NO-BREAK SPACE}" if after and sign.isalpha() and not after.startswith("\N{NO-BREAK SPACE}") else ""
    digits = format_decimal(value, format=(before + after).strip(), locale=language)
    return f"{sign}{gap}{digits}" if after else f"{digits}\N{NO-BREAK SPACE}{sign}"


def gross_up(amount_minor: int, percent: Decimal, fixed_minor: int) -> int:
    """Return what to charge so that `amount_minor` is left after a fee of `percent` and `fixed_minor`, rounded up."""
    charged = (Decimal(amount_minor) + fixed_minor) / (1 - percent / 100)
    return int(charged.to_integral_value(rounding="ROUND_CEILING"))
