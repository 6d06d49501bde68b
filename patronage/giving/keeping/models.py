"""The table of what patrons ask for: written down before Stripe is asked, so that no lost answer stays lost."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from patronage.foundation.database import Base, Id, Key, UTCDateTime, words


class DeedKind(StrEnum):
    """What somebody can do with a pledge."""

    STOP = "stop"
    GO_ON = "go on"
    CHANGE = "change"
    LESS = "less"  # the smaller amount that is offered once to whoever is about to stop
    DATE = "date"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    MEANT_ONCE = "meant once"


class DeedOutcome(StrEnum):
    """What became of it."""

    DONE = "done"
    REFUSED = "refused"
    OVERTAKEN = "overtaken"  # the pledge ended, or something else was asked for, before it was known to be done


class Deed(Base):
    """One thing asked for: `asked` holds all that Stripe is told, so that asking again asks the same.

    While `settled_at` is empty it is not known whether it was done. `tries` counts answers that Stripe would only
    repeat under the same key. `once` names what may be done once in the life of a pledge.
    """

    __tablename__ = "deed"

    id: Mapped[Id]
    pledge_id: Mapped[int] = mapped_column(Key, ForeignKey("pledge.id"), index=True)
    kind: Mapped[DeedKind] = mapped_column(words(DeedKind))
    asked: Mapped[dict[str, Any]] = mapped_column(JSON)
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    once: Mapped[str | None] = mapped_column(unique=True)
    tries: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    outcome: Mapped[DeedOutcome | None] = mapped_column(words(DeedOutcome))
