"""Letters to those who may vote: that voting has begun, and once or twice a reminder to those who have not voted.

Who was reminded would say who had not voted, so no page shows it, and no number of reminders either.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from patronage.ballots import rounds
from patronage.ballots.electing import electorate
from patronage.ballots.electing.models import VoteLettersStopped
from patronage.ballots.models import Electorate, MailingKind, Round, RoundMailing
from patronage.ballots.refusals import NotOpenNow, RemindedAlready
from patronage.foundation import jobs, outbox
from patronage.foundation.outbox import Letter
from patronage.people import audit
from patronage.people.models import Person

JOB = "ballots/write_to_voters"
AT_ONCE = 500
TEMPLATES = {
    MailingKind.INVITATION: "ballots/invitation",
    MailingKind.REMINDER: "ballots/reminder",
    MailingKind.LAST_CALL: "ballots/reminder",
}


@dataclass(frozen=True)
class Mailed:
    """Letters of one kind: when they were begun; of invitations how many were written, sent, and given up."""

    kind: MailingKind
    begun_at: datetime
    written: int
    sent: int
    refused: int


def arrange(session: Session, round_: Round, kind: MailingKind, due_at: datetime) -> None:
    """Have the worker write letters of `kind` from `due_at` on; asked again, it changes nothing."""
    data = {"round": round_.id, "kind": kind.value, "after": 0}
    jobs.put(session, JOB, data, due_at, once=f"{JOB}:{round_.id}:{kind.value}:0")


def remind(session: Session, round_id: int, actor_id: int | None, now: datetime) -> None:
    """Have those reminded who have not voted, at an editor's word, once. Raises `NotOpenNow`, `RemindedAlready`."""
    round_ = rounds.locked(session, round_id)
    if not rounds.takes_votes(round_, now):
        raise NotOpenNow
    if session.get(RoundMailing, (round_id, MailingKind.LAST_CALL)):
        raise RemindedAlready
    _begin(session, round_, MailingKind.LAST_CALL, now)
    arrange(session, round_, MailingKind.LAST_CALL, now)
    audit.record(session, actor_id, "voters reminded", f"round {round_id}", round_.title, now)


def write_some(session: Session, round_: Round, kind: MailingKind, after: int, now: datetime) -> None:
    """Write the next letters of `kind`, to people with ids above `after`, and arrange for the rest.

    Nothing is written once the round takes no votes any more.
    """
    if not rounds.takes_votes(round_, now):
        return
    mailing = _begin(session, round_, kind, now)
    people = _people(session, round_, kind, after, now)
    facts: dict[str, Any] = {"round": round_.id, "title": round_.title, "closes_at": round_.closes_at.isoformat()}
    for person in people:
        facts["person"] = person.id
        outbox.write(
            session, TEMPLATES[kind], person.email, dict(facts), now, recipient_id=person.id, language=person.language,
            once=f"{_name(round_.id, kind)}{person.id}", crowd=True,
        )  # fmt: skip
    mailing.last_letter = _last_letter(session)
    if len(people) < AT_ONCE:
        mailing.ended_at = now
        return
    data = {"round": round_.id, "kind": kind.value, "after": people[-1].id}
    jobs.put(session, JOB, data, now, once=f"{JOB}:{round_.id}:{kind.value}:{people[-1].id}")


def handle(session: Session, data: dict[str, Any], now: datetime) -> None:
    """Do the worker's part of `JOB`."""
    write_some(session, session.get_one(Round, data["round"]), MailingKind(data["kind"]), data["after"], now)


def mailings(session: Session, round_id: int) -> list[Mailed]:
    """Return which letters were written for a round; of invitations how they fared, of reminders when and no more."""
    invitations = and_(
        RoundMailing.kind == MailingKind.INVITATION, Letter.id > RoundMailing.first_letter,
        Letter.id <= RoundMailing.last_letter,
        Letter.once.startswith(_name(round_id, MailingKind.INVITATION), autoescape=True),
    )  # fmt: skip
    which = (RoundMailing.kind, RoundMailing.begun_at)
    query = select(*which, func.count(Letter.id), func.count(Letter.done_at), func.count(Letter.dead_at))
    query = query.select_from(RoundMailing).outerjoin(Letter, invitations).where(RoundMailing.round_id == round_id)
    return [Mailed(*row) for row in session.execute(query.group_by(*which).order_by(RoundMailing.begun_at))]


def _people(session: Session, round_: Round, kind: MailingKind, after: int, now: datetime) -> list[Person]:
    entitled, moments = electorate.entitled(round_, now)
    query = select(Person).where(Person.id.in_(entitled), Person.id > after).order_by(Person.id).limit(AT_ONCE)
    query = query.where(Person.id.not_in(select(VoteLettersStopped.person_id)))
    if kind is not MailingKind.INVITATION:
        voted = select(Electorate.person_id).where(Electorate.round_id == round_.id, Electorate.voted)
        query = query.where(Person.id.not_in(voted))
    return list(session.scalars(query, moments))


def _begin(session: Session, round_: Round, kind: MailingKind, now: datetime) -> RoundMailing:
    mailing = session.get(RoundMailing, (round_.id, kind))
    if mailing is None:
        last = _last_letter(session)
        mailing = RoundMailing(round_id=round_.id, kind=kind, begun_at=now, first_letter=last, last_letter=last)
        session.add(mailing)
        session.flush()
    return mailing


def _last_letter(session: Session) -> int:
    return session.scalar(select(func.max(Letter.id))) or 0


def _name(round_id: int, kind: MailingKind) -> str:
    return f"{kind.value}:{round_id}:"
