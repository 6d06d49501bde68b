"""The tables of hooks: whom to tell, what is to be told to each, and how every try went."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from patronage.foundation.database import Base, Id, Key, UTCDateTime, words
from patronage.foundation.leases import LeasedRow

WAITING = text("done_at IS NULL AND dead_at IS NULL")


class HookKind(StrEnum):
    """In which form a hook is told."""

    STANDARD = "standard"  # JSON, signed by the Standard Webhooks scheme
    CHAT = "chat"  # {"text": …}, as Slack and Mattermost take it


class Hook(Base):
    """One address that is told of `events`.

    The address and the secrets lie here sealed; `shown` is as much of the address as people may see. While a secret is
    being changed, both sign until `before_until`. `failing_since` is the first failure after the last success.
    """

    __tablename__ = "hook"

    id: Mapped[Id]
    name: Mapped[str]
    kind: Mapped[HookKind] = mapped_column(words(HookKind))
    shown: Mapped[str]
    sealed_url: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    sealed_before: Mapped[bytes | None] = mapped_column(LargeBinary)
    before_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    events: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    created_by: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    failing_since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    disabled_why: Mapped[str | None]


class Delivery(LeasedRow, Base):
    """One message to one hook: the same `mark` (its webhook-id) and the same bytes at every try.

    `cause` names what it tells, so that a fact announced twice is told once.
    """

    __tablename__ = "hook_delivery"
    __table_args__ = (
        UniqueConstraint("hook_id", "cause"),
        Index("ix_hook_delivery_due", "due_at", sqlite_where=WAITING, postgresql_where=WAITING),
    )

    id: Mapped[Id]
    hook_id: Mapped[int] = mapped_column(Key, ForeignKey("hook.id"))
    cause: Mapped[str]
    mark: Mapped[str] = mapped_column(unique=True)
    event: Mapped[str]
    body: Mapped[str]
    written_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Attempt(Base):
    """How one try went: the status (None: no answer), how long it took, and the first KiB of what was said."""

    __tablename__ = "hook_attempt"

    id: Mapped[Id]
    delivery_id: Mapped[int] = mapped_column(Key, ForeignKey("hook_delivery.id"), index=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    milliseconds: Mapped[int]
    status: Mapped[int | None]
    said: Mapped[str]
