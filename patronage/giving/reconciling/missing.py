"""What we have and Stripe did not show: looked for in a second walk, then asked for one by one."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from patronage.foundation.tools import Tools
from patronage.giving.reconciling import lists
from patronage.giving.reconciling.compared import Difference
from patronage.giving.reconciling.kinds import KINDS, Ours
from patronage.giving.reconciling.models import Walk

AT_ONCE = 500
MOST_ASKED = 200  # one by one; where more are missing, the key is that of another account


def newest(session: Session, ours: Ours) -> int:
    """Return the id of the newest of our rows."""
    return session.scalar(select(func.max(ours.table.id))) or 0


def how_many(session: Session, ours: Ours, upto: int, since: datetime | None) -> int:
    """Return how many of our rows up to one Stripe should have shown."""
    return session.scalar(select(func.count()).select_from(_rows(ours, upto, since).subquery())) or 0


def is_complete(tools: Tools, kind: str, walk: Walk, since: datetime | None) -> bool:
    """Tell whether Stripe has shown all that we have of a kind, by counting alone."""
    ours = KINDS[kind].ours
    if ours is None or (since and ours.happened is None):
        return True
    with tools.database.reading() as session:
        return how_many(session, ours, walk.upto, since) <= walk.met


def missing(tools: Tools, kind: str, walk: Walk, since: datetime | None) -> Iterator[Difference]:
    """Yield what we have and Stripe has not. Eight bytes are kept for each thing at Stripe. Raises `GatewayUnknown`."""
    ours, asked = KINDS[kind].ours, 0
    if ours is None:
        return
    shown = _shown(tools, kind, since)
    for row_id, number in _ours(tools, ours, walk.upto, since):
        if _is_in(shown, hash(number)):
            continue
        asked += 1
        if asked > MOST_ASKED:
            yield Difference(number, f"{kind}: Stripe knows hundreds of ours not; is the key that of this account?")
            return
        if lists.one_of(tools.payments, KINDS[kind], number) is None:
            name = f"{ours.table.__tablename__} {row_id}"
            yield Difference(number, f"{name} is {number} at Stripe, and Stripe knows no such thing")


def _shown(tools: Tools, kind: str, since: datetime | None) -> "array[int]":
    shown, after, has_more = array("q"), None, True
    while has_more:
        page, has_more = lists.page_of(tools.payments, KINDS[kind], after, since)
        shown.extend(hash(each["id"]) for each in page)
        after = page[-1]["id"] if page else after
        has_more = has_more and bool(page)
    return array("q", sorted(shown))


def _is_in(shown: "array[int]", value: int) -> bool:
    place = bisect_left(shown, value)
    return place < len(shown) and shown[place] == value


def _ours(tools: Tools, ours: Ours, upto: int, since: datetime | None) -> Iterator[tuple[int, str]]:
    last = 0
    while True:
        with tools.database.reading() as session:
            rows = session.execute(_rows(ours, upto, since, last).order_by(ours.table.id).limit(AT_ONCE)).all()
        for row_id, number in rows:
            last = row_id
            yield row_id, number
        if len(rows) < AT_ONCE:
            return


def _rows(ours: Ours, upto: int, since: datetime | None, after: int = 0) -> Select[int, str]:
    rows = select(ours.table.id, ours.number).where(ours.number.is_not(None), ours.table.id <= upto)
    rows = rows.where(ours.table.id > after)
    return rows.where(ours.happened >= since) if since and ours.happened is not None else rows
