"""Letters waiting to leave: written with the fact that causes them, rendered and sent by the worker."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, false, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from patronage.foundation.database import Base, Id, Key, UTCDateTime
from patronage.foundation.jobs import insert_ignoring
from patronage.foundation.leases import LeasedRow


class Letter(LeasedRow, Base):
    """One letter to one address; `done_at` is when it was sent, always under the same `message_id`.

    `data` is what its template is filled with; it is emptied once the letter is sent, as a database should not
    remember what a mailbox already does. A letter of a `crowd` goes to many at once, and leaves after those that
    somebody waits for.
    """

    __tablename__ = "letter"
    __table_args__ = (
        Index(
            "ix_letter_due",
            "crowd",
            "due_at",
            sqlite_where=text("done_at IS NULL AND dead_at IS NULL"),
            postgresql_where=text("done_at IS NULL AND dead_at IS NULL"),
        ),
        Index(
            "ix_letter_dead",
            "dead_at",
            sqlite_where=text("dead_at IS NOT NULL"),
            postgresql_where=text("dead_at IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    message_id: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    recipient_id: Mapped[int | None] = mapped_column(Key, index=True)
    to_address: Mapped[str]
    language: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    once: Mapped[str | None] = mapped_column(unique=True)
    written_at: Mapped[datetime] = mapped_column(UTCDateTime)
    crowd: Mapped[bool] = mapped_column(default=False, server_default=false())

    @classmethod
    def in_turn(cls) -> tuple[Any, ...]:
        """Return what says which letter leaves first: ten thousand invitations must not delay who signs in to vote."""
        return (cls.crowd, cls.due_at)


def write(  # noqa: PLR0913 - a letter is said in one call: what, to whom, filled with what, and once
    session: Session,
    kind: str,
    to_address: str,
    data: dict[str, Any],
    now: datetime,
    *,
    recipient_id: int | None = None,
    language: str = "en",
    once: str | None = None,
    due_at: datetime | None = None,
    crowd: bool = False,
) -> bool:
    """Put a letter of `kind` (the path of its template, "giving/receipt") into the outbox; tell whether it is new.

    `once` names the fact the letter tells ("receipt:ch_…"): however often the fact is applied, one letter leaves.
    `crowd` says that many get one at once, so that others leave before them.
    """
    row = {
        "kind": kind, "to_address": to_address, "data": data, "written_at": now, "due_at": due_at or now,
        "recipient_id": recipient_id, "language": language, "once": once, "attempts": 0, "crowd": crowd,
        "message_id": f"<{secrets.token_hex(16)}@{session.info.get('mail_domain', 'localhost')}>",
    }  # fmt: skip
    return insert_ignoring(session, Letter, row)
