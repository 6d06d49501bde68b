"""Backing an idea: one backing a patron, counted in public, never shown by whom; and who asked to be told."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.orm import Session

from patronage.ballots.models import Topic, TopicState
from patronage.ballots.refusals import NoSuchTopic, NotEntitled
from patronage.ballots.suggesting.models import TopicBacking
from patronage.ballots.suggesting.refusals import NotToBeBacked
from patronage.foundation.jobs import insert_ignoring
from patronage.giving import standing

BACKABLE = (TopicState.SUGGESTED, TopicState.ACCEPTED, TopicState.NOT_CHOSEN)


def back(session: Session, topic_id: int, person_id: int, now: datetime, *, tell: bool = False) -> Topic:
    """Have a patron back a topic, or the one it was merged into; return it. A second time changes nothing.

    Raises `NoSuchTopic`, `NotEntitled`, `NotToBeBacked`.
    """
    topic = remaining(session, topic_id)
    if topic.shown_at is None:
        raise NoSuchTopic
    if not standing.is_patron(session, person_id, now):
        raise NotEntitled
    if topic.state not in BACKABLE:
        raise NotToBeBacked
    write(session, topic.id, person_id, tell=tell)
    return topic


def write(session: Session, topic_id: int, person_id: int, *, tell: bool) -> None:
    """Write a backing down unless there is one; `tell` is added to one there is, never taken from it."""
    is_new = insert_ignoring(session, TopicBacking, {"topic_id": topic_id, "person_id": person_id, "tell": tell})
    if not is_new and tell:
        session.execute(update(TopicBacking).where(*_of(topic_id, person_id)).values(tell=True))


def take_back(session: Session, topic_id: int, person_id: int) -> Topic:
    """Have somebody back a topic no longer, patron or not. Raises `NoSuchTopic`."""
    topic = remaining(session, topic_id)
    session.execute(delete(TopicBacking).where(*_of(topic.id, person_id)))
    return topic


def tell(session: Session, topic_id: int, person_id: int, *, wanted: bool) -> Topic:
    """Tell somebody who backs a topic of its steps from now on, or no more. Raises `NoSuchTopic`."""
    topic = remaining(session, topic_id)
    session.execute(update(TopicBacking).where(*_of(topic.id, person_id)).values(tell=wanted))
    return topic


def of_person(session: Session, topic_id: int, person_id: int) -> TopicBacking | None:
    """Return somebody's backing of a topic, or None."""
    return session.get(TopicBacking, (topic_id, person_id))


def counts(session: Session, topic_ids: Collection[int]) -> Mapping[int, int]:
    """Return how many back each of `topic_ids`."""
    query = select(TopicBacking.topic_id, func.count()).where(TopicBacking.topic_id.in_(topic_ids))
    rows = session.execute(query.group_by(TopicBacking.topic_id))
    found = {topic_id: number for topic_id, number in rows}  # noqa: C416 - a row is no pair to dict()
    return {topic_id: found.get(topic_id, 0) for topic_id in topic_ids}


def wanting(topic_id: int) -> Select[int]:
    """Return the query for the ids of those who asked to be told of a topic's steps."""
    return select(TopicBacking.person_id).where(TopicBacking.topic_id == topic_id, TopicBacking.tell)


def remaining(session: Session, topic_id: int) -> Topic:
    """Return a topic, or the one it was merged into, its row held against being merged meanwhile.

    Raises `NoSuchTopic`.
    """
    topic = _held(session, topic_id)
    while topic is not None and topic.merged_into is not None:
        topic = _held(session, topic.merged_into)
    if topic is None:
        raise NoSuchTopic
    return topic


def _held(session: Session, topic_id: int) -> Topic | None:
    """Return a topic, locked FOR SHARE: patrons back it side by side, and a merging waits for them, or they for it."""
    query = select(Topic).where(Topic.id == topic_id).with_for_update(read=True)
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def _of(topic_id: int, person_id: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return TopicBacking.topic_id == topic_id, TopicBacking.person_id == person_id
