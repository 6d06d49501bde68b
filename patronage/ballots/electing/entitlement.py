"""What somebody is to a round: whether they may vote, what their ballot weighs, and the bands they are counted in.

The rules stand here once, as columns of SQL: of one voter who casts, and of a whole electorate that is drawn up.
"""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    SQLColumnExpression,
    and_,
    bindparam,
    case,
    exists,
    func,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session, aliased

from patronage.ballots.models import Electorate, Policy, Round, RoundWeight
from patronage.ballots.refusals import (
    BelowLeastTier,
    ListNotDrawnUp,
    NotEntitled,
    NotGrantedByName,
    NotOnTheList,
    TooShortAPatron,
)
from patronage.foundation.database import UTCDateTime
from patronage.giving import standing
from patronage.giving.memberships.models import Present, TierPrice
from patronage.giving.models import Interval, Pledge, PledgeKind, Tier
from patronage.people.models import Person

NAMED_BAND = "complimentary"
NO_TIER_BAND = "no tier"
TENURES = ((90, "under 3 months"), (365, "3 to 12 months"), (1096, "1 to 3 years"))
LONGEST_TENURE = "over 3 years"
NO_PATRON, BY_NAME_ALONE, BELOW = "no patron", "by name alone", "below the least tier"
OTHERWISE = {NO_PATRON: NotEntitled, BY_NAME_ALONE: NotGrantedByName, BELOW: BelowLeastTier}


@dataclass(frozen=True)
class Facts:
    """Columns that say what is known of a person: as expressions over tables, or over a query that holds them.

    `paid` tells whether anything but a complimentary membership makes them a patron; `first` is when they first were.
    """

    is_patron: SQLColumnExpression[Any]
    paid: SQLColumnExpression[Any]
    first: SQLColumnExpression[Any]
    tier_name: SQLColumnExpression[Any]
    tier_position: SQLColumnExpression[Any]
    least_position: SQLColumnExpression[Any]
    granted: SQLColumnExpression[Any]
    lang: SQLColumnExpression[Any]

    @property
    def named(self) -> ColumnElement[bool]:
        """Whether they have a vote by name alone: somebody gave them the membership."""
        return and_(self.is_patron, ~self.paid)


def moments(moment: datetime, settled_before: datetime | None = None) -> dict[str, datetime]:
    """Return the parameters of all these queries for how things stand at `moment`.

    Without `settled_before` a payment counts as soon as it has settled, by whichever machine's clock.
    """
    tenures = {f"days_{days}": moment - timedelta(days=days) for days, _name in TENURES}
    return {"moment": moment, "settled_before": settled_before or moment + timedelta(days=1), **tenures}


def joined() -> tuple[Select[Any], Facts]:
    """Return a query without columns over Round, Person, their row of Electorate, and the facts it can be asked for.

    To be narrowed by `Round.id` and `Person.id`; its parameters are those of `moments`.
    """
    tier, least = aliased(Tier), aliased(Tier)
    query = select().select_from(Round).join(Person, true())
    query = query.outerjoin(Electorate, and_(Electorate.round_id == Round.id, Electorate.person_id == Person.id))
    query = query.outerjoin(tier, tier.id == _highest_tier()).outerjoin(least, least.id == Round.least_tier_id)
    query = query.outerjoin(RoundWeight, and_(RoundWeight.round_id == Round.id, RoundWeight.tier_id == tier.id))
    facts = Facts(
        is_patron=_stands(), paid=_stands(Pledge.kind != PledgeKind.COMPLIMENTARY), first=_first_settled(),
        tier_name=tier.name, tier_position=tier.position, least_position=least.position,
        granted=func.coalesce(RoundWeight.weight, 1), lang=Person.language,
    )  # fmt: skip
    return query, facts


def verdict(facts: Facts, admits_named: SQLColumnExpression[bool]) -> ColumnElement[Any]:
    """Return why somebody may not vote, as a key of `OTHERWISE`, or NULL; how long they must have given comes apart."""
    below = and_(
        facts.least_position.is_not(None),
        or_(facts.tier_position.is_(None), facts.tier_position < facts.least_position),
    )
    return case(
        (~facts.is_patron, NO_PATRON),
        (and_(~facts.paid, ~admits_named), BY_NAME_ALONE),
        (and_(facts.paid, below), BELOW),
        else_=null(),
    )


def counted_as(facts: Facts) -> dict[str, SQLColumnExpression[Any]]:
    """Return what stands in the electorate of somebody: `weight`, `tier_band`, `tenure_band`, `lang`, `named`."""
    tenure = case(*((facts.first > bindparam(f"days_{days}", type_=UTCDateTime), name) for days, name in TENURES))
    return {
        "weight": facts.granted,
        "tier_band": case((facts.named, NAMED_BAND), else_=func.coalesce(facts.tier_name, NO_TIER_BAND)),
        "tenure_band": func.coalesce(tenure, LONGEST_TENURE),
        "lang": facts.lang,
        "named": facts.named,
    }


def why_not(row: Any, now: datetime) -> NotEntitled | None:
    """Return why the person of `row` may not vote in its round now, or None. `row` is one of `judged`."""
    if row.policy == Policy.FROZEN:
        if row.electorate_size is None:
            return ListNotDrawnUp()
        return NotOnTheList() if row.listed is None else None
    if row.verdict is not None:
        return OTHERWISE[row.verdict]()
    if row.least_days and not row.named and row.first > now - timedelta(days=row.least_days):
        return TooShortAPatron(row.least_days)
    return None


def known(query: Select[Any], facts: Facts, *more: Any) -> CTE:
    """Return `query`, narrowed from `joined`, with what is known of each person in a round, and `more` columns.

    The rules are asked of its columns, so each fact is looked up once, whatever stands on it.
    """
    query = query.add_columns(
        Round.policy, Round.electorate_size, Round.least_days, Round.admits_named, Electorate.weight.label("listed"),
        Person.id.label("person_id"), *(getattr(facts, each.name).label(each.name) for each in fields(Facts)), *more,
    )  # fmt: skip
    return query.cte("known")


def held(found: CTE) -> Facts:
    """Return the facts that are columns of `found`."""
    return Facts(**{each.name: found.c[each.name] for each in fields(Facts)})


def judged(found: CTE, *more: str) -> Select[Any]:
    """Return the rows of `found` as `why_not` reads them: with the verdict, `counted_as`, and columns called `more`."""
    facts = held(found)
    names = ("policy", "electorate_size", "least_days", "listed", "person_id", "first", *more)
    counted: list[Any] = [column.label(name) for name, column in counted_as(facts).items()]
    return select(*(found.c[name] for name in names), verdict(facts, found.c.admits_named).label("verdict"), *counted)


def of_one(session: Session, round_id: int, person_id: int, now: datetime) -> NotEntitled | None:
    """Return why `person_id` may not vote in the round at `now`, or None if they may."""
    row = session.execute(_OF_ONE, {"round": round_id, "person": person_id, **moments(now)}).one_or_none()
    return NotEntitled() if row is None else why_not(row, now)


def _of_one() -> Select[Any]:
    query, facts = joined()
    return judged(known(query.where(Round.id == bindparam("round"), Person.id == bindparam("person")), facts))


def _standing_pledge() -> tuple[ColumnElement[bool], ...]:
    moment = bindparam("moment", type_=UTCDateTime)
    settled_in_time = Pledge.settled_at < bindparam("settled_before", type_=UTCDateTime)
    return Pledge.person_id == Person.id, settled_in_time, *standing.stands(moment)  # type: ignore[arg-type]  # it comes later


def _stands(*also: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(*_standing_pledge(), *also)


def _first_settled() -> ColumnElement[Any]:
    """When the first payment settled that made them a patron and was not given back."""
    made_one = (Pledge.person_id == Person.id, Pledge.settled_at.is_not(None), Pledge.patron_until.is_not(None))
    return select(func.min(Pledge.settled_at)).where(*made_one).scalar_subquery()


def _highest_tier() -> ColumnElement[Any]:
    """The tier somebody is on: by what they give a month or a year, or the one that stood on their present."""
    price = case((Pledge.interval == Interval.YEAR, TierPrice.yearly_minor), else_=TierPrice.monthly_minor)
    present = select(Present.tier_name).where(Present.membership_id == Pledge.id).correlate(Pledge)
    reached = or_(
        and_(Pledge.interval != Interval.ONCE, Pledge.amount_minor >= price),
        and_(Pledge.kind == PledgeKind.PRESENT, Tier.name.in_(present)),
    )
    query = select(Tier.id).join(TierPrice, TierPrice.tier_id == Tier.id)
    query = query.join(Pledge, Pledge.currency == TierPrice.currency).where(*_standing_pledge(), reached)
    return query.order_by(Tier.position.desc(), Tier.id.desc()).limit(1).correlate(Person).scalar_subquery()


_OF_ONE = _of_one()
