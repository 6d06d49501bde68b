"""The months of the books: when one begins, which are closed, and where a fact is booked whose own month is."""

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from patronage.books.models import ClosedMonth, LedgerEntry
from patronage.foundation.refused import Refused, Why

MONTH = re.compile(r"([12][0-9]{3})-(0[1-9]|1[0-2])")  # no other year has books, and Python knows none after 9999
BOOKING = 0x626F6F6B  # "book": the advisory lock under which entries find their month, and months are closed


class NotAMonth(Refused):
    """What was given is no month."""

    reason = _l("Write the month as year and month, for example 2026-11.")


class MonthNotOver(Refused):
    """The month is still running, or to come."""

    why = Why.CONFLICT
    reason = _l("This month is not over yet. It can be closed once it is.")


class EarlierMonthOpen(Refused):
    """A month before it is open: months are closed one after the other."""

    why = Why.CONFLICT
    reason = _l("An earlier month is still open. Close the months one after the other.")


class ClosedAlready(Refused):
    """The month was closed before."""

    why = Why.CONFLICT
    reason = _l("This month is closed already.")


def month_of(at: datetime, zone: ZoneInfo) -> str:
    """Return the month ("2026-11") in which `at` falls in `zone`."""
    return at.astimezone(zone).strftime("%Y-%m")


def begin_of(month: str, zone: ZoneInfo) -> datetime:
    """Return the first moment (UTC) of `month` ("2026-11") in `zone`. Raises `NotAMonth`."""
    found = MONTH.fullmatch(month)
    if found is None:
        raise NotAMonth
    return datetime(int(found[1]), int(found[2]), 1, tzinfo=zone).astimezone(UTC)


def next_after(month: str) -> str:
    """Return the month after `month`: "2027-01" for "2026-12". Raises `NotAMonth`."""
    found = MONTH.fullmatch(month)
    if found is None:
        raise NotAMonth
    year, number = int(found[1]), int(found[2])
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"


def closed_until(session: Session) -> datetime | None:
    """Return the first moment that is not in a closed month, or None while none is closed."""
    return session.scalar(select(func.max(ClosedMonth.ends_at)))


def open_from(session: Session, happened_at: datetime) -> datetime:
    """Return when to book what happened at `happened_at`: then, or as the first open month begins if that is later.

    No month can be closed between this and the end of the transaction.
    """
    _lock(session, shared=True)
    closed = closed_until(session)
    return happened_at if closed is None or closed <= happened_at else closed


def close(
    session: Session, month: str, zone: ZoneInfo, figures: dict[str, Any], by: int | None, now: datetime
) -> ClosedMonth:
    """Lock `month`: what is told of it later is booked in the first open month. `figures` are kept as they are now.

    Raises `NotAMonth`, `MonthNotOver`, `EarlierMonthOpen`, `ClosedAlready`.
    """
    ends_at = begin_of(next_after(month), zone) if MONTH.fullmatch(month) else begin_of(month, zone)
    _lock(session, shared=False)
    if ends_at > now:
        raise MonthNotOver
    last = session.scalar(select(func.max(ClosedMonth.month)))
    if last is not None and month <= last:
        raise ClosedAlready
    if _is_before_open(session, month, last, zone):
        raise EarlierMonthOpen
    closed = ClosedMonth(month=month, ends_at=ends_at, closed_at=now, closed_by=by, figures=figures)
    session.add(closed)
    session.flush()
    return closed


def _is_before_open(session: Session, month: str, last: str | None, zone: ZoneInfo) -> bool:
    """Tell whether a month before `month` is open: after the `last` closed one, or with the first entry in it."""
    if last is not None:
        return month != next_after(last)
    first = session.scalar(select(func.min(LedgerEntry.booked_at)))
    return first is not None and month_of(first, zone) < month


def _lock(session: Session, *, shared: bool) -> None:
    """Let no month be closed while entries are written, and the other way round; SQLite's writers are serial anyway."""
    if session.get_bind().dialect.name != "postgresql":
        return
    take = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
    session.execute(select(take(BOOKING)))
