"""What readers see of ideas: the public list, one idea with its way so far, and those similar to a title."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from patronage.ballots.models import Topic, TopicState
from patronage.ballots.refusals import NoSuchTopic
from patronage.ballots.suggesting import backing, similar, steps
from patronage.ballots.suggesting.models import Milestone, TopicBacking
from patronage.ballots.suggesting.steps import Passed
from patronage.people.models import Person

PAGE = 20
MOST_PAGES = 500
COMPARED = 500  # how many of the latest topics a title is compared with
LIVE = (
    TopicState.SUGGESTED, TopicState.ACCEPTED, TopicState.ON_BALLOT, TopicState.CHOSEN, TopicState.NOT_CHOSEN,
    TopicState.ASSIGNED, TopicState.PUBLISHED,
)  # fmt: skip


class Shelf(StrEnum):
    """A part of the public list."""

    OPEN = "open"  # to be backed
    UNDER_WAY = "under way"  # being voted on, chosen, or somebody is on it
    REPORTED = "reported"


SHELVES = {
    Shelf.OPEN: backing.BACKABLE,
    Shelf.UNDER_WAY: (TopicState.ON_BALLOT, TopicState.CHOSEN, TopicState.ASSIGNED),
    Shelf.REPORTED: (TopicState.PUBLISHED,),
}


@dataclass(frozen=True)
class Idea:
    """A topic and how many back it."""

    topic: Topic
    backers: int

    @property
    def can_be_backed(self) -> bool:
        """Whether patrons may back it now."""
        return self.topic.shown_at is not None and self.topic.state in backing.BACKABLE


@dataclass(frozen=True)
class Told:
    """One idea as its page tells it: `author` only with their consent; `round_id` is the vote it stood in last."""

    idea: Idea
    way: list[Passed]
    author: str | None
    mine: TopicBacking | None
    is_suggester: bool
    round_id: int | None


def shelf(session: Session, which: Shelf, page: int, *, by_backers: bool = True) -> tuple[list[Idea], bool]:
    """Return the ideas on a page (from 1) of a shelf, and whether there are more."""
    order = (func.count(TopicBacking.person_id).desc(), Topic.id.desc()) if by_backers else (Topic.id.desc(),)
    query = select(Topic, func.count(TopicBacking.person_id)).outerjoin(TopicBacking, TopicBacking.topic_id == Topic.id)
    query = query.where(Topic.shown_at.is_not(None), Topic.state.in_(SHELVES[which])).group_by(Topic.id)
    rows = session.execute(query.order_by(*order).offset((page - 1) * PAGE).limit(PAGE + 1)).all()
    return [Idea(topic, backers) for topic, backers in rows[:PAGE]], len(rows) > PAGE


def tell(session: Session, topic_id: int, person_id: int | None) -> Told:
    """Return what `person_id` (None: a stranger) may see of an idea. Raises `NoSuchTopic`.

    What the desk has not shown yet only its suggester sees; what it declined, whoever suggested or backed it.
    """
    topic = session.get(Topic, topic_id)
    if topic is None:
        raise NoSuchTopic
    mine = backing.of_person(session, topic_id, person_id) if person_id else None
    is_suggester = person_id is not None and topic.suggested_by == person_id
    hidden = topic.shown_at is None or topic.state is TopicState.DECLINED
    if hidden and not is_suggester and (mine is None or topic.shown_at is None):
        raise NoSuchTopic
    way = steps.history(session, topic_id)
    votes = [step.round_id for step in way if step.what is Milestone.ON_BALLOT]
    idea = Idea(topic, backing.counts(session, (topic_id,))[topic_id])
    return Told(idea, way, author(session, topic), mine, is_suggester, votes[-1] if votes else None)


def author(session: Session, topic: Topic) -> str | None:
    """Return the name of whoever suggested a topic, if they agree to be named, still, and have one here."""
    if topic.suggested_by is None or not topic.credit:
        return None
    return session.scalar(select(Person.name).where(Person.id == topic.suggested_by))


def alike(session: Session, title: str, viewer: int | None = None) -> list[Idea]:
    """Return the public ideas, and those of `viewer` that still wait, which ask for what `title` asks for."""
    seen = Topic.shown_at.is_not(None)
    return among(session, title, latest(session, or_(seen, Topic.suggested_by == viewer) if viewer else seen))


def latest(session: Session, *those: ColumnElement[bool]) -> Sequence[tuple[int, str]]:
    """Return id and title of the latest live topics, as many as a title is compared with."""
    query = select(Topic.id, Topic.title).where(Topic.state.in_(LIVE), *those)
    return [(topic_id, title) for topic_id, title in session.execute(query.order_by(Topic.id.desc()).limit(COMPARED))]


def among(session: Session, title: str, others: Sequence[tuple[int, str]]) -> list[Idea]:
    """Return those of `others` that are alike `title`, the most alike first."""
    return found(session, similar.offered(title, others))


def found(session: Session, topic_ids: Collection[int]) -> list[Idea]:
    """Return the ideas of `topic_ids` in their order."""
    if not topic_ids:
        return []
    rows = {topic.id: topic for topic in session.scalars(select(Topic).where(Topic.id.in_(topic_ids)))}
    backers = backing.counts(session, topic_ids)
    return [Idea(rows[each], backers[each]) for each in topic_ids]


def suggested_by(session: Session, person_id: int) -> list[Idea]:
    """Return what somebody has suggested, the latest first."""
    query = select(Topic.id).where(Topic.suggested_by == person_id).order_by(Topic.id.desc()).limit(50)
    return found(session, list(session.scalars(query)))


def backed_by(session: Session, person_id: int) -> list[Idea]:
    """Return what somebody backs that others suggested and everybody may see, the latest first."""
    query = select(Topic.id).join(TopicBacking, TopicBacking.topic_id == Topic.id)
    query = query.where(TopicBacking.person_id == person_id, Topic.suggested_by.is_distinct_from(person_id))
    query = query.where(Topic.state != TopicState.DECLINED).order_by(Topic.id.desc()).limit(50)
    return found(session, list(session.scalars(query)))


def name_author(session: Session, topic_id: int, person_id: int, *, agrees: bool) -> None:
    """Name whoever suggested a topic from now on, or no more; only they can say so. Raises `NoSuchTopic`."""
    topic = session.get(Topic, topic_id)
    if topic is None or topic.suggested_by != person_id:
        raise NoSuchTopic
    topic.credit = agrees
