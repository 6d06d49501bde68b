"""Jobs: work written down in the transaction that causes it, done later by the worker, at least once."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, literal, select, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from patronage.foundation.database import Base, Id
from patronage.foundation.leases import LeasedRow


class Job(LeasedRow, Base):
    """One piece of work of a `kind` with its `data`; `once` names it so that it is written down only once."""

    __tablename__ = "job"
    __table_args__ = (
        Index(
            "ix_job_due",
            "due_at",
            sqlite_where=text("done_at IS NULL AND dead_at IS NULL"),
            postgresql_where=text("done_at IS NULL AND dead_at IS NULL"),
        ),
        Index(
            "ix_job_dead",
            "dead_at",
            sqlite_where=text("dead_at IS NOT NULL"),
            postgresql_where=text("dead_at IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    kind: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    once: Mapped[str | None] = mapped_column(unique=True)


def put(session: Session, kind: str, data: dict[str, Any], due_at: datetime, once: str | None = None) -> None:
    """Write a job down; a second one named by the same `once` changes nothing."""
    values = {"kind": kind, "data": data, "due_at": due_at, "once": once, "attempts": 0}
    insert_ignoring(session, Job, values)


def put_again(session: Session, kind: str, data: dict[str, Any], due_at: datetime, once: str) -> None:
    """Write a recurring job down, or let the one named `once` come due again at `due_at`."""
    job = session.scalar(select(Job).where(Job.once == once).with_for_update())
    if job is None:
        put(session, kind, data, due_at, once)
        return
    job.data, job.due_at, job.done_at, job.dead_at, job.attempts = data, due_at, None, None, 0


def insert_ignoring(session: Session, table: type[Base], values: dict[str, Any]) -> bool:
    """Insert a row unless one of its unique keys is taken already; tell whether it was inserted."""
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    statement = insert(table).values(**values).on_conflict_do_nothing().returning(literal(1))
    return session.execute(statement).first() is not None
