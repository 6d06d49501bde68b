"""Memberships the newsroom gives away: until a day, for a reason, revoked if need be; all of it audited."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.foundation.refused import Refused, Why
from patronage.giving.memberships import letters, unpaid
from patronage.giving.memberships.models import FreeMembership
from patronage.giving.memberships.pricing import Editor
from patronage.giving.models import Pledge, PledgeKind
from patronage.giving.standing import Policy
from patronage.people import audit, people
from patronage.people.models import Person

REVOKED = "revoked"
LONGEST_YEARS = 10


class NoSuchMembership(Refused):
    """There is no complimentary membership with this reference."""

    why = Why.NOT_FOUND
    reason = _l("There is no such membership.")


class MembershipOver(Refused):
    """It has ended already."""

    why = Why.TOO_LATE
    reason = _l("This membership has ended already.")


class DayHasPassed(Refused):
    """The last day is not one to come."""

    reason = _l("Choose a last day between today and ten years from now.")


@dataclass(frozen=True)
class Given:
    """What the desk asks for: whom, until when (UTC), why; `submission` is the form's one-time id."""

    email: str
    until: datetime
    why: str
    submission: str


def give(session: Session, given: Given, policy: Policy, editor: Editor, currency: str) -> Pledge:
    """Make somebody a patron without payment, or move the end of the one they have; sent twice, it is done once.

    Raises `BadAddress`, `DayHasPassed`.
    """
    if not editor.now < given.until < editor.now.replace(year=editor.now.year + LONGEST_YEARS, day=1):
        raise DayHasPassed
    person = people.find_or_add(session, given.email, editor.now)
    session.get_one(Person, person.id, with_for_update=True)  # two clicks go one after the other
    done = session.scalar(select(FreeMembership).where(FreeMembership.submission == given.submission))
    if done is not None:
        return session.get_one(Pledge, done.pledge_id)
    pledge = _begun_or_moved(session, person, given, policy, editor, currency)
    audit.record(
        session, editor.person_id, "complimentary given", f"person {person.id}",
        f"until {given.until:%Y-%m-%d}: {given.why}", editor.now,
    )  # fmt: skip
    letters.tell_of_membership(session, pledge, policy, editor.now)
    return pledge


def _begun_or_moved(
    session: Session, person: Person, given: Given, policy: Policy, editor: Editor, currency: str
) -> Pledge:
    kind = PledgeKind.COMPLIMENTARY
    pledge = unpaid.running(session, kind, person.id)
    if pledge is None or pledge.paid_until is None or pledge.paid_until <= editor.now:
        pledge = unpaid.begin(session, kind, person, given.until, currency, policy, editor.now)
        session.add(
            FreeMembership(
                pledge_id=pledge.id, submission=given.submission, why=given.why, given_by=editor.person_id,
                given_at=editor.now,
            )
        )  # fmt: skip
        return pledge
    unpaid.move_end(session, pledge, given.until, policy, editor.now)
    known = session.get_one(FreeMembership, pledge.id)
    known.submission, known.why, known.given_by = given.submission, given.why, editor.person_id
    return pledge


def revoke(session: Session, reference: str, why: str, policy: Policy, editor: Editor) -> None:
    """End a complimentary membership now, for a reason. Raises `NoSuchMembership`, `MembershipOver`."""
    query = select(Pledge).where(Pledge.reference == reference, Pledge.kind == PledgeKind.COMPLIMENTARY)
    pledge = session.scalar(query.with_for_update())
    if pledge is None:
        raise NoSuchMembership
    if pledge.ended_at is not None:
        raise MembershipOver
    unpaid.end(pledge, REVOKED, policy, editor.now)
    known = session.get_one(FreeMembership, pledge.id)
    known.revoked_by, known.revoked_why = editor.person_id, why
    subject = f"person {pledge.person_id}"
    audit.record(session, editor.person_id, "complimentary revoked", subject, why, editor.now)
    letters.tell_of_revoking(session, pledge, editor.now)


def page_of(session: Session, before: int | None, most: int) -> list[tuple[Pledge, FreeMembership, Person]]:
    """Return up to `most` complimentary memberships, newest first, with why and whose they are."""
    query = (
        select(Pledge, FreeMembership, Person)
        .join(FreeMembership, FreeMembership.pledge_id == Pledge.id)
        .join(Person, Person.id == Pledge.person_id)
        .order_by(Pledge.id.desc())
    )
    if before is not None:
        query = query.where(Pledge.id < before)
    return [(pledge, known, person) for pledge, known, person in session.execute(query.limit(most))]
