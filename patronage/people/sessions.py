"""Signed-in browsers: each holds an opaque token of which only the hash is kept, so that any can be ended at once."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, bindparam, delete, select
from sqlalchemy.orm import Session

from patronage.people.models import Person, SessionToken, StaffRole
from patronage.people.people import SignedIn

PATRONS = timedelta(days=60)
STAFF = timedelta(hours=12)

# One statement for whoever asks: the session, its person, and a row for each role they hold. Every page of somebody
# signed in begins with it, so it is made once, and runs past the ORM.
_SESSION, _PERSON, _ROLE = SessionToken.__table__.c, Person.__table__.c, StaffRole.__table__.c
_WHOSE = (
    select(_PERSON.id, _PERSON.email, _PERSON.language, _ROLE.role)
    .select_from(SessionToken.__table__)
    .join(Person.__table__, _PERSON.id == _SESSION.person_id)
    .outerjoin(StaffRole.__table__, _ROLE.person_id == _PERSON.id)
    .where(_SESSION.token_hash == bindparam("hash"), _SESSION.expires_at > bindparam("now"))
)


def begin(session: Session, person_id: int, now: datetime) -> str:
    """Sign a browser in as `person_id` and return the token for its cookie; staff for 12 hours, others for 60 days."""
    token = secrets.token_urlsafe(32)
    is_staff = session.scalar(select(StaffRole.id).where(StaffRole.person_id == person_id).limit(1)) is not None
    row = SessionToken(token_hash=_hash(token), person_id=person_id, created_at=now)
    row.expires_at = now + (STAFF if is_staff else PATRONS)
    session.add(row)
    session.flush()
    return token


def whose(session: Session, token: str, now: datetime) -> SignedIn | None:
    """Return who is signed in by `token`, in one query, or None when it is unknown, ended or too old."""
    rows = session.connection().execute(_WHOSE, {"hash": _hash(token), "now": now}).all()
    if not rows:
        return None
    roles = frozenset(str(row.role) for row in rows if row.role is not None)
    return SignedIn(rows[0].id, rows[0].email, roles, rows[0].language, token)


def end(session: Session, token: str) -> None:
    """Sign out the browser that holds `token`, and every copy of its cookie."""
    session.execute(delete(SessionToken).where(SessionToken.token_hash == _hash(token)))


def end_all(session: Session, person_id: int) -> int:
    """Sign `person_id` out everywhere; return how many sessions ended."""
    ended = session.execute(delete(SessionToken).where(SessionToken.person_id == person_id))
    assert isinstance(ended, CursorResult)  # noqa: S101 - what a DELETE returns
    return ended.rowcount


def forget_expired(session: Session, now: datetime) -> None:
    """Delete sessions that have run out."""
    session.execute(delete(SessionToken).where(SessionToken.expires_at <= now))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
