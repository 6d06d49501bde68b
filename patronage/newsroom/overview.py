"""What the desk shows first: what needs somebody, how many patrons there are, what comes in a month."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from patronage.ballots.models import Round, TurnoutHour
from patronage.ballots.results import Actor, visible_results
from patronage.foundation.charts import Chart, columns
from patronage.foundation.jobs import Job
from patronage.foundation.outbox import Letter
from patronage.giving.models import Interval, Outcome, Pledge, PledgeState, StripeEvent
from patronage.giving.reconciling import walking
from patronage.giving.reconciling.models import Reconciliation
from patronage.giving.returning import reading
from patronage.giving.returning.reading import Needs
from patronage.giving.standing import how_many_patrons
from patronage.newsroom import waiting
from patronage.newsroom.navigation import EDITORS, MONEY
from patronage.newsroom.waiting import Waiting

HOURS_SHOWN = 48
RUNNING = (PledgeState.ACTIVE, PledgeState.PAST_DUE)


@dataclass(frozen=True)
class OpenRound:
    """A round that is open, its `turnout` now rounded down to tens, and at the end of each hour so far."""

    round: Round
    turnout: int
    hours: list[TurnoutHour]

    @property
    def chart(self) -> Chart | None:
        """The turnout of the last two days, hour by hour; None until there is something to see."""
        seen = self.hours[-HOURS_SHOWN:]
        if len(seen) < 2 or not self.turnout:
            return None
        return columns(["" for _ in seen], [hour.turnout for hour in seen])


@dataclass(frozen=True)
class Overview:
    """Counts for the desk. `monthly` is [(currency, minor units)]: what running pledges bring a month, gifts alone."""

    patrons: int
    past_due: int
    monthly: list[tuple[str, int]]
    gone_wrong: int
    money: Needs | None  # None for those who keep no money
    voting: Waiting | None  # None for those who do not edit
    open_rounds: list[OpenRound]
    compared: Reconciliation | None  # the last comparison with Stripe


def overview(session: Session, now: datetime, reader: Actor) -> Overview:
    """Gather the desk's first page in seven queries at most, and one more for each open round."""
    edits, keeps_money = bool(EDITORS & reader.roles), bool(MONEY & reader.roles)
    return Overview(
        patrons=how_many_patrons(session, now),
        monthly=monthly_income(session),
        compared=walking.latest(session) if keeps_money else None,
        **_counts(session),
        money=reading.needs(session) if keeps_money else None,
        voting=waiting.of_editors(session, now) if edits else None,
        open_rounds=open_rounds(session, reader) if edits else [],
    )


def monthly_income(session: Session) -> list[tuple[str, int]]:
    """Return what running pledges bring a month, by currency; a yearly pledge counts a twelfth, rounded down."""
    totals = (
        select(Pledge.currency, Pledge.interval, func.sum(Pledge.amount_minor))
        .where(Pledge.state.in_(RUNNING), Pledge.interval != Interval.ONCE)
        .group_by(Pledge.currency, Pledge.interval)
    )
    monthly: dict[str, int] = {}
    for currency, interval, total in session.execute(totals):
        share = int(total) if interval == Interval.MONTH else int(total) // 12
        monthly[currency] = monthly.get(currency, 0) + share
    return sorted(monthly.items())


def open_rounds(session: Session, reader: Actor) -> list[OpenRound]:
    """Return the rounds that are open with their turnout, now and at each hour, as far as `reader` may see it."""
    query = select(Round, TurnoutHour).outerjoin(TurnoutHour, TurnoutHour.round_id == Round.id)
    query = query.where(Round.opened_at.is_not(None), Round.closed_at.is_(None))
    hours: dict[int, OpenRound] = {}
    for round_, hour in session.execute(query.order_by(Round.closes_at, Round.id, TurnoutHour.hour)):
        if round_.id not in hours:
            hours[round_.id] = OpenRound(round_, visible_results(session, round_, reader).turnout or 0, [])
        if hour is not None:
            hours[round_.id].hours.append(hour)
    return list(hours.values())


def _counts(session: Session) -> dict[str, int]:
    """Count late payments, and what was given up: jobs, letters, events."""
    late, *dead = session.execute(
        select(
            select(func.count()).where(Pledge.state == PledgeState.PAST_DUE).scalar_subquery(),
            select(func.count()).where(Job.dead_at.is_not(None)).scalar_subquery(),
            select(func.count()).where(Letter.dead_at.is_not(None)).scalar_subquery(),
            select(func.count()).where(StripeEvent.outcome == Outcome.FAILED).scalar_subquery(),
        )
    ).one()
    return {"past_due": late, "gone_wrong": sum(dead)}
