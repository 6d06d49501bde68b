"""What stands in the way of opening a round, each with the field of its draft where it can be mended."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.ballots.models import Round, RoundTopic, RoundWeight, Topic
from patronage.ballots.refusals import (
    BudgetTooSmall,
    CostsMissing,
    CutOffTooLate,
    LevelWithoutPrice,
    OverBeforeItOpens,
    TooFewTopics,
    WeightsFall,
)
from patronage.foundation.refused import Refused
from patronage.giving.memberships.models import TierPrice
from patronage.giving.models import Tier


@dataclass(frozen=True)
class Obstacle:
    """Why a draft cannot be opened yet, and the id of the field (or section) on its page where to mend it."""

    refusal: Refused
    field: str


def standing(session: Session, round_: Round, now: datetime) -> list[Obstacle]:
    """Return all that stands in the way of opening `round_` now."""
    query = select(Topic).join(RoundTopic, RoundTopic.topic_id == Topic.id).where(RoundTopic.round_id == round_.id)
    topics = session.scalars(query.order_by(RoundTopic.position)).all()
    return [*_of_dates(round_, now), *_of_topics(round_, topics), *_of_levels(session, round_)]


def _of_topics(round_: Round, topics: Sequence[Topic]) -> Iterator[Obstacle]:
    if len(topics) < 2 or len(topics) <= round_.places:
        yield Obstacle(TooFewTopics(), "topics")
    if round_.budget_days is None:
        return
    missing = [topic.title for topic in topics if topic.reporter_days is None]
    if missing:
        yield Obstacle(CostsMissing(missing), "topics")
    elif topics and min(topic.reporter_days or 0 for topic in topics) > round_.budget_days:
        yield Obstacle(BudgetTooSmall(), "budget_days")


def _of_dates(round_: Round, now: datetime) -> Iterator[Obstacle]:
    if round_.closes_at <= now:
        yield Obstacle(OverBeforeItOpens(), "closes")
    if round_.cut_off and round_.cut_off > round_.opens_at:
        yield Obstacle(CutOffTooLate(), "cut_off")


def _of_levels(session: Session, round_: Round) -> Iterator[Obstacle]:
    priced = select(TierPrice.tier_id).where(TierPrice.tier_id == round_.least_tier_id).limit(1)
    if round_.least_tier_id is not None and session.scalar(priced) is None:
        yield Obstacle(LevelWithoutPrice(), "least_tier")
    query = select(RoundWeight.weight).join(Tier, Tier.id == RoundWeight.tier_id)
    weights = list(session.scalars(query.where(RoundWeight.round_id == round_.id).order_by(Tier.position, Tier.id)))
    if weights != sorted(weights):
        yield Obstacle(WeightsFall(), "weights")
