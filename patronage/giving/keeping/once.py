"""“I meant once”: a pledge given by mistake becomes a single gift, within two weeks of its first payment."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.books.models import Payment
from patronage.foundation.refused import Refused, Why
from patronage.giving.keeping.deeds import Wish
from patronage.giving.keeping.models import DeedKind
from patronage.giving.models import Interval, Pledge, PledgeKind, PledgePayment, PledgeState
from patronage.giving.standing import MEANT_ONCE, MEANT_ONCE_WITHIN


class NotOnceAnyMore(Refused):
    """The two weeks are over, or the pledge was paid more than once, or given back."""

    why = Why.TOO_LATE
    reason = _l("This pledge cannot be turned into a single gift any more. You can stop it at any time.")


def is_open(pledge: Pledge, now: datetime) -> bool:
    """Tell whether the two weeks run in which a pledge may turn out to be a single gift; payments are not counted."""
    is_regular = pledge.interval != Interval.ONCE and pledge.kind == PledgeKind.PAID
    if not is_regular or pledge.settled_at is None or pledge.state == PledgeState.ENDED:
        return False
    return now < pledge.settled_at + MEANT_ONCE_WITHIN


def only_payment(session: Session, pledge: Pledge, now: datetime) -> Payment | None:
    """Return the one payment of a pledge that can still be a single gift, or None."""
    if not is_open(pledge, now):
        return None
    mine = select(Payment).join(PledgePayment, PledgePayment.payment_id == Payment.id)
    paid = list(session.scalars(mine.where(PledgePayment.pledge_id == pledge.id).limit(2)))
    if len(paid) != 1 or paid[0].refunded_minor or paid[0].disputed:
        return None
    return paid[0]


def wish(session: Session, pledge: Pledge, give_back: bool, now: datetime) -> Wish:
    """Return the wish that `pledge` be a single gift, its money kept or given back. Raises `NotOnceAnyMore`."""
    payment = only_payment(session, pledge, now)
    if payment is None:
        raise NotOnceAnyMore
    return Wish(DeedKind.MEANT_ONCE, {"give_back": payment.charge_id if give_back else None}, once=True)


def was_once(pledge: Pledge) -> bool:
    """Tell whether a pledge ended because a single gift was meant."""
    return pledge.ended_at is not None and pledge.ended_because == MEANT_ONCE
