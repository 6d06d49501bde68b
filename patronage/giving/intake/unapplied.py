"""Events of Stripe that are not applied: what a bookkeeper should know of before a month is closed."""

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from patronage.books.closing import Point
from patronage.books.month_sheet import Span
from patronage.giving.models import Outcome, StripeEvent


def look(session: Session, span: Span) -> Point:
    """Say whether all that Stripe told until the end of `span` is in the books."""
    waits = and_(StripeEvent.applied_at.is_(None), StripeEvent.received_at < span.ends)
    was_given_up = and_(
        StripeEvent.outcome == Outcome.FAILED,
        StripeEvent.received_at >= span.begins,
        StripeEvent.received_at < span.ends,
    )
    counts = (select(func.count()).where(which).scalar_subquery() for which in (waits, was_given_up))
    left = sum(session.execute(select(*counts)).one())  # each from its own index: there are millions of events
    if not left:
        return Point(_l("All that Stripe told is applied."), True)
    return Point(
        ngettext("%(num)s event of Stripe is not applied.", "%(num)s events of Stripe are not applied.", left), False
    )
