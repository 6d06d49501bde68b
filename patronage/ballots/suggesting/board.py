"""The desk's board of topics: what stands where on the way to a story, and which moves the rules allow from there."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from patronage.ballots import topics
from patronage.ballots.models import Topic, TopicState
from patronage.ballots.suggesting.models import TopicBacking

CARDS = 15  # of a column; the list shows the others
COLUMNS = (
    TopicState.SUGGESTED, TopicState.ACCEPTED, TopicState.ON_BALLOT, TopicState.CHOSEN, TopicState.ASSIGNED,
    TopicState.PUBLISHED,
)  # fmt: skip
FOLDED = (TopicState.NOT_CHOSEN, TopicState.DECLINED, TopicState.MERGED)
BY_BACKERS = frozenset({TopicState.SUGGESTED, TopicState.ACCEPTED})


class Move(StrEnum):
    """What the desk can do with a topic; a vote moves topics by itself."""

    SHOW = "show"
    ACCEPT = "accept"
    MERGE = "merge"
    ASSIGN = "assign"
    HAND_BACK = "hand back"
    PUBLISH = "publish"
    DECLINE = "decline"


# What needs nothing more than to be wanted; every other move is made on the topic's page, which asks for the rest.
AT_ONCE = frozenset({Move.SHOW, Move.ACCEPT, Move.HAND_BACK})
ALLOWED = {
    Move.SHOW: topics.SHOWABLE,
    Move.ACCEPT: topics.ACCEPTABLE,
    Move.MERGE: (TopicState.SUGGESTED,),
    Move.ASSIGN: topics.ASSIGNABLE,
    Move.HAND_BACK: (TopicState.ASSIGNED,),
    Move.PUBLISH: topics.PUBLISHABLE,
    Move.DECLINE: topics.EDITABLE,
}


@dataclass(frozen=True)
class Card:
    """A topic on the board, and what can be done with it."""

    topic: Topic
    backers: int
    moves: tuple[Move, ...]


@dataclass(frozen=True)
class Column:
    """The topics in one state: the first of them, and how many there are."""

    state: TopicState
    cards: Sequence[Card]
    number: int


@dataclass(frozen=True)
class Board:
    """The columns in their order, how many topics stand in the states beside them, and how many wait to be read."""

    columns: Sequence[Column]
    folded: Sequence[tuple[TopicState, int]]
    waiting: int


def board(session: Session) -> Board:
    """Return the board: a query for the cards, and one for the numbers."""
    query = select(Topic.state, func.count(), func.count(Topic.shown_at)).group_by(Topic.state)
    numbers = {state: (number, shown) for state, number, shown in session.execute(query)}
    cards = _cards(session)
    columns = [Column(state, cards[state], numbers.get(state, (0, 0))[0]) for state in COLUMNS]
    suggested, shown = numbers.get(TopicState.SUGGESTED, (0, 0))
    return Board(columns, [(state, numbers.get(state, (0, 0))[0]) for state in FOLDED], suggested - shown)


def moves(topic: Topic) -> tuple[Move, ...]:
    """Return what the rules allow to do with a topic, in the order of its way."""
    allowed = (move for move in Move if topic.state in ALLOWED[move])
    return tuple(move for move in allowed if move is not Move.SHOW or topic.shown_at is None)


def _cards(session: Session) -> dict[TopicState, list[Card]]:
    """Return the first topics of each column in their order, in one query."""
    backers = func.count(TopicBacking.person_id)
    first = case((Topic.state.in_(BY_BACKERS), backers), else_=0)
    place = func.row_number().over(partition_by=Topic.state, order_by=(first.desc(), Topic.id.desc()))
    placed = select(Topic.id, backers.label("backers"), place.label("place")).where(Topic.state.in_(COLUMNS))
    placed = placed.outerjoin(TopicBacking, TopicBacking.topic_id == Topic.id).group_by(Topic.id, Topic.state)
    known = placed.subquery()
    query = select(Topic, known.c.backers).join(known, known.c.id == Topic.id).where(known.c.place <= CARDS)
    cards: dict[TopicState, list[Card]] = {state: [] for state in COLUMNS}
    for topic, number in session.execute(query.order_by(known.c.place)):
        cards[topic.state].append(Card(topic, number, moves(topic)))
    return cards
