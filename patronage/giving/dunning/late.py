"""Who is late, why and until when they stay patrons; and whose card expires before the next charge. For staff."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, or_, select, union_all
from sqlalchemy.orm import Session

from patronage.giving.dunning import reasons
from patronage.giving.dunning.lateness import Final, final_of
from patronage.giving.dunning.models import CardOnFile
from patronage.giving.models import Interval, Pledge, PledgeState
from patronage.people.models import Person

PAGE = 50


@dataclass(frozen=True)
class LatePledge:
    """A pledge whose payment failed; amounts in minor units, moments in UTC. `reason` is in words."""

    pledge_id: int
    email: str
    name: str | None
    reference: str
    amount_minor: int
    currency: str
    interval: Interval
    since: datetime | None
    reason: Any
    tries: int
    next_try_at: datetime | None
    patron_until: datetime | None
    final: Final | None


@dataclass(frozen=True)
class LapsingCard:
    """A card whose last month is over before the next charge."""

    pledge_id: int
    email: str
    name: str | None
    amount_minor: int
    currency: str
    interval: Interval
    brand: str
    last4: str
    expires_at: datetime
    next_charge_at: datetime
    was_told: bool

    @property
    def year(self) -> int:
        """The year of the last month in which the card is good."""
        return (self.expires_at - timedelta(days=1)).year

    @property
    def month(self) -> int:
        """That month."""
        return (self.expires_at - timedelta(days=1)).month


def page_of(session: Session, before: int | None) -> list[LatePledge]:
    """Return up to 51 late pledges older than `before`, newest pledge first, in one query."""
    query = (
        select(Pledge, Person)
        .join(Person, Person.id == Pledge.person_id)
        .where(Pledge.id.in_(_late_ids(before)))
        .order_by(Pledge.id.desc())
        .limit(PAGE + 1)
    )
    return [_late(pledge, person) for pledge, person in session.execute(query)]


def lapsing(session: Session, after: tuple[datetime, int] | None) -> list[LapsingCard]:
    """Return up to 51 cards that expire before they are charged next, the first to expire first, in one query."""
    query = (
        select(CardOnFile, Pledge, Person)
        .join(Pledge, Pledge.id == CardOnFile.pledge_id)
        .join(Person, Person.id == Pledge.person_id)
        .where(CardOnFile.lapses_at.is_not(None))
        .order_by(CardOnFile.lapses_at, CardOnFile.pledge_id)
        .limit(PAGE + 1)
    )
    if after is not None:
        at, pledge_id = after
        later = and_(CardOnFile.lapses_at == at, CardOnFile.pledge_id > pledge_id)
        query = query.where(CardOnFile.lapses_at >= at, or_(CardOnFile.lapses_at > at, later))
    return [_lapsing(card, pledge, person) for card, pledge, person in session.execute(query)]


def _late_ids(before: int | None) -> Select[int]:
    """Return the query for the newest late pledges of each kind, a page of both: either is read along its index."""
    rests_unpaid = and_(Pledge.state == PledgeState.PAUSED, Pledge.failure_code.is_not(None))
    kinds = []
    for is_late in (Pledge.state == PledgeState.PAST_DUE, rests_unpaid):
        query = select(Pledge.id).where(is_late)
        older = query if before is None else query.where(Pledge.id < before)
        newest = older.order_by(Pledge.state.desc(), Pledge.id.desc()).limit(PAGE + 1)
        kinds.append(select(newest.subquery().c.id))
    return select(union_all(*kinds).subquery().c.id)


def _late(pledge: Pledge, person: Person) -> LatePledge:
    return LatePledge(
        pledge_id=pledge.id,
        email=person.email,
        name=person.name,
        reference=pledge.reference,
        amount_minor=pledge.amount_minor + pledge.fee_cover_minor,
        currency=pledge.currency,
        interval=pledge.interval,
        since=pledge.past_due_at or pledge.paused_at,
        reason=reasons.of(pledge.failure_code).short,
        tries=pledge.tries,
        next_try_at=pledge.next_try_at,
        patron_until=pledge.patron_until,
        final=final_of(pledge),
    )


def _lapsing(card: CardOnFile, pledge: Pledge, person: Person) -> LapsingCard:
    assert pledge.next_charge_at  # noqa: S101 - the query asks for it
    return LapsingCard(
        pledge_id=pledge.id,
        email=person.email,
        name=person.name,
        amount_minor=pledge.amount_minor + pledge.fee_cover_minor,
        currency=pledge.currency,
        interval=pledge.interval,
        brand=card.brand,
        last4=card.last4,
        expires_at=card.expires_at,
        next_charge_at=pledge.next_charge_at,
        was_told=card.told_at is not None,
    )
