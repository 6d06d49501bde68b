"""A topic's steps: the one way its state changes, each written down and told to those who asked to be told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session

from patronage.ballots.models import Topic, TopicState
from patronage.ballots.suggesting.models import Milestone, TopicBacking, TopicStep
from patronage.foundation import jobs

TELLING_JOB = "ballots/tell_of_step"
# From these steps on every reader may see the topic.
PUBLIC = frozenset({Milestone.SHOWN, Milestone.ON_BALLOT, Milestone.CHOSEN, Milestone.NOT_CHOSEN, Milestone.PUBLISHED})
# Who suggests knows it; a story that is out is told by the desk itself, with a word of its own.
SILENT = frozenset({Milestone.SUGGESTED, Milestone.PUBLISHED})


@dataclass(frozen=True)
class Passed:
    """A step as pages show it: `title` is of another topic that was merged into this one, else empty."""

    what: Milestone
    at: datetime
    note: str | None
    round_id: int | None
    title: str = ""


def move(  # noqa: PLR0913 - a step is said in one call: of what, to where, when, by whom, and why
    session: Session,
    topic: Topic,
    to: Milestone | TopicState,
    now: datetime,
    actor_id: int | None = None,
    *,
    note: str | None = None,
    round_id: int | None = None,
    tell: bool = True,
) -> TopicStep:
    """Bring `topic` to `to`, write the step down, and have it told to those who asked.

    Whether the step is allowed is for the caller to know, who holds the lock of the topic's row. `note` is told with
    the step: the reason, the name of the topic it was merged into, or, to the desk alone, who is on it. Without `tell`
    nobody is written to, as where a letter of the desk's own says it.
    """
    what = Milestone(to.value)
    if what is not Milestone.SHOWN:
        _enter(topic, TopicState(what.value))
    if what in PUBLIC and topic.shown_at is None:
        topic.shown_at = now
    step = TopicStep(topic_id=topic.id, what=what, at=now, by_id=actor_id, note=note, round_id=round_id)
    session.add(step)
    session.flush()
    if tell and what not in SILENT and _somebody_asked(session, topic):
        jobs.put(session, TELLING_JOB, {"step": step.id}, now, once=f"{TELLING_JOB}:{step.id}")
    return step


def history(session: Session, topic_id: int) -> list[Passed]:
    """Return the steps of a topic in their order, and when others were merged into it."""
    came_here = and_(Topic.merged_into == topic_id, TopicStep.what == Milestone.MERGED)
    query = select(TopicStep, Topic.title).join(Topic, Topic.id == TopicStep.topic_id)
    query = query.where(or_(TopicStep.topic_id == topic_id, came_here)).order_by(TopicStep.at, TopicStep.id)
    return [
        Passed(step.what, step.at, step.note, step.round_id, title if step.topic_id != topic_id else "")
        for step, title in session.execute(query)
    ]


def before_assigned(session: Session, topic_id: int) -> TopicState:
    """Return where a topic stood before somebody was put on it; one of which nothing is known was accepted."""
    stood = (Milestone.ACCEPTED, Milestone.CHOSEN, Milestone.NOT_CHOSEN)
    query = select(TopicStep.what).where(TopicStep.topic_id == topic_id, TopicStep.what.in_(stood))
    found = session.scalar(query.order_by(TopicStep.id.desc()).limit(1))
    return TopicState(found.value) if found else TopicState.ACCEPTED


def chain(session: Session, topic_id: int) -> Sequence[int]:
    """Return the ids of a topic and of all it was merged into, the one that remains last."""
    found: list[int] = [topic_id]
    while following := session.scalar(select(Topic.merged_into).where(Topic.id == found[-1])):
        found.append(following)
    return found


def _enter(topic: Topic, state: TopicState) -> None:
    """Have a topic stand in `state`; the reason of an earlier no goes, and who was on it while nobody is."""
    topic.state = state
    if state not in (TopicState.DECLINED, TopicState.NOT_CHOSEN):
        topic.reason = None
    if state not in (TopicState.ASSIGNED, TopicState.PUBLISHED):
        topic.assignee = topic.assigned_at = None


def _somebody_asked(session: Session, topic: Topic) -> bool:
    place = topic.merged_into or topic.id
    return bool(session.scalar(select(exists().where(TopicBacking.topic_id == place, TopicBacking.tell))))
