"""Work that must not be lost: rows taken with a lease, tried again with growing gaps, shown when dead."""

from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Select, inspect, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from patronage.foundation.database import Database, UTCDateTime

LEASE = timedelta(minutes=2)
TRIES = 12
GAPS = [timedelta(seconds=s) for s in (5, 30, 120, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600)]

Leased = TypeVar("Leased", bound="LeasedRow")


class LeasedRow:
    """The columns of a row of work. It is due at `due_at`; while `leased_until` is ahead, another worker has it."""

    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    leased_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    dead_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_error: Mapped[str | None]

    @classmethod
    def in_turn(cls) -> tuple[Any, ...]:
        """Return what says which row is taken first."""
        return (cls.due_at,)


def take(session: Session, kind: type[Leased], now: datetime, most: int = 1) -> list[Leased]:
    """Lease up to `most` due rows of `kind`, oldest first; no two workers get the same one.

    What was taken twelve times and never closed has killed its worker each time: it is given up, not leased.
    """
    rows = list(session.scalars(_due(kind, now).limit(most).with_for_update(skip_locked=True)))
    for row in rows:
        if row.attempts >= TRIES:
            row.dead_at, row.leased_until, row.last_error = now, None, "no worker ever came to the end of it"
            continue
        row.leased_until = now + LEASE
        row.attempts += 1
    return [row for row in rows if row.dead_at is None]


def held(session: Session, taken: Leased) -> Leased | None:
    """Return the row of `taken`, locked, or None when its lease ran out and somebody has taken or changed it since.

    A worker that was slow must not undo what another has done in the meantime.
    """
    row = session.get_one(type(taken), inspect(taken).identity, with_for_update=True)
    is_ours = (row.attempts, row.leased_until) == (taken.attempts, taken.leased_until)
    return row if is_ours and row.done_at is None and row.dead_at is None else None


def waiting(database: Database, kind: type[LeasedRow], now: datetime) -> bool:
    """Tell whether a row of `kind` could be taken, without asking for a writer's turn."""
    with database.reading() as session:
        return session.scalar(_due(kind, now).limit(1)) is not None


def _due(kind: Any, now: datetime) -> Select[Any]:
    return (
        select(kind)
        .where(kind.done_at.is_(None), kind.dead_at.is_(None), kind.due_at <= now)
        .where(or_(kind.leased_until.is_(None), kind.leased_until < now))
        .order_by(*kind.in_turn(), kind.id)
    )


def finish(row: LeasedRow, now: datetime) -> None:
    """Write down that the work of `row` is done."""
    row.done_at, row.leased_until, row.last_error = now, None, None


def fail(row: LeasedRow, error: BaseException, now: datetime) -> None:
    """Write down why it went wrong; it is due again after a growing gap, and dead after twelve tries."""
    row.last_error = f"{type(error).__name__}: {error}"[:500]
    row.leased_until = None
    row.due_at = now + GAPS[min(row.attempts, len(GAPS)) - 1]
    if row.attempts >= TRIES:
        row.dead_at = now
