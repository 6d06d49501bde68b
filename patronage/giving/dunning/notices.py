"""Notices before a charge: to whom one is owed, and whether what was said before still holds.

A monthly pledge is announced before its first renewal only, a week ahead, as the first charge after a trial is. A
yearly one is announced each time, thirty days ahead: card schemes ask for 7 to 30 days, several laws for 15 to 45 or
25 to 40 (https://docs.stripe.com/billing/revenue-recovery/customer-emails, California BPC 17602, Colorado 6-1-732).
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from patronage.giving.dunning import telling
from patronage.giving.dunning.models import ChargeNotice
from patronage.giving.models import Interval, Pledge, PledgeKind, PledgePayment
from patronage.giving.standing import Policy

BEFORE_A_MONTH, BEFORE_A_YEAR = timedelta(days=7), timedelta(days=30)


def owed(session: Session, now: datetime, after: int, most: int) -> list[int]:
    """Return the ids (above `after`) of up to `most` pledges that are charged soon and of which that was not said."""
    said = exists().where(
        ChargeNotice.pledge_id == Pledge.id,
        ChargeNotice.charge_at == Pledge.next_charge_at,
        ChargeNotice.pledged_minor >= Pledge.amount_minor + Pledge.fee_cover_minor,
    )
    found = select(Pledge.id).where(_is_near(now), _runs(), ~said, Pledge.id > after).order_by(Pledge.id)
    return list(session.scalars(found.limit(most)))


def give(session: Session, pledge: Pledge, amount_minor: int, policy: Policy, now: datetime) -> bool:
    """Write the notice for the next charge of `pledge`, whose row is locked; tell whether a letter was owed.

    `amount_minor` is what will be charged. What was said before holds as long as the charge comes no earlier and is
    no larger; nothing is said of a charge of nothing.
    """
    if not session.scalar(select(exists().where(Pledge.id == pledge.id, _is_near(now), _runs()))):
        return False
    assert pledge.next_charge_at  # noqa: S101 - it is near
    pledged = pledge.amount_minor + pledge.fee_cover_minor
    notice = session.scalar(
        select(ChargeNotice)
        .where(ChargeNotice.pledge_id == pledge.id, ChargeNotice.charge_at > now)
        .order_by(ChargeNotice.id.desc())
        .limit(1)
    )
    holds = notice and pledge.next_charge_at >= notice.charge_at and amount_minor <= notice.amount_minor
    if notice is None:
        notice = ChargeNotice(pledge_id=pledge.id, currency=pledge.currency)
        session.add(notice)
    notice.charge_at, notice.pledged_minor, notice.written_at = pledge.next_charge_at, pledged, now
    if holds:
        return False
    notice.amount_minor = amount_minor
    session.flush()
    if amount_minor > 0:
        telling.tell_of_charge(session, pledge, notice, policy, now)
    return amount_minor > 0


def _is_near(now: datetime) -> ColumnElement[bool]:
    payments = select(func.count()).where(PledgePayment.pledge_id == Pledge.id).scalar_subquery()
    monthly = and_(Pledge.interval == Interval.MONTH, Pledge.next_charge_at <= now + BEFORE_A_MONTH, payments <= 1)
    yearly = and_(Pledge.interval == Interval.YEAR, Pledge.next_charge_at <= now + BEFORE_A_YEAR)
    return and_(Pledge.next_charge_at > now, or_(monthly, yearly))


def _runs() -> ColumnElement[bool]:
    return and_(
        Pledge.kind == PledgeKind.PAID,
        Pledge.stripe_subscription_id.is_not(None),
        Pledge.ended_at.is_(None),
        Pledge.ends_at.is_(None),
        Pledge.paused_at.is_(None),
        Pledge.past_due_at.is_(None),
    )
