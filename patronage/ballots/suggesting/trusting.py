"""Patrons whose suggestions everybody sees at once, because an editor trusts them."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from patronage.ballots.models import Topic
from patronage.ballots.refusals import NoSuchTopic
from patronage.ballots.suggesting.models import TrustedSuggester
from patronage.foundation.jobs import insert_ignoring
from patronage.people import audit


def trust(session: Session, topic_id: int, actor_id: int | None, now: datetime) -> None:
    """Trust whoever suggested a topic from now on; the editor need not know who that is. Raises `NoSuchTopic`."""
    person_id = _suggester(session, topic_id)
    row = {"person_id": person_id, "trusted_by": actor_id, "trusted_at": now}
    if insert_ignoring(session, TrustedSuggester, row):
        audit.record(session, actor_id, "suggester trusted", f"topic {topic_id}", "", now)


def trust_no_more(session: Session, topic_id: int, actor_id: int | None, now: datetime) -> None:
    """Let the suggestions of whoever suggested a topic wait for the desk again. Raises `NoSuchTopic`."""
    gone = delete(TrustedSuggester).where(TrustedSuggester.person_id == _suggester(session, topic_id))
    if session.scalar(gone.returning(TrustedSuggester.person_id)) is not None:
        audit.record(session, actor_id, "suggester trusted no more", f"topic {topic_id}", "", now)


def is_trusted(session: Session, person_id: int | None) -> bool:
    """Tell whether somebody's suggestions appear at once."""
    return person_id is not None and session.get(TrustedSuggester, person_id) is not None


def _suggester(session: Session, topic_id: int) -> int:
    person_id = session.scalar(select(Topic.suggested_by).where(Topic.id == topic_id))
    if person_id is None:
        raise NoSuchTopic
    return person_id
