"""Makes the figures anew from the moves, and proves that both agree; finds pledges no move was ever noted for."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.orm import Session

from patronage.giving.figures import moves
from patronage.giving.figures.models import CountedPledge, Figure, PledgeMove
from patronage.giving.models import Pledge

AT_ONCE = 500
KEYS = (PledgeMove.month, PledgeMove.currency, PledgeMove.kind, PledgeMove.cohort)
CHECKS: dict[str, str] = {
    "a month's figures are not the sum of its moves": """
        SELECT month FROM (
            SELECT month, currency, kind, cohort, moves, pledges, twelfths FROM figure
            UNION ALL
            SELECT month, currency, kind, cohort, -count(*), -sum(pledges), -sum(twelfths)
            FROM pledge_move GROUP BY month, currency, kind, cohort
        ) AS both_sides GROUP BY month, currency, kind, cohort
        HAVING sum(moves) <> 0 OR sum(pledges) <> 0 OR sum(twelfths) <> 0""",
    "a pledge counts for something else than its moves say": """
        SELECT c.pledge_id FROM counted_pledge c WHERE c.twelfths <> (
            SELECT coalesce(sum(twelfths), 0) FROM pledge_move m WHERE m.pledge_id = c.pledge_id)""",
    "a pledge counts for something else than it brings": """
        SELECT p.id FROM pledge p LEFT JOIN counted_pledge c ON c.pledge_id = p.id
        WHERE coalesce(c.twelfths, 0) <> CASE
            WHEN p.kind = 'paid' AND p.state IN ('active', 'past due')
            THEN (p.amount_minor + p.fee_cover_minor)
                * CASE p.interval WHEN 'month' THEN 12 WHEN 'year' THEN 1 ELSE 0 END
            ELSE 0 END""",
}


def note_missing(session: Session, zone: ZoneInfo, now: datetime, after: int = 0) -> int | None:
    """Note the moves of up to 500 pledges beyond the id `after` that count for something else than they bring.

    Return the id to go on after, or None at the end. What was lost before anything was noted is not invented.
    """
    ids = list(session.scalars(select(Pledge.id).where(Pledge.id > after).order_by(Pledge.id).limit(AT_ONCE)))
    for pledge in session.scalars(select(Pledge).where(Pledge.id.in_(ids)).order_by(Pledge.id).with_for_update()):
        moves.note(session, pledge, zone, now)
    return ids[-1] if len(ids) == AT_ONCE else None


def rebuild(session: Session) -> int:
    """Throw the monthly figures away and add them up from the moves again; return how many there are."""
    session.execute(delete(Figure))
    session.execute(insert(Figure).from_select([*_names(), "moves", "pledges", "twelfths"], _sums()))
    return session.scalar(select(func.count()).select_from(Figure)) or 0


def differences(session: Session) -> list[str]:
    """Return a sentence for each way in which figures, moves and pledges disagree, with the first that do."""
    found = ((sentence, session.scalars(text(f"{query} LIMIT 5")).all()) for sentence, query in CHECKS.items())
    return [f"{sentence}: {', '.join(map(str, rows))}" for sentence, rows in found if rows]


def running(session: Session) -> dict[str, tuple[int, int]]:
    """Return pledges and twelfths by currency as they stand on the pledges themselves, to compare with the figures."""
    sums = select(CountedPledge.currency, func.count(), func.sum(CountedPledge.twelfths))
    rows = session.execute(sums.where(CountedPledge.twelfths > 0).group_by(CountedPledge.currency))
    return {currency: (pledges, int(twelfths)) for currency, pledges, twelfths in rows}


def _names() -> list[str]:
    return [column.key for column in KEYS]


def _sums() -> Any:
    return select(*KEYS, func.count(), func.sum(PledgeMove.pledges), func.sum(PledgeMove.twelfths)).group_by(*KEYS)
