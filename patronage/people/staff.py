"""Who works here, and what they may do; every change signs the person out and is written down."""

from datetime import datetime

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.orm import Session

from patronage.foundation import identity
from patronage.foundation.jobs import insert_ignoring
from patronage.foundation.refused import Refused
from patronage.people import audit, people, sessions
from patronage.people.models import Person, Role, StaffRole


class NoSuchRole(Refused):
    """The role is not one that staff can hold."""

    reason = "There is no such role. The roles are: " + ", ".join(Role) + "."


def grant(session: Session, email: str, role: str, now: datetime, actor_id: int | None = None) -> Person:
    """Give the person known by `email` the `role`, and end their sessions; idempotent.

    Somebody new is added, and spoken to in the newsroom's language until they choose another.
    `actor_id` is who did it, None for the operator. Raises `BadAddress`, `NoSuchRole`.
    """
    wanted = _role(role)
    person = people.find_or_add(session, email, now, language=identity.read(session).locale)
    if wanted in roles_of(session, person.id):
        return person
    insert_ignoring(session, StaffRole, {"person_id": person.id, "role": wanted, "granted_at": now})
    sessions.end_all(session, person.id)
    audit.record(session, actor_id, "role granted", f"person {person.id}", wanted.value, now)
    return person


def revoke(session: Session, email: str, role: str, now: datetime, actor_id: int | None = None) -> Person:
    """Take the `role` from the person known by `email` and end their sessions; idempotent.

    Raises `BadAddress`, `NobodyHere`, `NoSuchRole`.
    """
    wanted = _role(role)
    person = people.known(session, email)
    held = delete(StaffRole).where(StaffRole.person_id == person.id, StaffRole.role == wanted)
    taken = session.execute(held)
    assert isinstance(taken, CursorResult)  # noqa: S101 - what a DELETE returns
    if taken.rowcount:
        sessions.end_all(session, person.id)
        audit.record(session, actor_id, "role revoked", f"person {person.id}", wanted.value, now)
    return person


def roles_of(session: Session, person_id: int) -> frozenset[str]:
    """Return the names of the roles `person_id` holds."""
    return frozenset(str(role) for role in session.scalars(select(StaffRole.role).filter_by(person_id=person_id)))


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError as error:
        raise NoSuchRole from error
