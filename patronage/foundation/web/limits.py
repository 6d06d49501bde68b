"""How often something may be done: counters in our own database, so that they hold across processes.

Limits fail open: when the counters cannot be written the request goes on, since a locked counter must not stop a gift.
"""

import hmac
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from flask import Flask, current_app, request
from flask_babel import lazy_gettext as _l
from limits import parse
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy import case, delete, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, mapped_column

from patronage.foundation.database import Base, UTCDateTime
from patronage.foundation.logs import log
from patronage.foundation.refused import Refused, Why
from patronage.foundation.web.house import settings

if TYPE_CHECKING:
    from patronage.foundation.tools import Tools


KEPT = timedelta(hours=1)


class TooOften(Refused):
    """Somebody did something more often than is allowed."""

    why = Why.TOO_OFTEN
    reason = _l("That was tried too often from here. Please wait a while and try again; nothing was charged.")


class LimitCount(Base):
    """How often the thing named `key` was done until `ends_at`."""

    __tablename__ = "limit_count"

    key: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class SqlStorage(Storage):
    """Counts fixed windows in the table `limit_count`; one atomic statement a hit."""

    STORAGE_SCHEME = ["patronage-sql"]  # noqa: RUF012 - the library reads it from the class

    def __init__(self, uri: str | None = None, *, tools: "Tools", **options: object) -> None:
        super().__init__(uri, **options)  # type: ignore[arg-type]  # passed through as given
        self._tools = tools

    @property
    def base_exceptions(self) -> type[Exception]:
        """What the library may swallow when storage fails."""
        return Exception

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count `amount` more for `key`, in a window of `expiry` seconds from its first hit; return the count."""
        now = self._tools.clock.now()
        ends_at = now + timedelta(seconds=expiry)
        insert = sqlite_insert if self._tools.database.is_sqlite else postgresql_insert
        fresh = insert(LimitCount).values(key=key, count=amount, ends_at=ends_at)
        over = LimitCount.ends_at <= now
        statement = fresh.on_conflict_do_update(
            index_elements=[LimitCount.key],
            set_={
                "count": case((over, amount), else_=LimitCount.count + amount),
                "ends_at": case((over, ends_at), else_=LimitCount.ends_at),
            },
        ).returning(LimitCount.count)
        with self._tools.database.transaction() as session:
            return session.execute(statement).scalar_one()

    def get(self, key: str) -> int:
        """Return the count of `key` in its current window."""
        now = self._tools.clock.now()
        with self._tools.database.reading() as session:
            found = session.scalar(select(LimitCount.count).where(LimitCount.key == key, LimitCount.ends_at > now))
        return found or 0

    def get_expiry(self, key: str) -> float:
        """Return when the current window of `key` ends, in unix seconds."""
        with self._tools.database.reading() as session:
            ends_at = session.scalar(select(LimitCount.ends_at).where(LimitCount.key == key))
        return (ends_at or self._tools.clock.now()).timestamp()

    def check(self) -> bool:
        """Tell that the storage can be used; the database's own health is told at /readyz."""
        return True

    def reset(self) -> int | None:
        """Forget all counts."""
        with self._tools.database.transaction() as session:
            return len(session.scalars(delete(LimitCount).returning(LimitCount.key)).all())

    def clear(self, key: str) -> None:
        """Forget the count of `key`."""
        with self._tools.database.transaction() as session:
            session.execute(delete(LimitCount).where(LimitCount.key == key))


def forget_past(tools: "Tools") -> bool:
    """Delete counts whose window ended an hour ago and more; one of the worker's turns. Tell whether there were any."""
    past = LimitCount.ends_at < tools.clock.now() - KEPT
    with tools.database.reading() as session:
        if session.scalar(select(LimitCount.key).where(past).limit(1)) is None:
            return False
    with tools.database.transaction() as session:
        session.execute(delete(LimitCount).where(past))
    return True


def network() -> str:
    """Return the asking network: the address for IPv4, the /56 for IPv6, as one home has many of those."""
    try:
        asking = ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if asking.version == 6 and asking.ipv4_mapped:  # what a socket for both kinds makes of IPv4
        asking = asking.ipv4_mapped
    if asking.version == 4:
        return str(asking)
    return str(ip_network((asking, 56), strict=False))


def count_requests(app: Flask, tools: "Tools") -> None:
    """Give `app` its limiter; views ask it through `allow`."""
    app.extensions["patronage-limiter"] = FixedWindowRateLimiter(SqlStorage(tools=tools))


def allow(rule: str, *who: str) -> None:
    """Count one more of `who` against `rule` ("10 per hour"); raises `TooOften` above it.

    Who it was is stored only as a keyed hash, so the table tells nobody who visited.
    """
    limiter: FixedWindowRateLimiter = current_app.extensions["patronage-limiter"]
    secret = settings().secret_key.get_secret_value().encode()
    key = hmac.new(secret, "|".join(who).encode(), "sha256").hexdigest()
    try:
        allowed = limiter.hit(parse(rule), key)
    except Exception as error:  # noqa: BLE001 - whatever fails here, the limit fails open, as the module promises
        log().error("limits cannot be counted", error=str(error)[:300])
        return
    if not allowed:
        raise TooOften
