"""The line beneath a story that says who asked for it: how many patrons ticked its topic, of how many who voted."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from patronage.ballots.deciding import owing
from patronage.ballots.models import Round, Topic
from patronage.ballots.results import visible_results


@dataclass(frozen=True)
class Credit:
    """`votes` of `cast` ballots ticked the topic in round `round_id`, by its frozen result."""

    votes: int
    cast: int
    round_id: int


def of_topic(session: Session, topic: Topic) -> Credit | None:
    """Return whom a topic's story is owed to, or None if no closed round asked about it or nobody ticked it."""
    round_id = owing.last_round(session, topic.id)
    if round_id is None:
        return None
    result = visible_results(session, session.get_one(Round, round_id), None).result
    lines = result.lines if result else ()
    votes = next((line.votes for line in lines if line.topic_id == topic.id), 0)
    return Credit(votes, result.cast, round_id) if result and votes else None
