"""Exchange: money taken in one currency and settled in another, at rates that never move."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from patronage.sandbox.money import exponent
from patronage.sandbox.store import Tx

# What one unit of a currency is worth in euros; not today's rates, but plausible ones, so that tests can count on them.
EUROS = {
    "eur": Decimal(1),
    "usd": Decimal("0.92"),
    "gbp": Decimal("1.17"),
    "chf": Decimal("1.05"),
    "uah": Decimal("0.0215"),
    "pln": Decimal("0.234"),
    "czk": Decimal("0.0402"),
    "huf": Decimal("0.00249"),
    "sek": Decimal("0.0895"),
    "nok": Decimal("0.0855"),
    "dkk": Decimal("0.134"),
    "ron": Decimal("0.201"),
    "bgn": Decimal("0.511"),
    "cad": Decimal("0.67"),
    "aud": Decimal("0.605"),
    "jpy": Decimal("0.0061"),
    "kwd": Decimal(3),
}
PLACES = Decimal("0.000001")


@dataclass(frozen=True)
class Settled:
    """An amount (signed, minor units) in the currency it is kept in, and the rate that brought it there, if any."""

    amount: int
    currency: str
    rate: Decimal | None = None


def settlement_currency(tx: Tx) -> str | None:
    """The currency into which everything is converted, or None when each is kept as it comes."""
    return tx.fact("settlement_currency") or None


def settled(amount: int, currency: str, into: str | None) -> Settled:
    """The amount in the currency `into`; as it is where that is None, the same, or a currency without a rate."""
    if into is None or into == currency or currency not in EUROS or into not in EUROS:
        return Settled(amount, currency)
    rate = (EUROS[currency] / EUROS[into]).quantize(PLACES)
    major = Decimal(amount).scaleb(-exponent(currency)) * rate
    minor = major.scaleb(exponent(into)).quantize(Decimal(1), ROUND_HALF_UP)
    return Settled(int(minor), into, rate)
