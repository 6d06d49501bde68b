"""What tests of ideas begin with: suggestions, shown and backed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from patronage.ballots import topics
from patronage.ballots.models import Topic
from patronage.ballots.suggesting import backing
from patronage.people.models import Person
from tests.ballots.polls import a_patron

TITLE = "Who pays for the bridge"


def an_idea(
    session: Session,
    now: datetime,
    title: str = TITLE,
    *,
    by: Person | None = None,
    shown: bool = True,
    tell: bool = False,
) -> Topic:
    """A suggestion of a patron, shown to all unless told otherwise; its suggester backs it."""
    person = by or a_patron(session, now)
    words = topics.Words(title, "It has been closed for three years now.")
    topic = topics.suggest(session, person.id, words, False, now, tell=tell)
    return topics.show(session, topic.id, None, now) if shown else topic


def backers(session: Session, topic: Topic, now: datetime, number: int, *, tell: bool = False) -> Sequence[Person]:
    """So many new patrons who back `topic`."""
    people = [a_patron(session, now) for _ in range(number)]
    for person in people:
        backing.back(session, topic.id, person.id, now, tell=tell)
    return people
