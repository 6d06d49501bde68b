"""What waits to be done, and what was given up: events from Stripe, letters and jobs."""

from typing import TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_, select, update

from patronage.foundation.jobs import Job
from patronage.foundation.outbox import Letter
from patronage.foundation.tools import Tools
from patronage.giving.models import Outcome, StripeEvent

MOST = 200
Work = TypeVar("Work", Job, Letter)


def listed(tools: Tools, *, only_dead: bool = False) -> list[str]:
    """Return a line for each of the first 200 of every sort, oldest first."""
    lines = []
    with tools.database.reading() as session:
        lines += [_line("job", job) for job in session.scalars(_undone(Job, only_dead))]
        lines += [_line("letter", letter) for letter in session.scalars(_undone(Letter, only_dead))]
        events = select(StripeEvent).order_by(StripeEvent.id).limit(MOST)
        failed = StripeEvent.outcome == Outcome.FAILED
        waiting = StripeEvent.applied_at.is_(None) & StripeEvent.outcome.is_(None)
        events = events.where(failed if only_dead else failed | waiting)
        for event in session.scalars(events):
            lines.append(f"event {event.event_id} {event.type} tries={event.attempts} {event.last_error or ''}".strip())
    return lines


def _undone(table: type[Work], only_dead: bool) -> Select[Work]:
    query = select(table).where(table.done_at.is_(None)).order_by(table.due_at).limit(MOST)
    return query.where(table.dead_at.is_not(None)) if only_dead else query


def _failed(table: type[Work]) -> ColumnElement[bool]:
    waits = and_(table.attempts > 0, table.done_at.is_(None), table.leased_until.is_(None))
    return or_(table.dead_at.is_not(None), waits)


def _line(name: str, row: Job | Letter) -> str:
    state = "dead" if row.dead_at else f"due {row.due_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"{name} {row.id} {row.kind} {state} tries={row.attempts} {row.last_error or ''}".strip()


def revive(tools: Tools) -> int:
    """Let everything that was given up, or failed and waits for its next try, be tried now; return how many there are.

    What a worker has in hand is left to it.
    """
    now = tools.clock.now()
    revived = 0
    with tools.database.transaction() as session:
        afresh = {"dead_at": None, "attempts": 0, "due_at": now}
        jobs = update(Job).where(_failed(Job)).values(afresh).returning(Job.id)
        letters = update(Letter).where(_failed(Letter)).values(afresh).returning(Letter.id)
        revived += len(session.scalars(jobs).all()) + len(session.scalars(letters).all())
        events = update(StripeEvent).where(StripeEvent.outcome == Outcome.FAILED)
        events = events.values(outcome=None, applied_at=None, attempts=0, due_at=now)
        revived += len(session.scalars(events.returning(StripeEvent.id)).all())
    return revived
