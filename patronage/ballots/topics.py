"""A topic from a suggestion to a published story; every step an editor takes is written down."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.ballots import rounds
from patronage.ballots.announcing import Event, announce
from patronage.ballots.deciding import owing
from patronage.ballots.models import Topic, TopicState
from patronage.ballots.refusals import NoSuchTopic, NotAStoryAddress, NotEntitled, NotUsableHere, ReasonMissing
from patronage.ballots.suggesting import backing, steps, trusting
from patronage.ballots.suggesting.models import Milestone
from patronage.ballots.suggesting.refusals import NobodyNamed
from patronage.giving import standing
from patronage.people import audit

LONGEST_TITLE = 120
LONGEST_SUMMARY = 600
LONGEST_REASON = 400
LONGEST_ADDRESS = 500
MOST_REPORTER_DAYS = 365
LONGEST_ASSIGNEE = 80
LONGEST_NOTE = 1000
EDITABLE = (TopicState.SUGGESTED, TopicState.ACCEPTED, TopicState.NOT_CHOSEN)
ACCEPTABLE = (TopicState.SUGGESTED, TopicState.DECLINED)
SHOWABLE = (TopicState.SUGGESTED, TopicState.ACCEPTED)
ASSIGNABLE = (TopicState.ACCEPTED, TopicState.CHOSEN, TopicState.NOT_CHOSEN, TopicState.ASSIGNED)
PUBLISHABLE = (TopicState.ACCEPTED, TopicState.CHOSEN, TopicState.NOT_CHOSEN, TopicState.ASSIGNED)


@dataclass(frozen=True)
class Words:
    """What a topic says: plain text, and what it would cost in reporter days, if somebody has thought about that."""

    title: str
    summary: str
    language: str = "en"
    reporter_days: int | None = None


def suggest(
    session: Session, person_id: int, words: Words, credit: bool, now: datetime, *, tell: bool = False
) -> Topic:
    """Write down what a patron suggests; everybody sees it once the desk shows it, or at once if the patron is trusted.

    `credit` says whether they agree to be named, `tell` whether they want to be told of every step. Raises
    `NotEntitled`.
    """
    if not standing.is_patron(session, person_id, now):
        raise NotEntitled
    topic = _add(session, words, TopicState.SUGGESTED, now, suggested_by=person_id, credit=credit)
    steps.move(session, topic, Milestone.SUGGESTED, now)
    backing.write(session, topic.id, person_id, tell=tell)
    if trusting.is_trusted(session, person_id):
        steps.move(session, topic, Milestone.SHOWN, now, tell=False)
    return topic


def create(session: Session, words: Words, actor_id: int | None, now: datetime) -> Topic:
    """Write down a topic of the desk's own, ready for a ballot."""
    topic = _add(session, words, TopicState.ACCEPTED, now)
    steps.move(session, topic, Milestone.ACCEPTED, now, actor_id)
    _record(session, actor_id, "topic created", topic, now)
    return topic


def edit(session: Session, topic_id: int, words: Words, actor_id: int | None, now: datetime) -> Topic:
    """Change a topic that is not being voted on. Raises `NoSuchTopic`, `NotUsableHere`."""
    topic = _in_state(session, topic_id, *EDITABLE)
    topic.title, topic.summary, topic.reporter_days = clean(words.title), clean(words.summary), words.reporter_days
    topic.language = words.language
    _record(session, actor_id, "topic edited", topic, now)
    return topic


def show(session: Session, topic_id: int, actor_id: int | None, now: datetime) -> Topic:
    """Let every reader see a topic, so that patrons can back it. Raises `NoSuchTopic`, `NotUsableHere`."""
    topic = _in_state(session, topic_id, *SHOWABLE)
    if topic.shown_at is None:
        steps.move(session, topic, Milestone.SHOWN, now, actor_id)
        _record(session, actor_id, "topic shown", topic, now)
    return topic


def accept(session: Session, topic_id: int, actor_id: int | None, now: datetime) -> Topic:
    """Take a suggestion up, so that it may stand on a ballot; every reader sees it from now on.

    Raises `NoSuchTopic`, `NotUsableHere`.
    """
    topic = _in_state(session, topic_id, *ACCEPTABLE)
    if topic.suggested_by is not None and topic.shown_at is None:
        topic.shown_at = now
    steps.move(session, topic, Milestone.ACCEPTED, now, actor_id)
    _record(session, actor_id, "topic accepted", topic, now)
    return topic


def decline(session: Session, topic_id: int, reason: str, actor_id: int | None, now: datetime) -> Topic:
    """Say no to a topic, with the reason. Raises `NoSuchTopic`, `NotUsableHere`, `ReasonMissing`."""
    topic = _in_state(session, topic_id, *EDITABLE)
    if not clean(reason):
        raise ReasonMissing
    topic.reason = clean(reason)
    steps.move(session, topic, Milestone.DECLINED, now, actor_id, note=topic.reason)
    _record(session, actor_id, "topic declined", topic, now)
    return topic


def assign(session: Session, topic_id: int, assignee: str, actor_id: int | None, now: datetime) -> Topic:
    """Write down who is on a topic. Raises `NoSuchTopic`, `NotUsableHere`, `NobodyNamed`."""
    topic, name = _in_state(session, topic_id, *ASSIGNABLE), clean(assignee)[:LONGEST_ASSIGNEE]
    if not name:
        raise NobodyNamed
    is_first = topic.state is not TopicState.ASSIGNED
    topic.assignee, topic.assigned_at = name, now if is_first else topic.assigned_at
    steps.move(session, topic, Milestone.ASSIGNED, now, actor_id, note=name, tell=is_first)
    _record(session, actor_id, "topic assigned", topic, now)
    return topic


def hand_back(session: Session, topic_id: int, actor_id: int | None, now: datetime) -> Topic:
    """Put a topic that somebody was on back to where it stood before. Raises `NoSuchTopic`, `NotUsableHere`."""
    topic = _in_state(session, topic_id, TopicState.ASSIGNED)
    steps.move(session, topic, steps.before_assigned(session, topic.id), now, actor_id, tell=False)
    _record(session, actor_id, "topic handed back", topic, now)
    return topic


def note(session: Session, topic_id: int, text: str) -> Topic:
    """Keep a note for the desk's own eyes. Raises `NoSuchTopic`."""
    topic = _in_state(session, topic_id, *TopicState)
    topic.desk_note = clean(text)[:LONGEST_NOTE] or None
    return topic


def publish(session: Session, topic_id: int, story_url: str, actor_id: int | None, now: datetime) -> Topic:
    """Write down that the story is out at `story_url` (https). Raises `NotAStoryAddress`, `NotUsableHere`."""
    topic = _in_state(session, topic_id, *PUBLISHABLE)
    topic.story_url, topic.published_at = story_address(story_url), now
    steps.move(session, topic, Milestone.PUBLISHED, now, actor_id)
    owing.owe_story(session, topic, now)
    announce(session, Event.TOPIC_PUBLISHED, {"topic": topic.id}, now)
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
    wanted = select(Topic).where(Topic.id == topic_id).with_for_update().execution_options(populate_existing=True)
    topic = session.scalars(wanted).one_or_none()  # as it is under the lock, whatever the page read before
    if topic is None:
        raise NoSuchTopic
    if topic.state not in states:
        raise NotUsableHere
    return topic


def _record(session: Session, actor_id: int | None, deed: str, topic: Topic, now: datetime) -> None:
    detail = " · ".join(filter(None, [topic.title, topic.reason, topic.assignee, topic.story_url]))
    audit.record(session, actor_id, deed, f"topic {topic.id}", detail, now)
