"""What happens to rounds and topics, written down for those outside the house: webhooks, chat rooms."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from patronage.foundation import jobs

JOB = "newsroom/announce"
DIGEST = "newsroom/digest-at-closing"  # for the staff, beside what is told outside


class Event(StrEnum):
    """What may be told to programs outside."""

    ROUND_OPENED = "round.opened"
    ROUND_CLOSED = "round.closed"
    RESULT_CERTIFIED = "result.certified"
    TOPIC_CHOSEN = "topic.chosen"
    TOPIC_PUBLISHED = "topic.published"


def announce(session: Session, event: str, subject: Mapping[str, int], now: datetime) -> None:
    """Have the worker tell that `event` happened at `now`, UTC; whoever calls this commits it with the fact itself.

    `subject` holds ids alone ({"round": 3}, {"topic": 5, "round": 3}, {"round": 3, "version": 2}): what is told of them
    is looked up afterwards, through `visible_results`. The same event of the same subject is told once.
    """
    told = Event(event).value
    of = ",".join(f"{name}={number}" for name, number in sorted(subject.items()))
    data = {"event": told, "at": now.astimezone(UTC).isoformat(), "subject": dict(subject)}
    jobs.put(session, JOB, data, now, once=f"{JOB}:{told}:{of}")
    if told == Event.ROUND_CLOSED:
        jobs.put(session, DIGEST, dict(subject), now, once=f"{DIGEST}:{of}")
