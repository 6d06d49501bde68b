"""Which stories brought patrons: counted from the story each gift was begun at; never who gave."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, UnaryExpression, case, func, select
from sqlalchemy.orm import Session

from patronage.ballots.models import Topic
from patronage.books.models import Payment
from patronage.giving.models import Interval, Pledge, PledgePayment

REGULAR = case((Pledge.interval != Interval.ONCE, 1))
ONCE = case((Pledge.interval == Interval.ONCE, 1))


@dataclass(frozen=True)
class Story:
    """What was begun at one story: `patrons` give regularly, `gifts` were single ones; both have settled.

    `income` is [(currency, minor units)], what was paid by them so far less what was given back; `topic` is the title
    of the topic of a vote the story came of, if it did.
    """

    source: str
    patrons: int
    gifts: int
    latest: datetime
    income: list[tuple[str, int]] = field(default_factory=list)
    topic: str | None = None


ORDERS: dict[str, tuple[UnaryExpression[Any], ...]] = {
    "patrons": (func.count(REGULAR).desc(), func.count(ONCE).desc()),
    "gifts": (func.count(ONCE).desc(), func.count(REGULAR).desc()),
    "latest": (func.max(Pledge.settled_at).desc(),),
}


def counted(session: Session, since: datetime | None, by: str, most: int, after: int = 0) -> list[Story]:
    """Return up to `most` stories beyond the first `after`, ordered `by` one of ORDERS, of gifts begun since then."""
    query: Select[str | None, int, int, datetime | None] = select(
        Pledge.source, func.count(REGULAR), func.count(ONCE), func.max(Pledge.settled_at)
    )
    query = query.where(*_begun(since)).group_by(Pledge.source)
    rows = session.execute(query.order_by(*ORDERS[by], Pledge.source).limit(most).offset(after)).all()
    sources = [source for source, _patrons, _gifts, _latest in rows if source]
    income, topics = _income(session, sources, since), _topics(session, sources)
    return [
        Story(source, patrons, gifts, latest, income.get(source, []), topics.get(source))
        for source, patrons, gifts, latest in rows
        if source and latest
    ]


def _begun(since: datetime | None) -> list[ColumnElement[bool]]:
    begun = [Pledge.source.is_not(None), Pledge.source != "", Pledge.settled_at.is_not(None)]
    return begun if since is None else [*begun, Pledge.settled_at >= since]


def _income(session: Session, sources: Sequence[str], since: datetime | None) -> dict[str, list[tuple[str, int]]]:
    net = func.sum(Payment.amount_minor - Payment.refunded_minor)
    query = select(Pledge.source, Payment.currency, net).join(PledgePayment, PledgePayment.pledge_id == Pledge.id)
    query = query.join(Payment, Payment.id == PledgePayment.payment_id).where(*_begun(since))
    query = query.where(Pledge.source.in_(sources)).group_by(Pledge.source, Payment.currency)
    found: dict[str, list[tuple[str, int]]] = {}
    for source, currency, minor in session.execute(query.order_by(Pledge.source, Payment.currency)):
        found.setdefault(source or "", []).append((currency, int(minor)))
    return found


def _topics(session: Session, sources: Sequence[str]) -> dict[str, str]:
    rows = session.execute(select(Topic.story_url, Topic.title).where(Topic.story_url.in_(sources)))
    return {url: title for url, title in rows if url}
