"""The list of those who give, for whoever keeps the money: one page at a time, newest pledge first."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from patronage.giving.models import Interval, Pledge, PledgeKind, PledgeState
from patronage.people.models import Person

PAGE = 50
COUNTED = 10_000


@dataclass(frozen=True)
class Line:
    """One pledge with its giver; amounts in minor units, times in UTC."""

    pledge_id: int
    email: str
    name: str | None
    kind: PledgeKind
    interval: Interval
    amount_minor: int
    currency: str
    state: PledgeState
    since: datetime
    source: str | None


def page_of(session: Session, before: int | None, state: PledgeState | None, words: str) -> list[Line]:
    """Return up to 51 pledges older than `before`, so that one sees whether there are more.

    `words` finds addresses and names that begin with it; offers nobody paid are only listed when asked for.
    """
    query = (
        select(Pledge, Person).join(Person, Person.id == Pledge.person_id).order_by(Pledge.id.desc()).limit(PAGE + 1)
    )
    query = query.where(Pledge.state == state if state else Pledge.state != PledgeState.OFFERED)
    if before is not None:
        query = query.where(Pledge.id < before)
    if words:
        start = words.strip().lower()
        query = query.where(
            or_(
                Person.email_key.startswith(start, autoescape=True),
                func.lower(Person.name).startswith(start, autoescape=True),
            )
        )
    return [_line(pledge, person) for pledge, person in session.execute(query)]


def _line(pledge: Pledge, person: Person) -> Line:
    return Line(
        pledge_id=pledge.id,
        email=person.email,
        name=person.name,
        kind=pledge.kind,
        interval=pledge.interval,
        amount_minor=pledge.amount_minor,
        currency=pledge.currency,
        state=pledge.state,
        since=pledge.settled_at or pledge.offered_at,
        source=pledge.source,
    )


def counted(session: Session) -> str:
    """Return how many pledges were ever paid, as text; above 10,000 only "10,000+", since counting on tells little."""
    some = select(Pledge.id).where(Pledge.settled_at.is_not(None)).limit(COUNTED + 1).subquery()
    number = session.scalar(select(func.count()).select_from(some)) or 0
    return f"{COUNTED:,}+" if number > COUNTED else f"{number:,}"
