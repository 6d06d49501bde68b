"""A topic from a suggestion to a published story; every step an editor takes is written down."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.ballots import rounds
from patronage.ballots.deciding import owing
from patronage.ballots.models import Topic, TopicState
from patronage.ballots.refusals import NoSuchTopic, NotAStoryAddress, NotEntitled, NotUsableHere, ReasonMissing
from patronage.giving import standing
from patronage.people import audit

LONGEST_TITLE = 120
LONGEST_SUMMARY = 600
LONGEST_REASON = 400
LONGEST_ADDRESS = 500
MOST_REPORTER_DAYS = 365
EDITABLE = (TopicState.SUGGESTED, TopicState.ACCEPTED, TopicState.NOT_CHOSEN)
PUBLISHABLE = (TopicState.ACCEPTED, TopicState.CHOSEN, TopicState.NOT_CHOSEN, TopicState.ASSIGNED)


@dataclass(frozen=True)
class Words:
    """What a topic says: plain text, and what it would cost in reporter days, if somebody has thought about that."""

    title: str
    summary: str
    language: str = "en"
    reporter_days: int | None = None


def suggest(session: Session, person_id: int, words: Words, credit: bool, now: datetime) -> Topic:
    """Write down what a patron suggests; `credit` says whether they agree to be named. Raises `NotEntitled`."""
    if not standing.is_patron(session, person_id, now):
        raise NotEntitled
    return _add(session, words, TopicState.SUGGESTED, now, suggested_by=person_id, credit=credit)


def create(session: Session, words: Words, actor_id: int | None, now: datetime) -> Topic:
    """Write down a topic of the desk's own, ready for a ballot."""
    topic = _add(session, words, TopicState.ACCEPTED, now)
    _record(session, actor_id, "topic created", topic, now)
    return topic


def edit(session: Session, topic_id: int, words: Words, actor_id: int | None, now: datetime) -> Topic:
    """Change a topic that is not being voted on. Raises `NoSuchTopic`, `NotUsableHere`."""
    topic = _in_state(session, topic_id, *EDITABLE)
    topic.title, topic.summary, topic.reporter_days = clean(words.title), clean(words.summary), words.reporter_days
    _record(session, actor_id, "topic edited", topic, now)
    return topic


def accept(session: Session, topic_id: int, actor_id: int | None, now: datetime) -> Topic:
    """Take a suggestion up, so that it may stand on a ballot. Raises `NoSuchTopic`, `NotUsableHere`."""
    topic = _in_state(session, topic_id, TopicState.SUGGESTED, TopicState.DECLINED)
    topic.state, topic.reason = TopicState.ACCEPTED, None
    _record(session, actor_id, "topic accepted", topic, now)
    return topic


def decline(session: Session, topic_id: int, reason: str, actor_id: int | None, now: datetime) -> Topic:
    """Say no to a topic, with the reason. Raises `NoSuchTopic`, `NotUsableHere`, `ReasonMissing`."""
    topic = _in_state(session, topic_id, *EDITABLE)
    if not clean(reason):
        raise ReasonMissing
    topic.state, topic.reason = TopicState.DECLINED, clean(reason)
    _record(session, actor_id, "topic declined", topic, now)
    return topic


def publish(session: Session, topic_id: int, story_url: str, actor_id: int | None, now: datetime) -> Topic:
    """Write down that the story is out at `story_url` (https). Raises `NotAStoryAddress`, `NotUsableHere`."""
    topic = _in_state(session, topic_id, *PUBLISHABLE)
    topic.state, topic.story_url, topic.published_at = TopicState.PUBLISHED, story_address(story_url), now
    owing.owe_story(session, topic, now)
    _record(session, actor_id, "topic published", topic, now)
    return topic


def story_address(typed: str) -> str:
    """Return `typed` as an address readers can open. Raises `NotAStoryAddress`."""
    typed = typed.strip()
    try:
        parts = urlsplit(typed)
    except ValueError:
        raise NotAStoryAddress from None
    plain = typed.isprintable() and not any(sign in typed for sign in " <>\"'\\")
    if parts.scheme != "https" or not parts.hostname or parts.username or len(typed) > LONGEST_ADDRESS or not plain:
        raise NotAStoryAddress
    return typed


def usable(session: Session) -> list[Topic]:
    """Return the topics that may stand on a new ballot, the latest first."""
    return list(
        session.scalars(select(Topic).where(Topic.state.in_(rounds.USABLE)).order_by(Topic.id.desc()).limit(200))
    )


def clean(text: str) -> str:
    """Return `text` in NFC, without control and direction characters, its white space made single."""
    kept = (sign if unicodedata.category(sign) not in {"Cc", "Cf", "Cs", "Co"} else " " for sign in text)
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


def _add(session: Session, words: Words, state: TopicState, now: datetime, **more: object) -> Topic:
    topic = Topic(
        title=clean(words.title), summary=clean(words.summary), language=words.language, state=state, created_at=now,
        reporter_days=words.reporter_days, **more,
    )  # fmt: skip
    session.add(topic)
    session.flush()
    return topic


def _in_state(session: Session, topic_id: int, *states: TopicState) -> Topic:
    topic = session.scalars(select(Topic).where(Topic.id == topic_id).with_for_update()).one_or_none()
    if topic is None:
        raise NoSuchTopic
    if topic.state not in states:
        raise NotUsableHere
    return topic


def _record(session: Session, actor_id: int | None, deed: str, topic: Topic, now: datetime) -> None:
    detail = " · ".join(filter(None, [topic.title, topic.reason, topic.story_url]))
    audit.record(session, actor_id, deed, f"topic {topic.id}", detail, now)
