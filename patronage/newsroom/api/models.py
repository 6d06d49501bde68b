"""The table of the read API: its tokens, of which only a hash is kept."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from patronage.foundation.database import Base, Id, Key, UTCDateTime


class ApiToken(Base):
    """A program's right to read: `prefix` is how people tell tokens apart, `scopes` what it opens.

    `last_used_at` is kept to the hour: it is there to find tokens nobody needs, not to watch anybody.
    """

    __tablename__ = "api_token"

    id: Mapped[Id]
    name: Mapped[str]
    prefix: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    created_by: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
