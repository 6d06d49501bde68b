"""What waits to be done, and what was given up: events from Stripe, letters and jobs."""

from sqlalchemy import select, update

from patronage.foundation.jobs import Job
from patronage.foundation.outbox import Letter
from patronage.foundation.tools import Tools
from patronage.giving.models import Outcome, StripeEvent

MOST = 200


def listed(tools: Tools, *, only_dead: bool = False) -> list[str]:
    """Return a line for each of the first 200 of every sort, oldest first."""
    lines = []
    with tools.database.reading() as session:
        for name, table in (("job", Job), ("letter", Letter)):
            query = select(table).where(table.done_at.is_(None)).order_by(table.due_at).limit(MOST)
            if only_dead:
                query = query.where(table.dead_at.is_not(None))
            lines += [_line(name, row.id, row.kind, row) for row in session.scalars(query)]
        events = select(StripeEvent).order_by(StripeEvent.id).limit(MOST)
        failed = StripeEvent.outcome == Outcome.FAILED
        waiting = StripeEvent.applied_at.is_(None) & StripeEvent.outcome.is_(None)
        events = events.where(failed if only_dead else failed | waiting)
        for event in session.scalars(events):
            lines.append(f"event {event.event_id} {event.type} tries={event.attempts} {event.last_error or ''}".strip())
    return lines


def _line(name: str, number: int, kind: str, row: Job | Letter) -> str:
    state = "dead" if row.dead_at else f"due {row.due_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"{name} {number} {kind} {state} tries={row.attempts} {row.last_error or ''}".strip()


def revive(tools: Tools) -> int:
    """Let everything that was given up be tried again now; return how many there are."""
    now = tools.clock.now()
    revived = 0
    with tools.database.transaction() as session:
        for table in (Job, Letter):
            again = update(table).where(table.dead_at.is_not(None)).values(dead_at=None, attempts=0, due_at=now)
            revived += len(session.scalars(again.returning(table.id)).all())
        events = update(StripeEvent).where(StripeEvent.outcome == Outcome.FAILED)
        events = events.values(outcome=None, applied_at=None, attempts=0, due_at=now)
        revived += len(session.scalars(events.returning(StripeEvent.id)).all())
    return revived
