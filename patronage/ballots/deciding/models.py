"""The tables of deciding: what the editors chose and why, and what the voters were told of it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from patronage.foundation.database import Base, Id, Key, UTCDateTime, words


class Tidings(StrEnum):
    """What a telling tells."""

    STORY = "story"  # the story is out
    WHY_NOT = "why not"  # what won will not be covered, and why


class EditorialDecision(Base):
    """That the editors chose a topic of a round, or not; append-only, the latest of a round and topic holds.

    `reason` stands wherever the decision departs from the result, and is published beside it.
    """

    __tablename__ = "editorial_decision"
    __table_args__ = (Index("ix_editorial_decision_round_id_topic_id", "round_id", "topic_id"),)

    id: Mapped[Id]
    round_id: Mapped[int] = mapped_column(Key, ForeignKey("round.id"))
    topic_id: Mapped[int] = mapped_column(Key, ForeignKey("topic.id"))
    chosen: Mapped[bool]
    reason: Mapped[str | None]
    decided_by: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    decided_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Telling(Base):
    """One piece of news for everybody who voted on a topic, suggested it or backs it: told once, or still owed.

    `once` names the fact ("story:12", "why not:3:12"); `notes` is what the desk adds, by language; `round_id` is the
    round that chose the topic, if one did; `told_at` is when the letters were put on their way.
    """

    __tablename__ = "telling"

    id: Mapped[Id]
    once: Mapped[str] = mapped_column(unique=True)
    about: Mapped[Tidings] = mapped_column(words(Tidings))
    topic_id: Mapped[int] = mapped_column(Key, ForeignKey("topic.id"), index=True)
    round_id: Mapped[int | None] = mapped_column(Key, ForeignKey("round.id"), index=True)
    notes: Mapped[dict[str, str]] = mapped_column(JSON)
    owed_since: Mapped[datetime] = mapped_column(UTCDateTime)
    told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    told_by: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
