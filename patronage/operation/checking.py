"""The invariants of money and votes, as SQL that finds nothing while they hold."""

from datetime import timedelta

from sqlalchemy import bindparam, text

from patronage.books import month_view
from patronage.books.checks import CHECKS
from patronage.books.papers import checks as of_papers
from patronage.foundation.database import UTCDateTime
from patronage.foundation.tools import Tools
from patronage.giving.figures import rebuilding as figures

# Each query returns the rows that break a promise of the service; the sentence says which promise.
INVARIANTS = {
    **CHECKS,
    **of_papers.CHECKS,
    **figures.CHECKS,
    "a settled pledge has no payment": """
        SELECT id FROM pledge WHERE kind = 'paid' AND settled_at IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM pledge_payment WHERE pledge_id = pledge.id)""",
    "a pledge is in a state its facts do not allow": """
        SELECT id FROM pledge WHERE (state = 'ended') <> (ended_at IS NOT NULL)
            OR (state = 'offered' AND settled_at IS NOT NULL)""",
    "a round counted more ballots than voters": """
        SELECT round_id FROM ballot GROUP BY round_id HAVING count(*) > (
            SELECT count(*) FROM electorate WHERE electorate.round_id = ballot.round_id AND voted)""",
    "a frozen list of voters is not as long as was published": """
        SELECT id FROM round WHERE policy = 'frozen' AND certified_at IS NULL AND electorate_size <> (
            SELECT count(*) FROM electorate WHERE electorate.round_id = round.id)""",
    "a certified or closed round has no frozen result": """
        SELECT id FROM round WHERE closed_at IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM round_result WHERE round_id = round.id)""",
    "a certified round still has the key that links ballots to people": """
        SELECT round_id FROM round_key JOIN round ON round.id = round_id WHERE certified_at IS NOT NULL""",
    "a round is open past its closing time": """
        SELECT id FROM round WHERE opened_at IS NOT NULL AND closed_at IS NULL AND closes_at < :some_minutes_ago""",
    "an event from Stripe has waited for an hour": """
        SELECT event_id FROM stripe_event WHERE applied_at IS NULL AND received_at < :an_hour_ago""",
    "a letter has been due for an hour": """
        SELECT id FROM letter WHERE done_at IS NULL AND dead_at IS NULL AND due_at < :an_hour_ago""",
    "a job has been due for an hour": """
        SELECT id FROM job WHERE done_at IS NULL AND dead_at IS NULL AND due_at < :an_hour_ago""",
}
CHANGED = "the entries of a closed month do not come to its figures"
# The worker closes rounds and sends letters a moment after their time: only what stays undone is broken.
AGO = {"some_minutes_ago": timedelta(minutes=5), "an_hour_ago": timedelta(hours=1)}


def broken(tools: Tools) -> list[str]:
    """Return a sentence for every invariant that does not hold, with the first rows that break it."""
    problems, now = [], tools.clock.now()
    with tools.database.reading() as session:
        for sentence, query in INVARIANTS.items():
            moments = [bindparam(name, now - ago, UTCDateTime) for name, ago in AGO.items() if f":{name}" in query]
            rows = session.scalars(text(f"{query} LIMIT 5").bindparams(*moments)).all()
            if rows:
                problems.append(f"{sentence}: {', '.join(map(str, rows))}")
        problems += [f"{CHANGED}: {month}" for month in month_view.changed_since_closed(session)]
    return problems
