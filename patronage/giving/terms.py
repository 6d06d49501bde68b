"""On what terms one can give: tiers, suggested amounts, the smallest and largest gift, the cover of the fee."""

import hashlib
from dataclasses import dataclass
from decimal import Decimal

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.foundation import money
from patronage.foundation.database import Database
from patronage.foundation.fresh import Fresh
from patronage.foundation.refused import Refused
from patronage.foundation.settings import Settings
from patronage.giving.memberships.models import CurrencyOffered, TierPrice
from patronage.giving.models import Interval, SuggestedAmount, Tier

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
class Bounds:
    """How large a gift may be, and the fixed part of the fee: minor units of one currency."""

    smallest_minor: int
    largest_minor: int
    fee_fixed_minor: int


@dataclass(frozen=True)
class Terms:
    """Everything the support page is drawn from besides the newsroom's identity; `version` names this content.

    `currencies` are all one can give in, the newsroom's choice of order; `currency` is the one these terms are in.
    """

    currency: str
    suggested: tuple[Suggested, ...]
    levels: tuple[Level, ...]
    bounds: Bounds
    currencies: tuple[str, ...]

    @property
    def version(self) -> str:
        """A short name of this content: other terms have another."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


def bounds_of(settings: Settings) -> Bounds:
    """Return the bounds that hold until an administrator sets a currency's own."""
    return Bounds(settings.smallest_gift_minor, settings.largest_gift_minor, settings.fee_fixed_minor)


def offered(session: Session, own: str, usual: Bounds) -> dict[str, Bounds]:
    """Return the currencies one can give in, in their order, with their bounds: `own` alone until told otherwise."""
    rows = session.scalars(select(CurrencyOffered).order_by(CurrencyOffered.position, CurrencyOffered.currency))
    known = {row.currency: Bounds(row.smallest_minor, row.largest_minor, row.fee_fixed_minor) for row in rows}
    return known or {own: usual}


def chosen(known: dict[str, Bounds], own: str, wanted: str) -> str:
    """Return the currency of a page: the one that is `wanted` if it is offered, else the newsroom's own, else any."""
    return next((each for each in (wanted.upper(), own) if each in known), next(iter(known)))


def read(session: Session, own: str, usual: Bounds, wanted: str = "") -> Terms:
    """Return the terms in the `wanted` currency, else in the newsroom's `own`, as they stand in the database."""
    known = offered(session, own, usual)
    currency = chosen(known, own, wanted)
    rows = session.scalars(
        select(SuggestedAmount)
        .where(SuggestedAmount.currency == currency)
        .order_by(SuggestedAmount.amount_minor, SuggestedAmount.id)
    ).all()
    every = [[row for row in rows if row.interval == kind] for kind in Interval]
    bounds = known[currency]
    suggested = tuple(_suggested(kind, found, currency, bounds) for kind, found in zip(Interval, every, strict=True))
    return Terms(currency, suggested, levels(session, currency), bounds, tuple(known))


def levels(session: Session, currency: str) -> tuple[Level, ...]:
    """Return the tiers that have a price in `currency`, in their order."""
    tiers = session.execute(
        select(Tier, TierPrice)
        .join(TierPrice, TierPrice.tier_id == Tier.id)
        .where(TierPrice.currency == currency)
        .order_by(Tier.position, Tier.id)
    )
    return tuple(Level(tier.name, tier.benefits, price.monthly_minor, price.yearly_minor) for tier, price in tiers)


def _suggested(interval: Interval, rows: list[SuggestedAmount], currency: str, bounds: Bounds) -> Suggested:
    rows = rows[:CHOICES]
    if not rows:
        step = money.step(currency)  # as everything suggested, it must be one that can be charged
        smallest = -(-bounds.smallest_minor // step) * step
        return Suggested(interval, tuple(each * smallest for each in UNTIL_TOLD[interval]), 1)
    marked = [position for position, row in enumerate(rows) if row.preselected]
    return Suggested(interval, tuple(row.amount_minor for row in rows), marked[0] if marked else 0)


class KnownTerms:
    """The terms as this process last saw them, read again at most once a second."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._usual = database, bounds_of(settings)
        self._seen: dict[tuple[str, str], Fresh[tuple[Terms, str]]] = {}

    def __call__(self, own: str, wanted: str = "") -> tuple[Terms, str]:
        """Return the terms in the `wanted` currency and their version, at most a second old.

        What is not offered gets the terms in the newsroom's `own` currency.
        """
        terms, version = self._known(own, "")
        wanted = wanted.upper()
        if wanted == terms.currency or wanted not in terms.currencies:
            return terms, version
        return self._known(own, wanted)

    def _known(self, own: str, wanted: str) -> tuple[Terms, str]:
        seen = self._seen.get((own, wanted))
        if seen is None:
            seen = self._seen.setdefault((own, wanted), Fresh(lambda: self._look(own, wanted)))
        return seen()

    def _look(self, own: str, wanted: str) -> tuple[Terms, str]:
        with self._database.reading() as session:
            terms = read(session, own, self._usual, wanted)
        return terms, terms.version


def gift(typed: str, currency: str, settings: Settings, language: str = "en", bounds: Bounds | None = None) -> int:
    """Read a typed gift as minor units. Raises `NotAnAmount`, or `NotThatAmount` below and above the limits.

    `bounds` are the currency's own (`Terms.bounds`); without them those of the settings hold.
    """
    return within(money.parse(typed, currency), currency, settings, language, bounds)


def within(
    amount_minor: int, currency: str, settings: Settings, language: str = "en", bounds: Bounds | None = None
) -> int:
    """Return `amount_minor` if a gift may be that large. Raises `NotThatAmount`."""
    bounds = bounds or bounds_of(settings)
    if amount_minor < bounds.smallest_minor:
        smallest = money.shown(bounds.smallest_minor, currency, language)
        raise NotThatAmount(_("The smallest gift we can take is %(amount)s.", amount=smallest))
    if amount_minor > bounds.largest_minor:
        largest = money.shown(bounds.largest_minor, currency, language)
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


def fee_cover(amount_minor: int, currency: str, settings: Settings, bounds: Bounds | None = None) -> int:
    """Return what to add to a gift so that the fee takes nothing of it, in minor units that can be charged."""
    fixed = bounds.fee_fixed_minor if bounds else settings.fee_fixed_minor
    whole = money.gross_up(amount_minor, settings.fee_percent, fixed)
    step = money.step(currency)
    return -(-whole // step) * step - amount_minor
