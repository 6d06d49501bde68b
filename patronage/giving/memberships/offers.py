"""Offers by code: what a code is good for, whether it still is, and each use counted under the lock of its row."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from patronage.foundation.refused import Refused, Why
from patronage.giving.memberships.models import CodeOffer, OfferUse, TierPrice
from patronage.giving.memberships.pricing import Editor
from patronage.giving.models import Checkout, Interval, Pledge, Tier
from patronage.giving.pledging import PAGE_LIVES
from patronage.people import audit

CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{2,29}")
LATE = timedelta(minutes=15)  # after its page has expired, what came of it has long been told
HUNDRED = Decimal(100)


class NoSuchCode(Refused):
    """There is no such code, or not any more; which of these, nobody is told."""

    reason = _l("This code is not valid, or not any more.")


class CodeUsedUp(Refused):
    """The code was used as often as it may be."""

    why = Why.CONFLICT
    reason = _l("This code was used as often as it may be.")


class CodeTaken(Refused):
    """Another offer has this code."""

    reason = _l("There is an offer with this code already. Codes are not used again.")


class NoSuchOffer(Refused):
    """There is no offer with this number."""

    why = Why.NOT_FOUND
    reason = _l("There is no such offer.")


@dataclass(frozen=True)
class Reduction:
    """What a code does to a pledge of `interval` in `currency`, as pages say it and Stripe is asked for it.

    `months` is how long (of a yearly pledge, the first year). `least_minor` is from how much on it holds, `tier_name`
    the tier that makes that so.
    """

    offer_id: int
    code: str
    interval: Interval
    currency: str
    months: int
    percent_off: int | None = None
    amount_off_minor: int | None = None
    is_trial: bool = False
    least_minor: int = 0
    tier_name: str = ""

    def applies(self, interval: str, gift_minor: int) -> bool:
        """Tell whether a gift of this size and period gets it."""
        return interval == self.interval and gift_minor >= self.least_minor

    def first(self, total_minor: int) -> int:
        """Return what is charged at first instead of `total_minor`, rounded as Stripe rounds a discount: half up."""
        if self.is_trial:
            return 0
        if self.percent_off is None:
            return max(total_minor - (self.amount_off_minor or 0), 0)
        off = (total_minor * Decimal(self.percent_off) / HUNDRED).quantize(Decimal(1), ROUND_HALF_UP)
        return total_minor - int(off)


@dataclass(frozen=True)
class Terms:
    """What an administrator makes of a code; shapes as in `CodeOffer`."""

    code: str
    interval: Interval
    months: int
    percent_off: int | None = None
    amount_off_minor: int | None = None
    currency: str | None = None
    is_trial: bool = False
    tier_id: int | None = None
    valid_until: datetime | None = None
    most_uses: int | None = None


def make(session: Session, terms: Terms, editor: Editor) -> CodeOffer:
    """Write an offer down, with the key under which Stripe will be asked for its coupon. Raises `CodeTaken`."""
    if session.scalar(select(CodeOffer.id).where(CodeOffer.code == terms.code)) is not None:
        raise CodeTaken
    offer = CodeOffer(
        **vars(terms), idempotency_key=f"coupon-{secrets.token_hex(16)}", made_at=editor.now, made_by=editor.person_id
    )
    session.add(offer)
    session.flush()
    audit.record(session, editor.person_id, "offer made", terms.code, _told(terms), editor.now)
    return offer


def withdraw(session: Session, offer_id: int, editor: Editor) -> None:
    """Let a code be good for nothing from now on; pledges that began with it keep what they have."""
    offer = session.get(CodeOffer, offer_id, with_for_update=True)
    if offer is None:
        raise NoSuchOffer
    if offer.withdrawn_at is None:
        offer.withdrawn_at = editor.now
        audit.record(session, editor.person_id, "offer withdrawn", offer.code, "", editor.now)


def reduction(session: Session, typed: str, currency: str, now: datetime) -> Reduction:
    """Return what the code somebody typed does in `currency`. Raises `NoSuchCode`, `CodeUsedUp`."""
    code = typed.strip().upper()
    offer = session.scalar(select(CodeOffer).where(CodeOffer.code == code)) if CODE.fullmatch(code) else None
    if offer is None or not _is_open(offer, now) or offer.currency not in {None, currency}:
        raise NoSuchCode
    if offer.most_uses is not None and uses(session, offer.id, now) >= offer.most_uses:
        raise CodeUsedUp
    least, tier_name = _least(session, offer, currency)
    return Reduction(
        offer.id, code, offer.interval, currency, offer.months, offer.percent_off, offer.amount_off_minor,
        offer.is_trial, least, tier_name,
    )  # fmt: skip


def currency_of(session: Session, typed: str) -> str | None:
    """Return the currency a code is bound to, or None."""
    return session.scalar(select(CodeOffer.currency).where(CodeOffer.code == typed.strip().upper()))


def take(session: Session, found: Reduction, pledge: Pledge, now: datetime) -> None:
    """Count that `pledge` begins with the code; done again for the same pledge, nothing changes.

    The offer's row is locked, so that two cannot both be the last. Raises `NoSuchCode`, `CodeUsedUp`.
    """
    offer = session.get_one(CodeOffer, found.offer_id, with_for_update=True)
    if session.get(OfferUse, pledge.id) is not None:
        return
    if not _is_open(offer, now):
        raise NoSuchCode
    if offer.most_uses is not None and uses(session, offer.id, now) >= offer.most_uses:
        raise CodeUsedUp
    session.add(OfferUse(pledge_id=pledge.id, offer_id=offer.id, taken_at=now))
    session.flush()


def uses(session: Session, offer_id: int, now: datetime) -> int:
    """Return how many pledges count against an offer: those that began, and those that may still be paid."""
    count = select(func.count()).select_from(OfferUse).join(Pledge, Pledge.id == OfferUse.pledge_id)
    return session.scalar(count.where(OfferUse.offer_id == offer_id, _counts(now))) or 0


def _counts(now: datetime) -> ColumnElement[bool]:
    is_open = and_(Checkout.closed_at.is_(None), Checkout.asked_at > now - PAGE_LIVES - LATE)
    came = or_(is_open, Checkout.outcome.in_(("paid", "unpaid")))
    has_begun = or_(Pledge.settled_at.is_not(None), Pledge.free_until.is_not(None))
    return or_(has_begun, exists().where(Checkout.pledge_id == Pledge.id, came))


def every(session: Session, now: datetime) -> list[tuple[CodeOffer, str | None, int]]:
    """Return all offers, newest first, each with the name of its tier and how often it was used."""
    used = (
        select(OfferUse.offer_id, func.count().label("times"))
        .join(Pledge, Pledge.id == OfferUse.pledge_id)
        .where(_counts(now))
        .group_by(OfferUse.offer_id)
        .subquery()
    )
    rows = session.execute(
        select(CodeOffer, Tier.name, used.c.times)
        .outerjoin(Tier, Tier.id == CodeOffer.tier_id)
        .outerjoin(used, used.c.offer_id == CodeOffer.id)
        .order_by(CodeOffer.id.desc())
        .limit(200)
    )
    return [(offer, name, times or 0) for offer, name, times in rows]


def _is_open(offer: CodeOffer, now: datetime) -> bool:
    return offer.withdrawn_at is None and (offer.valid_until is None or offer.valid_until > now)


def _least(session: Session, offer: CodeOffer, currency: str) -> tuple[int, str]:
    """Return from how much on the code holds, and for which tier. Raises `NoSuchCode` without a price in `currency`."""
    if offer.tier_id is None:
        return 0, ""
    row = session.execute(
        select(TierPrice, Tier.name)
        .join(Tier, Tier.id == TierPrice.tier_id)
        .where(TierPrice.tier_id == offer.tier_id, TierPrice.currency == currency)
    ).first()
    if row is None:
        raise NoSuchCode
    price, name = row
    return (price.yearly_minor if offer.interval == Interval.YEAR else price.monthly_minor), name


def _told(terms: Terms) -> str:
    what = f"{terms.percent_off} %" if terms.percent_off else f"{terms.amount_off_minor} {terms.currency}"
    return f"{'trial' if terms.is_trial else what}, {terms.months} months, {terms.interval}"
