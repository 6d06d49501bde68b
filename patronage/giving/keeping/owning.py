"""Whose pledge it is, and whether anything can be done with it yet."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from patronage.foundation.refused import Refused, Why
from patronage.giving.models import Interval, Pledge, PledgeState


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
    pledge = _found(session, Pledge.reference == reference, Pledge.person_id == person_id)
    if pledge.state == PledgeState.ENDED:
        raise OverAlready
    return pledge


def by_reference(session: Session, reference: str) -> Pledge:
    """Return the regular pledge `reference`, over or not, for who holds its signed address. Raises `NotYourPledge`."""
    return _found(session, Pledge.reference == reference)


def _found(session: Session, *conditions: ColumnElement[bool]) -> Pledge:
    pledge = session.scalar(select(Pledge).where(*conditions))
    if pledge is None or pledge.interval == Interval.ONCE or pledge.stripe_subscription_id is None:
        raise NotYourPledge
    return pledge
