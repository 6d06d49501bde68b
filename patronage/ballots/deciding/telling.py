"""Tells those who asked: one letter to everybody who voted on a topic or asked to be told of it, once.

Nobody can know who ticked what, so nobody is told "because you ticked this": the letter goes to everybody who took part
in the vote, and says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from patronage.ballots.deciding import credit
from patronage.ballots.deciding.models import EditorialDecision, Telling, Tidings
from patronage.ballots.deciding.notes import clean_lines
from patronage.ballots.deciding.refusals import NoSuchTelling, NoteMissing, ToldAlready
from patronage.ballots.electing.models import VoteLettersStopped
from patronage.ballots.models import Electorate, Round, RoundTopic, Topic
from patronage.ballots.suggesting import backing
from patronage.foundation import jobs, outbox
from patronage.foundation.tools import Tools
from patronage.people import audit
from patronage.people.models import Person

TELL = "ballots/tell"
AT_ONCE = 500
LONGEST_NOTE = 2000
KINDS = {Tidings.STORY: "ballots/you_asked", Tidings.WHY_NOT: "ballots/why_not"}


@dataclass(frozen=True)
class Letter:
    """What a letter is filled with; `note(language)` is what the desk wrote for that language."""

    kind: str
    said: Mapping[str, Any]
    notes: Mapping[str, str]

    def facts(self, language: str, *, voted: bool, person: int | None = None) -> dict[str, Any]:
        """Return the data of the letter to a `person` who speaks `language`, and who voted or only asked for it."""
        to = {} if person is None else {"person": person}
        return {**self.said, **to, "note": self.note(language), "voted": voted}

    def note(self, language: str) -> str:
        """Return the note in `language`, or in the first language it was written in."""
        return self.notes.get(language) or next(filter(None, self.notes.values()), "")


def found(session: Session, telling_id: int, *, lock: bool = False) -> Telling:
    """Return a telling. Raises `NoSuchTelling`."""
    telling = session.get(Telling, telling_id, with_for_update=lock)
    if telling is None:
        raise NoSuchTelling
    return telling


def letter(session: Session, telling: Telling) -> Letter:
    """Return what the letter of `telling` says, as it stands now."""
    topic = session.get_one(Topic, telling.topic_id)
    round_ = session.get(Round, telling.round_id) if telling.round_id else None
    asked = credit.of_topic(session, topic) if telling.about is Tidings.STORY else None
    said = {
        "title": topic.title, "topic": topic.id, "story_url": topic.story_url, "patrons": asked.votes if asked else 0,
        "round": round_.id if round_ else None, "round_title": round_.title if round_ else "",
        "reason": _reason(session, telling),
    }  # fmt: skip
    return Letter(KINDS[telling.about], said, telling.notes)


def write_notes(session: Session, telling_id: int, notes: Mapping[str, str]) -> Telling:
    """Keep what the desk wants to say, by language, until it is sent. Raises `NoSuchTelling`, `ToldAlready`."""
    telling = _untold(session, telling_id)
    kept = {language: clean_lines(text)[:LONGEST_NOTE] for language, text in notes.items()}
    telling.notes = {language: text for language, text in kept.items() if text}
    return telling


def send(session: Session, telling_id: int, actor_id: int | None, now: datetime) -> Telling:
    """Put the letters on their way, once. Raises `NoSuchTelling`, `ToldAlready`, `NoteMissing`."""
    telling = _untold(session, telling_id)
    if telling.about is Tidings.STORY and not telling.notes:
        raise NoteMissing
    telling.told_at, telling.told_by = now, actor_id
    jobs.put(session, TELL, {"telling": telling.id, "after": 0}, now, once=f"{TELL}:{telling.id}:0")
    title = session.get_one(Topic, telling.topic_id).title
    audit.record(session, actor_id, "voters told", f"topic {telling.topic_id}", title, now)
    return telling


def how_many(session: Session, telling: Telling) -> int:
    """Return to how many people the letter goes."""
    return session.scalar(select(func.count()).select_from(Person).where(_concerned(telling))) or 0


def tell(tools: Tools, data: dict[str, Any]) -> None:
    """Write the letters of a telling, some hundreds a time; a job of the worker."""
    now = tools.clock.now()
    with tools.database.transaction() as session:
        telling = found(session, data["telling"])
        said, people = letter(session, telling), _people(session, telling, data["after"])
        for person, voted in people:
            outbox.write(
                session, said.kind, person.email, said.facts(person.language, voted=voted, person=person.id), now,
                recipient_id=person.id, language=person.language, once=f"{telling.once}:{person.id}", crowd=True,
            )  # fmt: skip
        if len(people) == AT_ONCE:
            after = people[-1][0].id
            jobs.put(session, TELL, {**data, "after": after}, now, once=f"{TELL}:{telling.id}:{after}")


def _people(session: Session, telling: Telling, after: int) -> Sequence[tuple[Person, bool]]:
    query = select(Person, _voted(telling)).where(_concerned(telling), Person.id > after)
    return [(person, bool(voted)) for person, voted in session.execute(query.order_by(Person.id).limit(AT_ONCE))]


def _concerned(telling: Telling) -> ColumnElement[bool]:
    """Return the condition "this person is to be told", about the person's row."""
    asked = or_(_voted(telling), Person.id.in_(backing.wanting(telling.topic_id)))
    return and_(asked, Person.id.not_in(select(VoteLettersStopped.person_id)))


def _voted(telling: Telling) -> ColumnElement[bool]:
    asked = select(Round.id).join(RoundTopic, RoundTopic.round_id == Round.id)
    asked = asked.where(RoundTopic.topic_id == telling.topic_id, Round.closed_at.is_not(None))
    if telling.about is Tidings.WHY_NOT:
        asked = asked.where(Round.id == telling.round_id)
    return Person.id.in_(select(Electorate.person_id).where(Electorate.round_id.in_(asked), Electorate.voted))


def _reason(session: Session, telling: Telling) -> str:
    if telling.about is not Tidings.WHY_NOT:
        return ""
    latest = select(EditorialDecision.reason).filter_by(round_id=telling.round_id, topic_id=telling.topic_id)
    return session.scalar(latest.order_by(EditorialDecision.id.desc()).limit(1)) or ""


def _untold(session: Session, telling_id: int) -> Telling:
    telling = found(session, telling_id, lock=True)
    if telling.told_at is not None:
        raise ToldAlready
    return telling


HANDLERS = {TELL: tell}
