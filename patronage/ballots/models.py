"""The tables of ballots: topics, rounds, who may vote, what was cast without saying by whom, and frozen results."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column

from patronage.foundation.database import Base, Id, Key, UTCDateTime, words

# On SQLite these rows lie in the order of their key and have no number of their own. That number would tell in which
# order they were written; and a million ballots were counted six times as fast as by looking each up from an index.
BY_KEY = {"sqlite_with_rowid": False}


class RoundState(StrEnum):
    """Where a round stands; it only ever moves forward."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    CERTIFIED = "certified"


class Policy(StrEnum):
    """Who is in the electorate of a round."""

    UNTIL_CLOSING = "until closing"  # whoever is a patron with a settled payment when they cast
    FROZEN = "frozen"  # whoever was one at the cut-off; nobody enters later


class ReasonState(StrEnum):
    """Whether a voter's "why" may be shown."""

    WAITING = "waiting"
    SHOWN = "shown"
    HIDDEN = "hidden"


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
    merged_into: Mapped[int | None] = mapped_column(Key, ForeignKey("topic.id"))
    shown_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # since when every reader may see it
    assignee: Mapped[str | None]  # who is on it, as the desk calls them
    assigned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    desk_note: Mapped[str | None]  # for the desk's own eyes


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
    policy: Mapped[Policy] = mapped_column(words(Policy), default=Policy.UNTIL_CLOSING, server_default="until closing")
    cut_off: Mapped[datetime | None] = mapped_column(UTCDateTime)  # frozen: settled before this moment
    least_tier_id: Mapped[int | None] = mapped_column(Key, ForeignKey("tier.id"))  # from this level of support up
    least_days: Mapped[int | None]  # how long one must have been a patron
    budget_days: Mapped[int | None]  # reporter days to be shared out by equal shares
    weighted: Mapped[bool] = mapped_column(default=False, server_default=false())
    asks_why: Mapped[bool] = mapped_column(default=False, server_default=false())
    admits_named: Mapped[bool] = mapped_column(default=True, server_default=true())  # complimentary members may vote
    invites: Mapped[bool] = mapped_column(default=False, server_default=false())  # a letter says that voting has begun
    remind_days: Mapped[int | None]  # how many days before closing those who have not voted are reminded
    electorate_size: Mapped[int | None]  # published at closing, or at opening where it is frozen
    electorate_sha256: Mapped[str | None]

    @property
    def state(self) -> RoundState:
        """Where the round stands, derived from what has happened."""
        if self.certified_at:
            return RoundState.CERTIFIED
        if self.closed_at:
            return RoundState.CLOSED
        return RoundState.OPEN if self.opened_at else RoundState.DRAFT


class MailingKind(StrEnum):
    """What is written to all who may vote, or to those who have not."""

    INVITATION = "invitation"
    REMINDER = "reminder"  # some days before closing, by itself
    LAST_CALL = "last call"  # at an editor's word


class RoundMailing(Base):
    """That letters of one kind were written for a round; between which letters of the outbox they lie."""

    __tablename__ = "round_mailing"

    round_id: Mapped[int] = mapped_column(Key, ForeignKey("round.id"), primary_key=True)
    kind: Mapped[MailingKind] = mapped_column(words(MailingKind), primary_key=True)
    begun_at: Mapped[datetime] = mapped_column(UTCDateTime)
    first_letter: Mapped[int] = mapped_column(Key)
    last_letter: Mapped[int] = mapped_column(Key)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


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


class RoundWeight(Base):
    """What a ballot of somebody on a level of support weighs in a weighted round; announced at opening."""

    __tablename__ = "round_weight"
    __table_args__ = (CheckConstraint("weight BETWEEN 1 AND 3", name="one_to_three"),)

    round_id: Mapped[int] = mapped_column(Key, ForeignKey("round.id"), primary_key=True)
    tier_id: Mapped[int] = mapped_column(Key, ForeignKey("tier.id"), primary_key=True)
    weight: Mapped[int]


class RoundReason(Base):
    """A voter's "why" for a topic, without token or person; ids are drawn by lot, so their order says nothing."""

    __tablename__ = "round_reason"
    __table_args__ = BY_KEY

    id: Mapped[str] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(Key, ForeignKey("round.id"), index=True)
    position: Mapped[int]
    text: Mapped[str]
    state: Mapped[ReasonState] = mapped_column(words(ReasonState))


class TurnoutHour(Base):
    """How many had voted at the end of an hour, rounded down to ten; written by the worker while a round is open."""

    __tablename__ = "turnout_hour"

    round_id: Mapped[int] = mapped_column(Key, ForeignKey("round.id"), primary_key=True)
    hour: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    turnout: Mapped[int]


class Electorate(Base):
    """Who may vote (frozen) or has voted in a round, and as what they are counted; not when, nor what they voted.

    `tier_band`, `tenure_band` and `lang` serve the breakdowns made once at closing; `named` marks a vote granted by
    name; `reasons` counts the "whys" they have written.
    """

    __tablename__ = "electorate"
    __table_args__ = BY_KEY

    round_id: Mapped[int] = mapped_column(Key, ForeignKey("round.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"), primary_key=True)
    voted: Mapped[bool] = mapped_column(default=False)
    weight: Mapped[int] = mapped_column(default=1, server_default="1")
    tier_band: Mapped[str | None]
    tenure_band: Mapped[str | None]
    lang: Mapped[str | None]
    named: Mapped[bool] = mapped_column(default=False, server_default=false())
    reasons: Mapped[int] = mapped_column(default=0, server_default="0")


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
    __table_args__ = (Index("ix_ballot_event_round_id_leaf", "round_id", "leaf"),)

    seq: Mapped[Id]
    round_id: Mapped[int] = mapped_column(Key, ForeignKey("round.id"))
    submission_id: Mapped[str] = mapped_column(unique=True)
    leaf: Mapped[bytes] = mapped_column(LargeBinary)


class ChainBatch(Base):
    """Some ballots' leaves sealed together: `root` over the sorted leaves, `head` over the head before and it.

    `salt` keeps the head from telling that a batch is empty. `upto` is the last event there was, of any round: a batch
    seals the events of its round after the `upto` of the batch before it, up to its own.
    """

    __tablename__ = "chain_batch"
    __table_args__ = (UniqueConstraint("round_id", "number"),)

    id: Mapped[Id]
    round_id: Mapped[int] = mapped_column(Key, ForeignKey("round.id"))
    number: Mapped[int]
    root: Mapped[bytes] = mapped_column(LargeBinary)
    head: Mapped[bytes] = mapped_column(LargeBinary)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    upto: Mapped[int] = mapped_column(Key)
    sealed_at: Mapped[datetime] = mapped_column(UTCDateTime)


class RoundResult(Base):
    """A frozen result: canonical JSON and its SHA-256; a correction is a new version with its reason."""

    __tablename__ = "round_result"

    round_id: Mapped[int] = mapped_column(Key, ForeignKey("round.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    canonical: Mapped[str]
    sha256: Mapped[str]
    frozen_at: Mapped[datetime] = mapped_column(UTCDateTime)
    reason: Mapped[str | None]  # why this version corrects the one before


class ResultCount(Base):
    """One line of a frozen result: how many ballots ticked the topic at `position`."""

    __tablename__ = "result_count"

    round_id: Mapped[int] = mapped_column(Key, ForeignKey("round.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    votes: Mapped[int]
