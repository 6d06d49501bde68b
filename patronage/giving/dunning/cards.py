"""The card behind a pledge, as far as Stripe tells of it: whose it is, and when its last month is over."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.giving.dunning.models import CardOnFile
from patronage.giving.gateway import Answer
from patronage.giving.intake.told import inside
from patronage.giving.models import Pledge, PledgeState

TOLD_BEFORE = timedelta(days=31)  # a month before a card expires its owner is told, once


def take_over(session: Session, pledge: Pledge, subscription: Answer) -> None:
    """Write down the card in `subscription`, if it was fetched with its payment method; a bank account has none."""
    own = subscription["default_payment_method"]
    method = own or inside(subscription, "customer", "invoice_settings", "default_payment_method")
    if not isinstance(method, dict):
        return
    known, card = session.get(CardOnFile, pledge.id), inside(method, "card")
    if card is None:
        if known:
            session.delete(known)
        return
    if known is None:
        known = CardOnFile(pledge_id=pledge.id)
        session.add(known)
    expires_at = end_of_month(card["exp_year"], card["exp_month"])
    if known.payment_method_id != method["id"] or known.expires_at != expires_at:
        known.told_at = None
    known.payment_method_id, known.expires_at = method["id"], expires_at
    known.brand, known.last4 = card["brand"], card["last4"]


def note_lapse(session: Session, pledge: Pledge) -> None:
    """Mark the card of `pledge` if a charge is to come after it expires; every change of either is followed by this."""
    card = session.get(CardOnFile, pledge.id)
    if card:
        charged_at = pledge.next_charge_at if pledge.state == PledgeState.ACTIVE else None
        card.lapses_at = card.expires_at if charged_at and charged_at >= card.expires_at else None


def end_of_month(year: int, month: int) -> datetime:
    """Return when a month is over, UTC."""
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def expiring(session: Session, now: datetime, after: int, most: int) -> list[int]:
    """Return the ids (above `after`) of up to `most` pledges whose card expires within a month, unless they know."""
    found = (
        select(CardOnFile.pledge_id)
        .join(Pledge, Pledge.id == CardOnFile.pledge_id)
        .where(CardOnFile.expires_at > now, CardOnFile.expires_at <= now + TOLD_BEFORE, CardOnFile.told_at.is_(None))
        .where(Pledge.state == PledgeState.ACTIVE, Pledge.next_charge_at.is_not(None), CardOnFile.pledge_id > after)
        .order_by(CardOnFile.pledge_id)
    )
    return list(session.scalars(found.limit(most)))
