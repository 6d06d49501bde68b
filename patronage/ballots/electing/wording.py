"""What a round's pages say of its rules in words: names of levels, weights, who was counted in."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.ballots.models import Round, RoundWeight
from patronage.giving.models import Tier


@dataclass(frozen=True)
class Rules:
    """What of a round's rules stands in other tables: the least level, and (level, weight) from the lowest up."""

    least_tier: str | None = None
    weights: tuple[tuple[str, int], ...] = ()


def rules(session: Session, round_: Round) -> Rules:
    """Return the rules of `round_`; a plain round costs no question."""
    least = session.get(Tier, round_.least_tier_id) if round_.least_tier_id else None
    if not round_.weighted:
        return Rules(least.name if least else None)
    query = select(Tier.name, RoundWeight.weight).join(RoundWeight, RoundWeight.tier_id == Tier.id)
    query = query.where(RoundWeight.round_id == round_.id).order_by(Tier.position, Tier.id)
    weights = tuple((row.name, row.weight) for row in session.execute(query))
    return Rules(least.name if least else None, weights)
