"""How a patron stops, at the end of what is paid, and goes on again: what is written down once Stripe has said yes."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.foundation import outbox
from patronage.foundation.refused import Refused, Why
from patronage.giving.models import Interval, Pledge, PledgeState
from patronage.giving.standing import Policy, decide
from patronage.giving.subscriptions import take_over
from patronage.people.models import Person

MANAGE = "/account"


class NotYourPledge(Refused):
    """There is no such pledge, or it is somebody else's; which of these, nobody is told."""

    why = Why.NOT_FOUND
    reason = _l("You have no pledge with this reference.")


class OverAlready(Refused):
    """The pledge has ended, so that there is nothing to stop or to resume."""

    why = Why.TOO_LATE
    reason = _l("This pledge is over already: nothing more is charged.")


def own(session: Session, person_id: int, reference: str) -> Pledge:
    """Return the regular pledge `reference` of `person_id`. Raises `NotYourPledge`, and `OverAlready` after its end."""
    pledge = session.scalar(select(Pledge).where(Pledge.reference == reference, Pledge.person_id == person_id))
    if pledge is None or pledge.interval == Interval.ONCE or pledge.stripe_subscription_id is None:
        raise NotYourPledge
    if pledge.state == PledgeState.ENDED:
        raise OverAlready
    return pledge


def stopped(
    session: Session, noted: Pledge, subscription: dict[str, Any], why: str, policy: Policy, now: datetime
) -> None:
    """Write down that the pledge `noted` ends with its period, from the `subscription` Stripe answered with."""
    pledge = _followed(session, noted, subscription, policy, now)
    pledge.why_stopped = why.strip() or None
    _tell(session, "giving/pledge_ending", pledge, noted.version, policy, now)


def resumed(session: Session, noted: Pledge, subscription: dict[str, Any], policy: Policy, now: datetime) -> None:
    """Write down that the pledge `noted` goes on, from the `subscription` Stripe answered with."""
    pledge = _followed(session, noted, subscription, policy, now)
    pledge.why_stopped = None
    _tell(session, "giving/pledge_resumed", pledge, noted.version, policy, now)


def _followed(session: Session, noted: Pledge, subscription: dict[str, Any], policy: Policy, now: datetime) -> Pledge:
    pledge = session.get_one(Pledge, noted.id, with_for_update=True)
    take_over(pledge, subscription, now)
    decide(pledge, policy.grace)
    return pledge


def _tell(session: Session, kind: str, pledge: Pledge, version: int, policy: Policy, now: datetime) -> None:
    """Write the letter that confirms it: one for each version, however often the button is pressed."""
    person = session.get_one(Person, pledge.person_id)
    until = pledge.ends_at or pledge.paid_until
    data = {
        "pledge_reference": pledge.reference,
        "amount_minor": pledge.amount_minor + pledge.fee_cover_minor,
        "currency": pledge.currency,
        "interval": str(pledge.interval),
        "until_on": until.astimezone(policy.zone).date().isoformat() if until else None,
        "manage_path": MANAGE,
    }
    once = f"{kind}:{pledge.reference}:{version}"
    outbox.write(session, kind, person.email, data, now, recipient_id=person.id, language=person.language, once=once)
