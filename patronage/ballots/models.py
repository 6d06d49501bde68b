"""The tables of ballots: topics, rounds, who may vote, what was cast without saying by whom, and frozen results."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from patronage.foundation.database import Base, Id, Key, UTCDateTime, words

# On SQLite these rows lie in the order of their key, so that a round is read from end to end: a million ballots were
# counted six times as fast as by looking each up from the key's index.
BY_KEY = {"sqlite_with_rowid": False}


class RoundState(StrEnum):
    """Where a round stands; it only ever moves forward."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    CERTIFIED = "certified"


class TopicState(StrEnum):
    """Where a topic stands on its way from a suggestion to a story."""

    SUGGESTED = "suggested"
    MERGED = "merged"
    DECLINED = "declined"
    ACCEPTED = "accepted"
    ON_BALLOT = "on ballot"
    CHOSEN = "chosen"
    NOT_CHOSEN = "not chosen"
    ASSIGNED = "assigned"
    PUBLISHED = "published"


class Topic(Base):
    """Something the newsroom could cover."""

    __tablename__ = "topic"

    id: Mapped[Id]
    title: Mapped[str]
    summary: Mapped[str]
    language: Mapped[str]
    reporter_days: Mapped[int | None]
    state: Mapped[TopicState] = mapped_column(words(TopicState), index=True)
    suggested_by: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"), index=True)
    credit: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str | None]  # why it was declined or not chosen
    story_url: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Round(Base):
    """One vote: what is asked, when, how many places there are and how many topics one may tick."""

    __tablename__ = "round"
    __table_args__ = (
        CheckConstraint("closes_at > opens_at", name="dates_in_order"),
        CheckConstraint("places >= 1 AND most_ticks >= 1", name="at_least_one"),
    )

    id: Mapped[Id]
    title: Mapped[str]
    promise: Mapped[str]
    places: Mapped[int]
    most_ticks: Mapped[int]
    opens_at: Mapped[datetime] = mapped_column(UTCDateTime)
    closes_at: Mapped[datetime] = mapped_column(UTCDateTime)
    opened_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    certified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    tie_seed: Mapped[str | None]  # secret until closing
    tie_seed_hash: Mapped[str | None]  # published at opening
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    @property
    def state(self) -> RoundState:
        """Where the round stands, derived from what has happened."""
        if self.certified_at:
            return RoundState.CERTIFIED
        if self.closed_at:
            return RoundState.CLOSED
        return RoundState.OPEN if self.opened_at else RoundState.DRAFT


class RoundKey(Base):
    """The key that turns a voter into a ballot's token, sealed with a key from the settings; destroyed at the end."""

    __tablename__ = "round_key"

    round_id: Mapped[int] = mapped_column(Key, ForeignKey("round.id"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class RoundTopic(Base):
    """A topic's place on the ballot, with the words that were voted on; unchangeable once the round is open."""

    __tablename__ = "round_topic"
    __table_args__ = (UniqueConstraint("round_id", "topic_id"),)

    round_id: Mapped[int] = mapped_column(Key, ForeignKey("round.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    topic_id: Mapped[int] = mapped_column(Key, ForeignKey("topic.id"), index=True)
    title: Mapped[str]
    summary: Mapped[str]
    reporter_days: Mapped[int | None]


class Electorate(Base):
    """Who has voted in a round: for turnout and reminders; it does not say when, nor what."""

    __tablename__ = "electorate"
    __table_args__ = BY_KEY

    round_id: Mapped[int] = mapped_column(Key, ForeignKey("round.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"), primary_key=True)
    voted: Mapped[bool] = mapped_column(default=False)


class Ballot(Base):
    """One ballot: the voter's token for this round and the sorted positions ticked ("2,11,23")."""

    __tablename__ = "ballot"
    __table_args__ = BY_KEY

    round_id: Mapped[int] = mapped_column(Key, ForeignKey("round.id"), primary_key=True)
    token: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    version: Mapped[int]
    choices: Mapped[str]
    weight: Mapped[int] = mapped_column(default=1)


class BallotEvent(Base):
    """That a ballot was cast or changed, append-only; `leaf` commits to it without revealing it."""

    __tablename__ = "ballot_event"
    __table_args__ = (Index("ix_ballot_event_round_id", "round_id"),)

    seq: Mapped[Id]
    round_id: Mapped[int] = mapped_column(Key, ForeignKey("round.id"))
    submission_id: Mapped[str] = mapped_column(unique=True)
    leaf: Mapped[bytes] = mapped_column(LargeBinary)


class RoundResult(Base):
    """A frozen result: canonical JSON and its SHA-256; a correction is a new version with its reason."""

    __tablename__ = "round_result"

    round_id: Mapped[int] = mapped_column(Key, ForeignKey("round.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    canonical: Mapped[str]
    sha256: Mapped[str]
    frozen_at: Mapped[datetime] = mapped_column(UTCDateTime)


class ResultCount(Base):
    """One line of a frozen result: how many ballots ticked the topic at `position`."""

    __tablename__ = "result_count"

    round_id: Mapped[int] = mapped_column(Key, ForeignKey("round.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    votes: Mapped[int]
