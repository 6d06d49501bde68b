"""Tokens of the read API: made once and shown once, known by their hash, revoked at once."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from patronage.foundation.refused import Refused, Why, translatable
from patronage.newsroom.api.models import ApiToken
from patronage.people import audit

BEGINNING = "patronage_"  # so that scanners of published code can tell what they found
SHOWN = len(BEGINNING) + 6


class Scope(StrEnum):
    """What a token opens."""

    RESULTS = "results:read"  # rounds, and their results once they are closed
    STORIES = "stories:read"  # stories that came of votes


class NoSuchToken(Refused):
    """There is no such token."""

    why = Why.NOT_FOUND
    reason = translatable("There is no such token.")


@dataclass(frozen=True)
class Holder:
    """Whoever sent a token that holds; `used_at` is the hour of its last use that is written down."""

    token_id: int
    scopes: frozenset[str]
    used_at: datetime | None


def issue(
    session: Session, name: str, scopes: list[str], expires_at: datetime | None, actor_id: int | None, now: datetime
) -> str:
    """Make a token and return it: 256 random bits in text, of which only the SHA-256 stays here."""
    token = BEGINNING + secrets.token_urlsafe(32)
    wanted = [scope.value for scope in Scope if scope in scopes]
    session.add(
        ApiToken(
            name=name, prefix=token[:SHOWN], token_hash=_hash(token), scopes=wanted, created_at=now,
            created_by=actor_id, expires_at=expires_at,
        )
    )  # fmt: skip
    audit.record(session, actor_id, "API token made", name, f"{token[:SHOWN]}…: {', '.join(wanted)}", now)
    return token


def revoke(session: Session, token_id: int, actor_id: int | None, now: datetime) -> None:
    """End a token, from this moment on; idempotent. Raises `NoSuchToken`."""
    found = session.get(ApiToken, token_id, with_for_update=True)
    if found is None:
        raise NoSuchToken
    if found.revoked_at is None:
        found.revoked_at = now
        audit.record(session, actor_id, "API token revoked", found.name, f"{found.prefix}…", now)


def every(session: Session) -> list[ApiToken]:
    """Return all tokens, those that hold before those that were revoked, the newest first."""
    return list(session.scalars(select(ApiToken).order_by(ApiToken.revoked_at.is_not(None), ApiToken.id.desc())))


def holder(session: Session, token: str, now: datetime) -> Holder | None:
    """Return who holds `token`, or None if it is not, or no longer, one of ours."""
    row = session.execute(
        select(ApiToken.id, ApiToken.scopes, ApiToken.last_used_at)
        .where(ApiToken.token_hash == _hash(token), ApiToken.revoked_at.is_(None))
        .where(or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > now))
    ).first()
    return Holder(row.id, frozenset(row.scopes), row.last_used_at) if row else None


def note_use(session: Session, token_id: int, hour: datetime) -> None:
    """Write down that a token was used in `hour`."""
    session.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=hour))


def hour_of(moment: datetime) -> datetime:
    """Return the beginning of the hour of `moment`."""
    return moment.replace(minute=0, second=0, microsecond=0)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
