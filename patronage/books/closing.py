"""Closing a month: what should be settled before, and the figures as they are frozen then."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from patronage.books import month_view, months
from patronage.books.disputes import CLOSED
from patronage.books.models import ClosedMonth, Dispute, Payout
from patronage.books.month_sheet import Span
from patronage.foundation.refused import Refused, Why
from patronage.people import audit


class NotSettled(Refused):
    """Something of the month is not settled, and nobody said that it may stay so."""

    why = Why.CONFLICT
    reason = _l("Not everything of this month is settled. Settle it first, or tick that the month is to be closed so.")


@dataclass(frozen=True)
class Point:
    """A line of the list to go through before closing: what it says, and where to look if it is not settled."""

    text: Any
    is_settled: bool
    href: str = ""


Look = Callable[[Session, Span], Point]


def points(session: Session, span: Span, looks: list[Look]) -> list[Point]:
    """Return what should be settled before the month of `span` is closed; `looks` are those of other rooms."""
    return [_payouts(session, span), _disputes(session, span), *(look(session, span) for look in looks)]


def close(
    session: Session, month: str, zone: ZoneInfo, looks: list[Look], *, nevertheless: bool, by: int, now: datetime
) -> ClosedMonth:
    """Lock `month`, with its figures as they are at this moment.

    Raises what `months.close` does, and `NotSettled` unless everything is settled or it is to be closed `nevertheless`.
    """
    closed = months.close(session, month, zone, {}, by, now)  # nothing is booked between this and the end
    sheet = month_view.added_up(session, month, zone)
    left = [point for point in points(session, sheet.span, looks) if not point.is_settled]
    if left and not nevertheless:
        raise NotSettled
    closed.figures = month_view.frozen(sheet)
    audit.record(session, by, "month closed", month, f"{len(left)} points not settled" if left else "", now)
    return closed


def _payouts(session: Session, span: Span) -> Point:
    open_ = or_(Payout.matched_at.is_(None), Payout.difference_minor != 0)
    made = select(func.count()).select_from(Payout).where(*_in(Payout.made_at, span))
    left = session.scalar(made.where(open_, Payout.status.not_in(("failed", "canceled")))) or 0
    if not left:
        return Point(_l("All payouts of the month are explained to the cent."), True)
    said = ngettext("%(num)s payout is not explained yet.", "%(num)s payouts are not explained yet.", left)
    return Point(said, False, "/desk/books/payouts?open=1")


def _disputes(session: Session, span: Span) -> Point:
    under_way = select(func.count()).select_from(Dispute)
    left = session.scalar(under_way.where(Dispute.opened_at < span.ends, Dispute.status.not_in(CLOSED))) or 0
    if not left:
        return Point(_l("No dispute is open."), True)
    said = ngettext(
        "%(num)s dispute is open. What it brings will count in a later month.",
        "%(num)s disputes are open. What they bring will count in a later month.",
        left,
    )
    return Point(said, False, "/desk/books/disputes")


def _in(moment: Any, span: Span) -> tuple[Any, ...]:
    return (moment >= span.begins, moment < span.ends) if span.begins else (moment < span.ends,)
