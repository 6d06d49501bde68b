"""Turnout hour by hour while a round is open, rounded down to ten, so that no line of it tells of single voters."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from patronage.ballots.models import Ballot, Round, TurnoutHour
from patronage.foundation import charts, jobs
from patronage.foundation.charts import Chart
from patronage.foundation.jobs import insert_ignoring

JOB = "ballots/note_turnout"
HOUR = timedelta(hours=1)
STEP = 10
MOST_COLUMNS = 48


@dataclass(frozen=True)
class History:
    """How turnout grew: (end of an hour in UTC, how many had voted, rounded down to ten), and its picture."""

    lines: list[tuple[datetime, int]]
    chart: Chart


def arrange(session: Session, round_: Round, now: datetime) -> None:
    """Have turnout noted at the end of this hour."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + HOUR
    data = {"round": round_.id, "hour": hour.isoformat()}
    jobs.put(session, JOB, data, hour, once=f"{JOB}:{round_.id}:{hour:%Y%m%d%H}")


def note(session: Session, round_: Round, hour: datetime, now: datetime) -> None:
    """Note how many have voted by `hour`, and arrange for the next; a closed round is noted no more.

    When nobody looked for more than an hour, the hours between are not known and are left out.
    """
    if round_.closed_at or now >= round_.closes_at:
        return
    if now < hour + HOUR:
        cast = session.scalar(select(func.count()).where(Ballot.round_id == round_.id)) or 0
        row = {"round_id": round_.id, "hour": hour, "turnout": cast // STEP * STEP}
        insert_ignoring(session, TurnoutHour, row)
    arrange(session, round_, now)


def history(session: Session, round_: Round, label: Callable[[datetime], str]) -> History | None:
    """Return turnout hour by hour, or by longer steps where the round is long; None until there is a line."""
    query = select(TurnoutHour.hour, TurnoutHour.turnout).where(TurnoutHour.round_id == round_.id)
    lines = [(hour, turnout) for hour, turnout in session.execute(query.order_by(TurnoutHour.hour))]
    if not lines:
        return None
    every = -(-len(lines) // MOST_COLUMNS)
    kept = lines[::-1][::every][::-1]  # counted from the end, so that the latest is always there
    chart = charts.columns([label(hour) for hour, _turnout in kept], [turnout for _hour, turnout in kept])
    return History(kept, chart)
