"""The invariants of money and votes, as SQL that finds nothing while they hold."""

from sqlalchemy import text

from patronage.books.checks import CHECKS
from patronage.foundation.tools import Tools

# Each query returns the rows that break a promise of the service; the sentence says which promise.
INVARIANTS = {
    **CHECKS,
    "a settled pledge has no payment": """
        SELECT id FROM pledge WHERE settled_at IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM pledge_payment WHERE pledge_id = pledge.id)""",
    "a pledge is in a state its facts do not allow": """
        SELECT id FROM pledge WHERE (state = 'ended') <> (ended_at IS NOT NULL)
            OR (state = 'offered' AND settled_at IS NOT NULL)""",
    "a round counted more ballots than voters": """
        SELECT round_id FROM ballot GROUP BY round_id HAVING count(*) > (
            SELECT count(*) FROM electorate WHERE electorate.round_id = ballot.round_id AND voted)""",
    "a certified or closed round has no frozen result": """
        SELECT id FROM round WHERE closed_at IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM round_result WHERE round_id = round.id)""",
    "a round is open past its closing time": """
        SELECT id FROM round WHERE opened_at IS NOT NULL AND closed_at IS NULL AND closes_at < :late""",
}


def broken(tools: Tools) -> list[str]:
    """Return a sentence for every invariant that does not hold, with the first rows that break it."""
    problems = []
    late = tools.clock.now().replace(tzinfo=None) if tools.database.is_sqlite else tools.clock.now()
    with tools.database.reading() as session:
        for sentence, query in INVARIANTS.items():
            given = {"late": str(late) if tools.database.is_sqlite else late} if ":late" in query else {}
            rows = session.execute(text(f"{query} LIMIT 5"), given).scalars().all()
            if rows:
                problems.append(f"{sentence}: {', '.join(map(str, rows))}")
    return problems
