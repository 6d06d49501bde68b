"""The tables of people: who they are, how they sign in, what staff may do."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from patronage.foundation.database import Base, Id, Key, UTCDateTime, words


class Role(StrEnum):
    """What a member of staff may do."""

    EDITOR = "editor"
    BOOKKEEPER = "bookkeeper"
    ADMIN = "admin"


class Person(Base):
    """Somebody with an e-mail address: as they typed it, and as the key by which they are found."""

    __tablename__ = "person"

    id: Mapped[Id]
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str | None]
    language: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class StaffRole(Base):
    """A role somebody holds."""

    __tablename__ = "staff_role"
    __table_args__ = (UniqueConstraint("person_id", "role"),)

    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"))
    role: Mapped[Role] = mapped_column(words(Role))
    granted_at: Mapped[datetime] = mapped_column(UTCDateTime)


class SignIn(Base):
    """One request to sign in: a link and a code by mail, single use, bound to the browser that asked.

    Neither link nor code is stored: both are derived from `nonce` with the secret key when the letter leaves, and only
    their hashes are kept. `person_id` is empty for an address nobody here has, so that both cases look alike.
    """

    __tablename__ = "sign_in"

    id: Mapped[Id]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"), index=True)
    nonce: Mapped[str]
    link_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    browser_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    next_path: Mapped[str]
    tries: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class SessionToken(Base):
    """A signed-in browser; the cookie holds a token of which only the hash is here. Deleting the row signs it out."""

    __tablename__ = "session_token"

    id: Mapped[Id]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class AuditEntry(Base):
    """Something a member of staff (or the operator, who has no id) did that others must be able to look up."""

    __tablename__ = "audit_entry"

    id: Mapped[Id]
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    actor_id: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    deed: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[str]
