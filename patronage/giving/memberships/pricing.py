"""What an administrator decides about giving: currencies, bounds, suggested amounts, tiers; each change is audited."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from patronage.foundation import order
from patronage.foundation.refused import Refused, Why
from patronage.giving.memberships.models import CodeOffer, CurrencyOffered, TierPrice
from patronage.giving.models import SuggestedAmount, Tier
from patronage.giving.terms import Bounds, Suggested
from patronage.people import audit


class NoSuchTier(Refused):
    """There is no tier with this number."""

    why = Why.NOT_FOUND
    reason = _l("There is no such tier.")


class TierInUse(Refused):
    """A code is good for this tier alone, so it cannot go."""

    why = Why.CONFLICT
    reason = _l("An offer is made for this tier alone. Withdraw the offer first.")


class TierNamedElsewhere(Refused):
    """The terms of a vote name this tier; they are kept with its result."""

    why = Why.CONFLICT
    reason = _l("The terms of a vote name this tier, so it cannot be removed.")


class NoSuchCurrency(Refused):
    """The currency is not offered."""

    why = Why.NOT_FOUND
    reason = _l("This currency is not offered.")


class LastCurrency(Refused):
    """One currency has to stay."""

    why = Why.CONFLICT
    reason = _l("This is the only currency one can give in. Offer another one first.")


@dataclass(frozen=True)
class Price:
    """From how much a month and a year a tier is reached, in minor units."""

    monthly_minor: int
    yearly_minor: int


@dataclass(frozen=True)
class Editor:
    """Who decides, and when."""

    person_id: int
    now: datetime


def offer_currency(
    session: Session, currency: str, bounds: Bounds, suggested: tuple[Suggested, ...], editor: Editor
) -> None:
    """Offer `currency` within `bounds` with these suggested amounts, which take the place of those before."""
    row = session.get(CurrencyOffered, currency, with_for_update=True)
    if row is None:
        last = session.scalar(select(func.max(CurrencyOffered.position)))
        row = CurrencyOffered(currency=currency, position=0 if last is None else last + 1)
        session.add(row)
    row.smallest_minor, row.largest_minor = bounds.smallest_minor, bounds.largest_minor
    row.fee_fixed_minor = bounds.fee_fixed_minor
    session.execute(delete(SuggestedAmount).where(SuggestedAmount.currency == currency))
    for each in suggested:
        for position, amount in enumerate(each.amounts):
            is_first = position == each.preselected
            session.add(
                SuggestedAmount(
                    interval=each.interval, currency=currency, amount_minor=amount, preselected=is_first
                )
            )  # fmt: skip
    audit.record(session, editor.person_id, "currency offered", currency, _told(suggested), editor.now)


def keep_offering(session: Session, own: str, usual: Bounds) -> None:
    """Write down that the newsroom's own currency is offered, before another joins it."""
    if session.scalar(select(func.count()).select_from(CurrencyOffered)) == 0:
        session.add(
            CurrencyOffered(
                currency=own, position=0, smallest_minor=usual.smallest_minor,
                largest_minor=usual.largest_minor, fee_fixed_minor=usual.fee_fixed_minor,
            )
        )  # fmt: skip
        session.flush()


def drop_currency(session: Session, currency: str, editor: Editor) -> None:
    """Offer `currency` no more; what is pledged in it goes on. Raises `NoSuchCurrency`, `LastCurrency`."""
    rows = session.scalars(select(CurrencyOffered).with_for_update()).all()
    row = next((each for each in rows if each.currency == currency), None)
    if row is None:
        raise NoSuchCurrency
    if len(rows) == 1:
        raise LastCurrency
    session.delete(row)
    audit.record(session, editor.person_id, "currency withdrawn", currency, "", editor.now)


def save_tier(
    session: Session, tier_id: int | None, name: str, benefits: str, prices: Mapping[str, Price], editor: Editor
) -> Tier:
    """Write a tier down, new or changed; it has a price in the currencies of `prices` alone. Raises `NoSuchTier`."""
    tier = _tier(session, tier_id) if tier_id else _new_tier(session)
    tier.name, tier.benefits = name, benefits
    session.flush()
    session.execute(delete(TierPrice).where(TierPrice.tier_id == tier.id))
    for currency, price in prices.items():
        session.add(
            TierPrice(
                tier_id=tier.id, currency=currency, monthly_minor=price.monthly_minor, yearly_minor=price.yearly_minor
            )
        )
    said = ", ".join(f"{currency} {price.monthly_minor}/{price.yearly_minor}" for currency, price in prices.items())
    audit.record(session, editor.person_id, "tier changed", name, said, editor.now)
    return tier


def move_tier(session: Session, tier_id: int, up: bool, editor: Editor) -> None:
    """Put a tier before or after its neighbour. Raises `NoSuchTier`."""
    every = session.scalars(select(Tier).order_by(Tier.position, Tier.id).with_for_update()).all()
    tier = next((each for each in every if each.id == tier_id), None)
    if tier is None:
        raise NoSuchTier
    order.number(order.moved(every, tier, -1 if up else 1))
    audit.record(session, editor.person_id, "tier moved", f"tier {tier_id}", "up" if up else "down", editor.now)


def remove_tier(session: Session, tier_id: int, editor: Editor) -> None:
    """Remove a tier; nobody's pledge changes.

    Raises `NoSuchTier`, `TierInUse` while a code is good for it alone, and `TierNamedElsewhere` if another room names
    it, which only the database knows here.
    """
    tier = _tier(session, tier_id)
    made_for_it = CodeOffer.tier_id == tier.id
    if session.scalar(select(CodeOffer.id).where(made_for_it, CodeOffer.withdrawn_at.is_(None)).limit(1)) is not None:
        raise TierInUse
    session.execute(update(CodeOffer).where(made_for_it).values(tier_id=None))  # they are good for nothing any more
    session.execute(delete(TierPrice).where(TierPrice.tier_id == tier.id))
    session.delete(tier)
    try:
        session.flush()
    except IntegrityError:
        raise TierNamedElsewhere from None
    audit.record(session, editor.person_id, "tier removed", tier.name, "", editor.now)


def prices_of(session: Session, tier_id: int) -> dict[str, Price]:
    """Return the prices of a tier by currency."""
    rows = session.scalars(select(TierPrice).where(TierPrice.tier_id == tier_id))
    return {row.currency: Price(row.monthly_minor, row.yearly_minor) for row in rows}


def tiers(session: Session) -> list[Tier]:
    """Return all tiers in their order."""
    return list(session.scalars(select(Tier).order_by(Tier.position, Tier.id)))


def _new_tier(session: Session) -> Tier:
    last = session.scalar(select(func.max(Tier.position)))
    tier = Tier(name="", benefits="", position=0 if last is None else last + 1)
    session.add(tier)
    return tier


def _tier(session: Session, tier_id: int) -> Tier:
    tier = session.get(Tier, tier_id, with_for_update=True)
    if tier is None:
        raise NoSuchTier
    return tier


def _told(suggested: tuple[Suggested, ...]) -> str:
    return "; ".join(f"{each.interval}: {', '.join(map(str, each.amounts))}" for each in suggested if each.amounts)
