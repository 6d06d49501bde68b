"""What is owed to voters: written down with the fact that causes it, and nagged about until it is told."""

from datetime import datetime

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from patronage.ballots.announcing import Event, announce
from patronage.ballots.deciding.models import Telling, Tidings
from patronage.ballots.models import Round, RoundTopic, Topic
from patronage.ballots.suggesting import backing
from patronage.foundation.jobs import insert_ignoring


def owe_story(session: Session, topic: Topic, now: datetime) -> None:
    """Write down that whoever asked for `topic` is to be told that its story is out; a second time changes nothing.

    Those outside the house are told at once. Where no vote asked about it and nobody wants to be told, nothing is owed.
    """
    announce(session, Event.TOPIC_PUBLISHED, {"topic": topic.id}, now)
    round_id = last_round(session, topic.id)
    if round_id is not None or session.scalar(select(exists(backing.wanting(topic.id)))):
        _owe(session, Tidings.STORY, topic.id, round_id, f"story:{topic.id}", now)


def owe_why_not(session: Session, round_id: int, topic_id: int, now: datetime) -> None:
    """Write down that the voters of a round are to be told why a topic that won will not be covered."""
    _owe(session, Tidings.WHY_NOT, topic_id, round_id, _why_not(round_id, topic_id), now)


def owe_no_more(session: Session, round_id: int, topic_id: int) -> None:
    """Take back a "why not" that nobody was told yet, since the topic is chosen after all."""
    mine = delete(Telling).where(Telling.once == _why_not(round_id, topic_id), Telling.told_at.is_(None))
    session.execute(mine)


def last_round(session: Session, topic_id: int) -> int | None:
    """Return the last closed round that asked about a topic, if there was one."""
    latest = select(Round.id).join(RoundTopic, RoundTopic.round_id == Round.id)
    latest = latest.where(RoundTopic.topic_id == topic_id, Round.closed_at.is_not(None))
    return session.scalar(latest.order_by(Round.closed_at.desc(), Round.id.desc()).limit(1))


def _why_not(round_id: int, topic_id: int) -> str:
    return f"why not:{round_id}:{topic_id}"


def _owe(session: Session, about: Tidings, topic_id: int, round_id: int | None, once: str, now: datetime) -> None:
    row = {"once": once, "about": about, "topic_id": topic_id, "round_id": round_id, "notes": {}, "owed_since": now}
    insert_ignoring(session, Telling, row)
