"""What the worker does for ideas: one letter for each step to everybody who asked to be told of it."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.ballots.models import Topic
from patronage.ballots.suggesting import backing, steps
from patronage.ballots.suggesting.models import Milestone, TopicStep
from patronage.foundation import jobs, outbox
from patronage.foundation.tools import Tools
from patronage.people.models import Person

LETTER = "ballots/idea_moved"
AT_ONCE = 500
# What is said to readers with these steps; who is on a topic is the desk's own business.
WITH_NOTE = frozenset({Milestone.DECLINED, Milestone.NOT_CHOSEN, Milestone.MERGED})


def tell_of_step(tools: Tools, data: dict[str, Any]) -> None:
    """Write the letters about one step, some hundreds a time."""
    now = tools.clock.now()
    with tools.database.transaction() as session:
        step = session.get_one(TopicStep, data["step"])
        place = steps.chain(session, step.topic_id)[-1]
        facts = _facts(session, step, place)
        wanted = select(Person).where(Person.id.in_(backing.wanting(place)), Person.id > data.get("after", 0))
        people = session.scalars(wanted.order_by(Person.id).limit(AT_ONCE)).all()
        for person in people:
            outbox.write(
                session, LETTER, person.email, {**facts, "person": person.id}, now, recipient_id=person.id,
                language=person.language, once=f"step:{step.id}:{person.id}", crowd=True,
            )  # fmt: skip
        if len(people) == AT_ONCE:
            after = people[-1].id
            jobs.put(
                session, steps.TELLING_JOB, {**data, "after": after}, now, f"{steps.TELLING_JOB}:{step.id}:{after}"
            )


def _facts(session: Session, step: TopicStep, place: int) -> dict[str, Any]:
    topic = session.get_one(Topic, step.topic_id)
    return {
        "topic": place, "title": topic.title, "what": step.what.value, "round": step.round_id,
        "note": step.note if step.what in WITH_NOTE else None,
    }  # fmt: skip


HANDLERS = {steps.TELLING_JOB: tell_of_step}
