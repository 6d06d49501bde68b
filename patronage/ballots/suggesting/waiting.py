"""Suggestions nobody but the desk has seen yet, each beside those it may repeat."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.ballots.models import Topic, TopicState
from patronage.ballots.suggesting import backing, ideas
from patronage.ballots.suggesting.ideas import Idea

PAGE = 10
MOST_CHOICES = 200


@dataclass(frozen=True)
class Waiting:
    """A suggestion that waits, and the topics similar to it."""

    topic: Topic
    similar: Sequence[Idea]


def waiting(session: Session, after: int | None = None) -> tuple[list[Waiting], bool]:
    """Return the suggestions that wait, those that wait longest first, and whether there are more."""
    query = select(Topic).where(Topic.state == TopicState.SUGGESTED, Topic.shown_at.is_(None))
    if after is not None:
        query = query.where(Topic.id > after)
    found = session.scalars(query.order_by(Topic.id).limit(PAGE + 1)).all()
    others = ideas.latest(session)
    return [Waiting(topic, beside(session, topic, others)) for topic in found[:PAGE]], len(found) > PAGE


def beside(session: Session, topic: Topic, others: Sequence[tuple[int, str]] | None = None) -> list[Idea]:
    """Return the topics similar to `topic`, of `others` (id, title) or else of the latest ones."""
    others = ideas.latest(session) if others is None else others
    return ideas.among(session, topic.title, [each for each in others if each[0] != topic.id])


def targets(session: Session, topic: Topic) -> list[Topic]:
    """Return what a suggestion could be merged into: the similar ones first, then the latest."""
    alike = [idea.topic for idea in beside(session, topic) if idea.topic.state in backing.BACKABLE]
    seen = {topic.id, *(each.id for each in alike)}
    query = select(Topic).where(Topic.state.in_(backing.BACKABLE), Topic.id.not_in(seen))
    return [*alike, *session.scalars(query.order_by(Topic.id.desc()).limit(MOST_CHOICES))]
