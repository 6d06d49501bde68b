"""Merging a suggestion into a topic that asks for the same: backings move, and one patron keeps one backing."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, insert, literal, select, update
from sqlalchemy.orm import Session

from patronage.ballots.models import Topic, TopicState
from patronage.ballots.refusals import NoSuchTopic
from patronage.ballots.suggesting import backing, steps
from patronage.ballots.suggesting.models import Milestone, TopicBacking
from patronage.ballots.suggesting.refusals import IntoItself, NotToBeMerged
from patronage.people import audit


@dataclass(frozen=True)
class Foreseen:
    """What a merging would do: how many backings move, how many back both, how many the topic has then, how many are
    told, and whether the topic appears for readers with it.
    """

    moving: int
    both: int
    after: int
    told: int
    appears: bool


def foresee(session: Session, topic_id: int, into_id: int) -> Foreseen:
    """Return what merging would do now, changing nothing. Raises as `merge` does."""
    old, into = _checked(session.get(Topic, topic_id), session.get(Topic, into_id))
    here, there = backing.counts(session, (old.id, into.id)).values()
    both = _how_many(session, TopicBacking.topic_id == old.id, _backs(into.id))
    told = _how_many(session, TopicBacking.topic_id.in_((old.id, into.id)), TopicBacking.tell.is_(True))
    return Foreseen(here - both, both, here + there - both, told, into.shown_at is None)


def merge(session: Session, topic_id: int, into_id: int, actor_id: int | None, now: datetime) -> Topic:
    """Merge the suggestion `topic_id` into `into_id`, and return the topic that remains.

    Both rows are locked, so a backing given meanwhile is moved with the others or goes to the one that remains. Raises
    `NoSuchTopic`, `IntoItself`, `NotToBeMerged`.
    """
    wanted = select(Topic).where(Topic.id.in_((topic_id, into_id))).order_by(Topic.id).with_for_update()
    found = {topic.id: topic for topic in session.scalars(wanted.execution_options(populate_existing=True))}
    old, into = _checked(found.get(topic_id), found.get(into_id))
    _move_backings(session, old.id, into.id)
    if old.suggested_by is not None:
        backing.write(session, into.id, old.suggested_by, tell=False)
    old.merged_into = into.id
    if into.shown_at is None:
        steps.move(session, into, Milestone.SHOWN, now, actor_id)
    steps.move(session, old, Milestone.MERGED, now, actor_id, note=into.title)
    detail = f"{old.title} → {into.title}"
    audit.record(session, actor_id, "topic merged", f"topic {old.id}", detail, now)
    return into


def _checked(old: Topic | None, into: Topic | None) -> tuple[Topic, Topic]:
    if old is None or into is None:
        raise NoSuchTopic
    if old.id == into.id:
        raise IntoItself
    if old.state is not TopicState.SUGGESTED or into.state not in backing.BACKABLE:
        raise NotToBeMerged
    return old, into


def _move_backings(session: Session, old_id: int, into_id: int) -> None:
    wanted = update(TopicBacking).where(TopicBacking.topic_id == into_id)
    session.execute(wanted.where(TopicBacking.person_id.in_(backing.wanting(old_id))).values(tell=True))
    moved = select(literal(into_id), TopicBacking.person_id, TopicBacking.tell)
    moved = moved.where(TopicBacking.topic_id == old_id, ~_backs(into_id))
    session.execute(insert(TopicBacking).from_select(["topic_id", "person_id", "tell"], moved))
    session.execute(delete(TopicBacking).where(TopicBacking.topic_id == old_id))


def _backs(topic_id: int) -> ColumnElement[bool]:
    """Return the condition "this row's person backs `topic_id`"."""
    return TopicBacking.person_id.in_(select(TopicBacking.person_id).where(TopicBacking.topic_id == topic_id))


def _how_many(session: Session, *those: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count(TopicBacking.person_id.distinct())).where(*those)) or 0
