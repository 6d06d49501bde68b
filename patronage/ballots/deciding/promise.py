"""«We report what wins, or say why not»: how far the promise of a round is kept, topic by topic."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from patronage.ballots.deciding import closed_rounds, decisions
from patronage.ballots.deciding.decisions import Decided
from patronage.ballots.deciding.models import Telling, Tidings
from patronage.ballots.frozen import Frozen
from patronage.ballots.models import Round, RoundTopic, Topic, TopicState


class Kept(StrEnum):
    """How far the promise about one topic is kept."""

    CHOSEN = "chosen"  # nobody is on it yet
    ASSIGNED = "assigned"
    OUT = "out"  # the story is published, those who asked for it have not been told
    TOLD = "told"
    DECLINED = "declined"  # the reason is public, the voters have not been told
    EXPLAINED = "explained"


MOST_LISTED = 30
KEPT = frozenset({Kept.TOLD, Kept.EXPLAINED})


@dataclass(frozen=True)
class Owed:
    """A topic that won, that the editors chose, or that was covered all the same, and how far it has come.

    `told_at` is when voters were told of that.
    """

    decided: Decided
    kept: Kept
    story_url: str | None
    told_at: datetime | None
    telling_id: int | None

    @property
    def is_out(self) -> bool:
        """Whether there is a story to read."""
        return self.kept in {Kept.OUT, Kept.TOLD}

    @property
    def is_kept(self) -> bool:
        """Whether nothing is owed any more."""
        return self.kept in KEPT


def of_round(session: Session, round_id: int, result: Frozen) -> list[Owed]:
    """Return what a round's promise covers, in the order of its result."""
    return covered(session, {round_id: decisions.standing(session, round_id, result)})[round_id]


def covered(session: Session, standing: Mapping[int, list[Decided]]) -> dict[int, list[Owed]]:
    """Return what became of the decisions of some rounds, by round id, in one query.

    That is every topic that won or was chosen, and any other of which a story came.
    """
    every = {each.line.topic_id for decided in standing.values() for each in decided}
    promised = {each.line.topic_id for decided in standing.values() for each in decided if _is_promised(each)}
    query = select(Topic, Telling).outerjoin(Telling).where(Topic.id.in_(every))
    query = query.where(or_(Topic.id.in_(promised), Topic.state == TopicState.PUBLISHED))
    found = session.execute(query) if every else ()
    rows: list[tuple[Topic, Telling | None]] = [(topic, telling) for topic, telling in found]
    topics = {topic.id: topic for topic, _telling in rows}
    told = {(each.topic_id, each.about, each.round_id): each for _topic, each in rows if each is not None}
    return {
        round_id: [
            _owed(each, topics[each.line.topic_id], told, round_id)
            for each in decided
            if _is_promised(each) or _is_out(topics.get(each.line.topic_id))
        ]
        for round_id, decided in standing.items()
    }


def _is_promised(decided: Decided) -> bool:
    return decided.chosen or decided.line.chosen


def _is_out(topic: Topic | None) -> bool:
    return topic is not None and topic.state is TopicState.PUBLISHED


def running(session: Session) -> list[tuple[Round, list[Owed]]]:
    """Return the closed rounds whose promise is not kept yet, longest closed first, with what it covers."""
    in_hand = select(RoundTopic.round_id).join(Topic, Topic.id == RoundTopic.topic_id)
    in_hand = in_hand.where(Topic.state.in_((TopicState.CHOSEN, TopicState.ASSIGNED)))
    untold = select(Telling.round_id).where(Telling.told_at.is_(None), Telling.round_id.is_not(None))
    those, order = or_(Round.id.in_(in_hand), Round.id.in_(untold)), (Round.closed_at, Round.id)
    found = closed_rounds.found(session, those, order=order, most=MOST_LISTED)
    owed = covered(session, decisions.of_rounds(session, {round_.id: result for round_, result in found}))
    return [(round_, owed[round_.id]) for round_, _result in found if not is_kept(owed[round_.id])]


def is_kept(owed: Iterable[Owed]) -> bool:
    """Tell whether nothing is owed any more."""
    return all(each.is_kept for each in owed)


def _owed(decided: Decided, topic: Topic, told: dict[tuple[int, Tidings, int | None], Telling], round_id: int) -> Owed:
    if _is_out(topic):
        telling = next((each for key, each in told.items() if key[:2] == (topic.id, Tidings.STORY)), None)
        kept = Kept.TOLD if telling and telling.told_at else Kept.OUT
    elif not decided.chosen:
        telling = told.get((topic.id, Tidings.WHY_NOT, round_id))
        kept = Kept.EXPLAINED if telling and telling.told_at else Kept.DECLINED
    else:
        telling = None
        kept = Kept.ASSIGNED if topic.state is TopicState.ASSIGNED else Kept.CHOSEN
    return Owed(decided, kept, topic.story_url, telling.told_at if telling else None, telling.id if telling else None)
