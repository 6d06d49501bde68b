"""Letters to the staff: what a vote came to, when it closes, and on Monday morning what the week needs.

They hold what the desk shows and nothing more: of an open vote the turnout, rounded down to tens, and no count.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from patronage.ballots.announcing import DIGEST
from patronage.ballots.deciding import promise
from patronage.ballots.models import Round, Topic
from patronage.ballots.results import published, visible_results
from patronage.foundation import jobs, outbox
from patronage.foundation.jobs import Job, insert_ignoring
from patronage.foundation.tools import Tools
from patronage.foundation.web.house import settings
from patronage.newsroom import overview, waiting
from patronage.newsroom.models import DigestChoice
from patronage.newsroom.overview import OpenRound
from patronage.people.models import Person, Role, StaffRole

WEEKLY = "newsroom/weekly-digest"
AT = time(7, 0)  # on Monday, in the newsroom's zone
WEEK = timedelta(days=7)
READERS = (Role.EDITOR, Role.ADMIN)


@dataclass(frozen=True)
class Reader:
    """Whoever gets a digest, as the gate sees them."""

    roles: frozenset[str] = frozenset(READERS)


def keep_sending(tools: Tools) -> bool:
    """Put this week's digest down once its hour has come; one of the worker's turns. Tell whether it was put down.

    There is none in the week in which the first member of staff came.
    """
    now = tools.clock.now()
    monday = monday_morning(now, settings().zone)
    if not monday <= now < monday + timedelta(days=1):
        return False
    once = f"{WEEKLY}:{monday:%Y-%m-%d}"
    with tools.database.reading() as session:
        worked = exists().where(StaffRole.granted_at < monday)
        if not session.scalar(select(worked & ~exists().where(Job.once == once))):
            return False
    with tools.database.transaction() as session:
        jobs.put(session, WEEKLY, {"since": (monday - WEEK).isoformat()}, now, once=once)
    return True


def monday_morning(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the hour of the digest in the week of `now`."""
    here = now.astimezone(zone)
    return datetime.combine((here - timedelta(days=here.weekday())).date(), AT, zone)


def weekly(tools: Tools, data: dict[str, Any]) -> None:
    """Write the week's letters, to each editor and administrator who wants them; nothing to say, no letter."""
    now, since = tools.clock.now(), datetime.fromisoformat(data["since"])
    with tools.database.transaction() as session:
        facts = week(session, since, now)
        if any(facts.values()):
            for person in _readers(session, DigestChoice.weekly):
                _write(session, "newsroom/weekly", person, facts, f"{WEEKLY}:{data['since'][:10]}:{person.id}", now)


def at_closing(tools: Tools, data: dict[str, Any]) -> None:
    """Write to each editor and administrator who wants it what the vote that has just closed came to."""
    now = tools.clock.now()
    with tools.database.transaction() as session:
        round_ = session.get_one(Round, data["round"])
        result = visible_results(session, round_, None).result
        if result is None:
            return
        views = result.views()
        facts = {
            "round": round_.id, "title": round_.title, "cast": result.cast, "electorate": result.electorate,
            "lines": [[line.title, line.votes, line.chosen] for line in result.lines[: result.places + 3]],
            "agree": views.agree if views else None,
        }  # fmt: skip
        for person in _readers(session, DigestChoice.at_closing):
            _write(session, "newsroom/closing", person, facts, f"{DIGEST}:{round_.id}:{person.id}", now)


def week(session: Session, since: datetime, now: datetime) -> dict[str, Any]:
    """Return what the weekly letter says: what waits, open votes, results, promises that run, stories told."""
    waits = waiting.of_editors(session, now)
    out = select(Topic.title, Topic.story_url).where(Topic.published_at >= since, Topic.published_at <= now)
    running = [each for _round, owed in promise.running(session) for each in owed if not each.is_kept]
    return {
        "waiting": {name: number for name, number in asdict(waits).items() if number},
        "open": [_open(each) for each in overview.open_rounds(session, Reader())],
        "results": _results(session, since),
        "owed": [{"title": each.decided.line.title, "kept": str(each.kept)} for each in running],
        "stories": [{"title": title, "url": url} for title, url in session.execute(out.order_by(Topic.published_at))],
    }


def _open(line: OpenRound) -> dict[str, Any]:
    closes = line.round.closes_at.astimezone(settings().zone).date().isoformat()
    return {"round": line.round.id, "title": line.round.title, "turnout": line.turnout, "closes": closes}


def _results(session: Session, since: datetime) -> list[dict[str, Any]]:
    closed = list(session.scalars(select(Round).where(Round.closed_at >= since).order_by(Round.closed_at)))
    results = published(session, closed)
    return [
        {"round": each.id, "title": each.title, "chosen": [results[each.id].titles[p] for p in results[each.id].slate]}
        for each in closed
        if each.id in results
    ]


def choose(session: Session, person_id: int, *, closing: bool, weekly: bool) -> None:
    """Write down which digests somebody wants."""
    row = {"person_id": person_id, "at_closing": closing, "weekly": weekly}
    if not insert_ignoring(session, DigestChoice, row):
        chosen = session.get_one(DigestChoice, person_id, with_for_update=True)
        chosen.at_closing, chosen.weekly = closing, weekly


def chosen(session: Session, person_id: int) -> tuple[bool, bool]:
    """Return whether somebody wants the digest at closing, and the weekly one; both unless they said otherwise."""
    row = session.get(DigestChoice, person_id)
    return (row.at_closing, row.weekly) if row else (True, True)


def _readers(session: Session, wants: Any) -> Sequence[Person]:
    refused = exists().where(and_(DigestChoice.person_id == Person.id, ~wants))
    holds = select(StaffRole.person_id).where(or_(*(StaffRole.role == role for role in READERS)))
    return session.scalars(select(Person).where(Person.id.in_(holds), ~refused).order_by(Person.id)).all()


def _write(session: Session, kind: str, person: Person, facts: dict[str, Any], once: str, now: datetime) -> None:
    outbox.write(session, kind, person.email, facts, now, recipient_id=person.id, language=person.language, once=once)


HANDLERS = {WEEKLY: weekly, DIGEST: at_closing}
TURNS = (keep_sending,)
