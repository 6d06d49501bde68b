"""The tables of suggesting: who backs a topic, whose suggestions appear at once, and each step of a topic's way."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from patronage.foundation.database import Base, Id, Key, UTCDateTime, words


class Milestone(StrEnum):
    """What happened to a topic; all but `SHOWN` is a state it entered."""

    SUGGESTED = "suggested"
    SHOWN = "shown"  # from now on every reader may see it, and patrons back it
    MERGED = "merged"
    DECLINED = "declined"
    ACCEPTED = "accepted"
    ON_BALLOT = "on ballot"
    CHOSEN = "chosen"
    NOT_CHOSEN = "not chosen"
    ASSIGNED = "assigned"
    PUBLISHED = "published"


class TopicBacking(Base):
    """That a patron backs a topic. It is no ballot: how many there are is public, who they are is not.

    `tell` is whether they asked to be told of every step.
    """

    __tablename__ = "topic_backing"

    topic_id: Mapped[int] = mapped_column(Key, ForeignKey("topic.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"), primary_key=True, index=True)
    tell: Mapped[bool]


class TrustedSuggester(Base):
    """Somebody whose suggestions everybody sees at once; an editor marked them so."""

    __tablename__ = "trusted_suggester"

    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"), primary_key=True, autoincrement=False)
    trusted_by: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    trusted_at: Mapped[datetime] = mapped_column(UTCDateTime)


class TopicStep(Base):
    """One step of a topic's way, append-only: its page and the letters about it are drawn from these rows.

    `by_id` is who of the staff took it, which no public page tells; `note` is the reason, or who is on it.
    """

    __tablename__ = "topic_step"

    id: Mapped[Id]
    topic_id: Mapped[int] = mapped_column(Key, ForeignKey("topic.id"), index=True)
    what: Mapped[Milestone] = mapped_column(words(Milestone))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    by_id: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    round_id: Mapped[int | None] = mapped_column(Key, ForeignKey("round.id"))
    note: Mapped[str | None]
