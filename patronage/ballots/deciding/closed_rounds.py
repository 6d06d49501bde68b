"""Closed rounds with the latest version of their results, in one query."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from patronage.ballots.frozen import Frozen, read
from patronage.ballots.models import Round, RoundResult


def found(session: Session, *those: Any, order: tuple[Any, ...], most: int) -> list[tuple[Round, Frozen]]:
    """Return up to `most` closed rounds of which `those` conditions hold, in `order`; a round that is open has none."""
    every = aliased(RoundResult)
    latest = select(func.max(every.version)).where(every.round_id == Round.id).scalar_subquery()
    query = select(Round, RoundResult).join(RoundResult, RoundResult.round_id == Round.id)
    query = query.where(Round.closed_at.is_not(None), RoundResult.version == latest, *those)
    return [(round_, read(row)) for round_, row in session.execute(query.order_by(*order).limit(most))]
