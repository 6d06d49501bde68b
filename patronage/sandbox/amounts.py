"""Amounts and moments as people read them on the sandbox's pages."""

from datetime import UTC, datetime

from patronage.sandbox.money import exponent

SIGNS = {"eur": "€", "usd": "$", "gbp": "£", "uah": "₴", "jpy": "¥", "pln": "zł\u00a0", "czk": "Kč\u00a0"}
INTERVALS = {"day": "day", "week": "week", "month": "month", "year": "year"}


def amount(minor: int, currency: str) -> str:
    """`€1,250.00`, `¥500`, `KWD 1.250`: minor units with as many decimals as Stripe's currency has."""
    places = exponent(currency)
    whole, part = divmod(abs(minor), 10**places)
    sign = "−" if minor < 0 else ""
    decimals = f".{part:0{places}}" if places else ""
    symbol = SIGNS.get(currency, currency.upper() + "\u00a0")
    return f"{sign}{symbol}{whole:,}{decimals}"


def rhythm(recurring: dict[str, object] | None) -> str:
    """`every month`, `every 3 months`, or "" for what is paid once."""
    if not recurring:
        return ""
    interval, count = INTERVALS[str(recurring["interval"])], recurring.get("interval_count") or 1
    return f"every {interval}" if count == 1 else f"every {count} {interval}s"


def moment(seconds: float) -> str:
    """`3 June 2026, 14:05 UTC` for unix seconds."""
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def day(seconds: float) -> str:
    """`3 June 2026` for unix seconds, by UTC."""
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at.day} {at:%B %Y}"
