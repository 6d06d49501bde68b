"""What the desk shows first: what needs somebody, how many patrons there are, what comes in a month."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from patronage.ballots.models import Round, Topic, TopicState
from patronage.foundation.jobs import Job
from patronage.foundation.outbox import Letter
from patronage.giving.models import Interval, Outcome, Pledge, PledgeState, StripeEvent
from patronage.giving.reconciling import walking
from patronage.giving.reconciling.models import Reconciliation
from patronage.giving.returning import reading
from patronage.giving.returning.reading import Needs
from patronage.giving.standing import how_many_patrons

RUNNING = (PledgeState.ACTIVE, PledgeState.PAST_DUE)


@dataclass(frozen=True)
class Overview:
    """Counts for the desk. `monthly` is [(currency, minor units)]: what running pledges bring a month, gifts alone."""

    patrons: int
    past_due: int
    monthly: list[tuple[str, int]]
    suggestions: int
    stories_owed: int
    gone_wrong: int
    money: Needs
    open_rounds: list[Round]
    compared: Reconciliation | None  # the last comparison with Stripe


def overview(session: Session, now: datetime) -> Overview:
    """Gather the desk's first page in six queries."""
    return Overview(
        patrons=how_many_patrons(session, now),
        monthly=monthly_income(session),
        compared=walking.latest(session),
        **_topics(session),
        **_counts(session),
        money=reading.needs(session),
        open_rounds=list(
            session.scalars(
                select(Round).where(Round.opened_at.is_not(None), Round.closed_at.is_(None)).order_by(Round.closes_at)
            )
        ),
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


def _topics(session: Session) -> dict[str, int]:
    counts = select(Topic.state, func.count()).group_by(Topic.state)
    by_state: dict[TopicState, int] = {state: number for state, number in session.execute(counts)}  # noqa: C416 - a row is no pair to dict()
    owed = by_state.get(TopicState.CHOSEN, 0) + by_state.get(TopicState.ASSIGNED, 0)
    return {"suggestions": by_state.get(TopicState.SUGGESTED, 0), "stories_owed": owed}


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
