"""On what terms one can give: tiers, suggested amounts, the smallest and largest gift, the cover of the fee."""

import hashlib
import threading
from dataclasses import dataclass
from decimal import Decimal
from time import monotonic

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.foundation import money
from patronage.foundation.database import Database
from patronage.foundation.refused import Refused
from patronage.foundation.settings import Settings
from patronage.giving.models import Interval, SuggestedAmount, Tier

FRESH_SECONDS = 1.0
CHOICES = 4
# What is suggested until an administrator says otherwise, as multiples of the smallest gift; the second is preselected.
UNTIL_TOLD = {Interval.ONCE: (5, 10, 25, 50), Interval.MONTH: (3, 5, 10, 20), Interval.YEAR: (30, 60, 100, 200)}


class NotThatAmount(Refused):
    """An amount that can be read, but is smaller or larger than what is taken."""


@dataclass(frozen=True)
class Level:
    """A tier as pages show it; amounts in minor units of the currency of its terms."""

    name: str
    benefits: str
    monthly_minor: int
    yearly_minor: int


@dataclass(frozen=True)
class Suggested:
    """Up to four amounts for one interval, in minor units, and the position of the preselected one."""

    interval: Interval
    amounts: tuple[int, ...]
    preselected: int


@dataclass(frozen=True)
class Terms:
    """Everything the support page is drawn from besides the newsroom's identity; `version` names this content."""

    currency: str
    suggested: tuple[Suggested, ...]
    levels: tuple[Level, ...]

    @property
    def version(self) -> str:
        """A short name of this content: other terms have another."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


def read(session: Session, currency: str, smallest_minor: int) -> Terms:
    """Return the terms in `currency` as they stand in the database."""
    rows = session.scalars(
        select(SuggestedAmount)
        .where(SuggestedAmount.currency == currency)
        .order_by(SuggestedAmount.amount_minor, SuggestedAmount.id)
    ).all()
    tiers = session.scalars(select(Tier).where(Tier.currency == currency).order_by(Tier.position, Tier.id))
    levels = tuple(Level(tier.name, tier.benefits, tier.monthly_minor, tier.yearly_minor) for tier in tiers)
    every = [[row for row in rows if row.interval == kind] for kind in Interval]
    suggested = (_suggested(kind, found, currency, smallest_minor) for kind, found in zip(Interval, every, strict=True))
    return Terms(currency, tuple(suggested), levels)


def _suggested(interval: Interval, rows: list[SuggestedAmount], currency: str, smallest_minor: int) -> Suggested:
    rows = rows[:CHOICES]
    if not rows:
        step = money.step(currency)
        smallest_minor = (
            -(-smallest_minor // step) * step
        )  # as everything suggested, it must be one that can be charged
        return Suggested(interval, tuple(each * smallest_minor for each in UNTIL_TOLD[interval]), 1)
    marked = [position for position, row in enumerate(rows) if row.preselected]
    return Suggested(interval, tuple(row.amount_minor for row in rows), marked[0] if marked else 0)


class KnownTerms:
    """The terms as this process last saw them, read again at most once a second."""

    def __init__(self, database: Database, smallest_minor: int) -> None:
        self._database, self._smallest = database, smallest_minor
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[float, Terms, str]] = {}

    def __call__(self, currency: str) -> tuple[Terms, str]:
        """Return the terms in `currency` and their version, at most a second old."""
        seen = self._seen.get(currency)
        if seen is None or monotonic() - seen[0] >= FRESH_SECONDS:
            with self._lock, self._database.reading() as session:
                terms = read(session, currency, self._smallest)
            seen = self._seen[currency] = (monotonic(), terms, terms.version)
        return seen[1], seen[2]


def gift(typed: str, currency: str, settings: Settings, language: str = "en") -> int:
    """Read a typed gift as minor units. Raises `NotAnAmount`, or `NotThatAmount` below and above the limits."""
    return within(money.parse(typed, currency), currency, settings, language)


def within(amount_minor: int, currency: str, settings: Settings, language: str = "en") -> int:
    """Return `amount_minor` if a gift may be that large. Raises `NotThatAmount`."""
    if amount_minor < settings.smallest_gift_minor:
        smallest = money.shown(settings.smallest_gift_minor, currency, language)
        raise NotThatAmount(_("The smallest gift we can take is %(amount)s.", amount=smallest))
    if amount_minor > settings.largest_gift_minor:
        largest = money.shown(settings.largest_gift_minor, currency, language)
        raise NotThatAmount(
            _("The largest gift this page takes is %(amount)s. For more, please write to us.", amount=largest)
        )
    if amount_minor % money.step(currency):
        raise NotThatAmount(_("This amount cannot be charged in %(currency)s.", currency=currency))
    return amount_minor


def as_typed(amount_minor: int, currency: str) -> str:
    """Return an amount so that `gift` reads it back: digits and a point, no sign and no thousands ("1000", "7.50")."""
    value = Decimal(amount_minor).scaleb(-money.exponent(currency))
    return str(int(value)) if value == int(value) else f"{value:f}"


def fee_cover(amount_minor: int, currency: str, settings: Settings) -> int:
    """Return what to add to a gift so that the fee takes nothing of it, in minor units that can be charged."""
    whole = money.gross_up(amount_minor, settings.fee_percent, settings.fee_fixed_minor)
    step = money.step(currency)
    return -(-whole // step) * step - amount_minor
