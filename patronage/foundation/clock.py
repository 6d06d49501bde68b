"""The only place where the time is read; everything else is handed a `now`."""

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from sqlalchemy import func, select
from sqlalchemy.orm import Session


class Clock(Protocol):
    """What tells the time, always as an aware datetime in UTC."""

    def now(self) -> datetime:
        """Return this process's time."""

    def at(self, session: Session) -> datetime:
        """Return the time of the database behind `session`, which all machines share."""


class SystemClock:
    """The machine's own time, moved by nothing."""

    def now(self) -> datetime:
        """Return the machine's time in UTC."""
        return datetime.now(UTC) + self.offset()

    def at(self, session: Session) -> datetime:
        """Return the database's time: PostgreSQL is asked, SQLite lives on this machine's clock."""
        if session.get_bind().dialect.name != "postgresql":
            return self.now()
        moment: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
        return moment.astimezone(UTC) + self.offset()

    def offset(self) -> timedelta:
        """Return how far this clock stands from the machine's."""
        return timedelta(0)


class FollowingClock(SystemClock):
    """Follows the sandbox's clock, whose offset in seconds stands in a small file.

    Only the demo and tests use it, so that a month passes at the press of a key for Stripe's stand-in and for us.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, timedelta] = (-1, timedelta(0))

    def offset(self) -> timedelta:
        """Return the offset last written to the file; nothing moves while there is no file."""
        try:
            changed = os.stat(self._path).st_mtime_ns  # noqa: PTH116 - read at every tick, Path.stat is twice as slow
        except FileNotFoundError:
            return timedelta(0)
        if changed != self._seen[0]:
            self._seen = (changed, timedelta(seconds=float(self._path.read_text() or 0)))
        return self._seen[1]


class FrozenClock:
    """A clock that stands still until it is told to move; for tests."""

    def __init__(self, now: datetime) -> None:
        self._now = now.astimezone(UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the moment at which the clock stands."""
        return self._now

    def at(self, session: Session) -> datetime:  # noqa: ARG002 - the frozen time is everybody's time
        """Return the moment at which the clock stands, for the database as well."""
        return self._now

    def advance(self, **span: float) -> datetime:
        """Move the clock by `timedelta(**span)` and return where it stands."""
        with self._lock:
            self._now += timedelta(**span)
        return self._now
