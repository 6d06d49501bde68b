"""What the worker does for voting: closes rounds on time, tells voters what came of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.ballots import rounds
from patronage.ballots.deciding import telling
from patronage.ballots.electing import duties as electing
from patronage.ballots.electing.models import VoteLettersStopped
from patronage.ballots.models import Electorate, Round, RoundTopic, Topic
from patronage.ballots.results import visible_results
from patronage.ballots.sealing import duties as sealing
from patronage.ballots.suggesting import telling_steps
from patronage.foundation import jobs, outbox
from patronage.foundation.tools import Tools
from patronage.foundation.web.house import settings
from patronage.foundation.worker import Handler
from patronage.people.models import Person

AT_ONCE = 500


class NotOverYet(Exception):
    """By the database's time the round still takes votes: the worker's clock is ahead, and it tries again."""


def close_when_over(tools: Tools, data: dict[str, Any]) -> None:
    """Close the round whose time is up; if an editor or another worker has done so, there is nothing left to do."""
    with tools.database.transaction() as session:
        round_ = rounds.locked(session, data["round"])
        if round_.closed_at:
            return
        now = tools.clock.at(session)
        if now < round_.closes_at:
            raise NotOverYet(f"round {round_.id} closes at {round_.closes_at}")
        rounds.close_round(session, round_.id, settings().secret_key.get_secret_value(), None, now)


def tell_of_closing(tools: Tools, data: dict[str, Any]) -> None:
    """Write one letter to everybody who voted in a closed round, some hundreds a time."""
    now = tools.clock.now()
    with tools.database.transaction() as session:
        round_ = session.get_one(Round, data["round"])
        result = visible_results(session, round_, None).result
        if result is None:
            return
        facts = {
            "title": round_.title,
            "round": round_.id,
            "chosen": [each.title for each in result.lines if each.chosen],
        }
        voters = _voters(session, [round_.id], data.get("after", 0))
        for person in voters:
            once = f"round closed:{round_.id}:{person.id}"
            _write(session, "ballots/round_closed", person, {**facts, "person": person.id}, now, once)
        _go_on(session, rounds.TELLING_JOB, data, voters, now)


def tell_of_story(tools: Tools, data: dict[str, Any]) -> None:
    """Write one letter to everybody who voted in a round about the topic whose story is out."""
    now = tools.clock.now()
    with tools.database.transaction() as session:
        topic = session.get_one(Topic, data["topic"])
        over = select(Round.id).join(RoundTopic).where(RoundTopic.topic_id == topic.id, Round.closed_at.is_not(None))
        voters = _voters(session, list(session.scalars(over)), data.get("after", 0))
        facts = {"title": topic.title, "story_url": topic.story_url}
        for person in voters:
            _write(session, "ballots/published", person, facts, now, f"published:{topic.id}:{person.id}")
        _go_on(session, rounds.STORY_JOB, data, voters, now)


def _voters(session: Session, round_ids: list[int], after: int) -> list[Person]:
    voted = select(Electorate.person_id).where(Electorate.round_id.in_(round_ids), Electorate.voted)
    query = select(Person).where(Person.id.in_(voted), Person.id > after)
    query = query.where(Person.id.not_in(select(VoteLettersStopped.person_id)))
    return list(session.scalars(query.order_by(Person.id).limit(AT_ONCE)))


def _write(session: Session, kind: str, person: Person, facts: dict[str, Any], now: datetime, once: str) -> None:
    outbox.write(
        session, kind, person.email, facts, now, recipient_id=person.id, language=person.language, once=once, crowd=True
    )


def _go_on(session: Session, kind: str, data: dict[str, Any], voters: list[Person], now: datetime) -> None:
    if len(voters) == AT_ONCE:
        after = voters[-1].id
        subject = data.get("round") or data.get("topic")
        jobs.put(session, kind, {**data, "after": after}, now, once=f"{kind}:{subject}:{after}")


HANDLERS: dict[str, Handler] = {
    rounds.CLOSING_JOB: close_when_over,
    rounds.TELLING_JOB: tell_of_closing,
    rounds.STORY_JOB: tell_of_story,
    **electing.HANDLERS,
    **telling.HANDLERS,
    **telling_steps.HANDLERS,
    **sealing.HANDLERS,
}
