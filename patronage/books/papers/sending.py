"""Sends all statements of a year: a letter each, some hundred donors a job, so that it can be stopped and goes on."""

from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.books.papers import entities, receipts, statements
from patronage.books.papers.models import StatementRun
from patronage.books.papers.statements import Year
from patronage.foundation import jobs, outbox
from patronage.foundation.refused import Refused, Why
from patronage.people import audit
from patronage.people.models import Person

SEND = "books/send-statements"
DONORS = 100


class ReceiptsAreOwed(Refused):
    """Payments of the year have no receipts yet, and would stand in no statement."""

    why = Why.CONFLICT
    reason = _l(
        "Some payments of this year wait for their receipts, and would be missing in the statements. "
        "Receipts are being issued; please try again in some minutes."
    )


class YearNotOver(Refused):
    """Statements of a year that still runs would be wrong before it ends, and nobody gets two."""

    why = Why.CONFLICT
    reason = _l("This year is not over. Its statements can be sent once it is.")


def start(session: Session, entity_id: int, year: Year, actor_id: int, now: datetime) -> StatementRun:
    """Begin to send the statements of `year`; a run that is under way goes on, one that is over looks for newcomers.

    Nobody gets the letter of a year twice, however often it is sent. Raises `NoSuchEntity`,
    `YearNotOver`, `ReceiptsAreOwed`.
    """
    entity = entities.known(session, entity_id)
    if year.span[1] > now:
        raise YearNotOver
    if receipts.are_owed(session, year.span):
        raise ReceiptsAreOwed
    key = {"entity_id": entity_id, "year": year.begins_in}
    is_new = jobs.insert_ignoring(session, StatementRun, {**key, "started_at": now, "total": 0})
    run = session.scalars(select(StatementRun).filter_by(**key).with_for_update()).one()
    if run.finished_at is None and not is_new:
        return run
    run.started_by, run.started_at, run.finished_at = actor_id, now, None
    run.total, run.done, run.after_person_id = statements.how_many(session, entity, year), 0, 0
    session.flush()
    audit.record(session, actor_id, "statements sent", year.label, f"{run.total}", now)
    _go_on(session, run, now)
    return run


def _go_on(session: Session, run: StatementRun, now: datetime) -> None:
    jobs.put(session, SEND, {"run": run.id, "after": run.after_person_id}, now)


def send_some(session: Session, run_id: int, after: int, zone: ZoneInfo, now: datetime) -> None:
    """Write the letters for the next hundred donors beyond `after`, and put down the job that goes on.

    A worker that died after this was committed does it again: by then the run has moved on, and nothing happens.
    """
    run = session.get_one(StatementRun, run_id, with_for_update=True)
    if run.finished_at or run.after_person_id != after:
        return
    entity = entities.known(session, run.entity_id)
    year = statements.year_called(entity, run.year, zone)
    ids = statements.donors(session, entity, year, after, DONORS)
    for person in session.scalars(select(Person).where(Person.id.in_(ids)).order_by(Person.id)):
        _write(session, run, year, person, now)
    run.done += len(ids)
    if len(ids) < DONORS:
        run.finished_at = now
        return
    run.after_person_id = ids[-1]
    _go_on(session, run, now)


def _write(session: Session, run: StatementRun, year: Year, person: Person, now: datetime) -> None:
    facts = {"year": year.label, "path": f"/account/statements/{run.entity_id}/{run.year}"}
    once = f"statement:{run.entity_id}:{run.year}:{person.id}"
    outbox.write(
        session, "books/statement", person.email, facts, now,
        recipient_id=person.id, language=person.language, once=once, crowd=True,
    )  # fmt: skip


def runs(session: Session) -> list[StatementRun]:
    """Return the runs of all years and entities, newest first."""
    return list(session.scalars(select(StatementRun).order_by(StatementRun.started_at.desc())))


def run_of(session: Session, entity_id: int, year: Year) -> StatementRun | None:
    """Return the run of a year, if there was one."""
    return session.scalar(select(StatementRun).filter_by(entity_id=entity_id, year=year.begins_in))
