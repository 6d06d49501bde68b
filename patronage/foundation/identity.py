"""Whose pages these are: the newsroom's name, words, logo and colour, edited by an administrator, known everywhere."""

import re
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from patronage.foundation.database import Base, Database, Id, is_unavailable
from patronage.foundation.fresh import Fresh
from patronage.foundation.logs import log
from patronage.foundation.refused import Refused, translatable

DEFAULT_ACCENT = "#0b5d5e"


class NotAColour(Refused):
    """The accent colour is not one a page can use."""

    reason = translatable("Write the colour as # and six digits, for example #0b5d5e.")


class IdentityRow(Base):
    """The one row of what an administrator says about the newsroom; `version` moves with every change."""

    __tablename__ = "identity"

    id: Mapped[Id]
    name: Mapped[str]
    tagline: Mapped[str]
    contact_email: Mapped[str]
    accent: Mapped[str]
    logo_svg: Mapped[str | None]
    story_line: Mapped[str]
    currency: Mapped[str]
    locale: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)


@dataclass(frozen=True)
class Identity:
    """What templates know as `newsroom`."""

    name: str
    tagline: str
    contact_email: str
    accent: str
    logo_svg: str | None
    story_line: str
    currency: str
    locale: str
    version: int

    @property
    def logo_url(self) -> str | None:
        """The address of the logo; it changes with the logo, so it may be cached for long."""
        return f"/logo.svg?v={self.version}" if self.logo_svg else None


def describe(session: Session, **said: str | None) -> None:
    """Write down what an administrator said (fields of `IdentityRow`); pages follow within a second."""
    if "accent" in said and not re.fullmatch(r"#[0-9a-fA-F]{6}", said["accent"] or ""):
        raise NotAColour
    row = session.scalars(select(IdentityRow).with_for_update()).one()
    for field, value in said.items():
        setattr(row, field, value)
    row.version = IdentityRow.version + 1


def read(session: Session) -> Identity:
    """Return the newsroom's identity as it stands in the database."""
    row = session.scalars(select(IdentityRow)).one()
    return Identity(**{field: getattr(row, field) for field in Identity.__dataclass_fields__})


class Known(Fresh[Identity]):
    """The identity as this process last saw it; a call returns it, at most a second old while the database answers."""

    def __init__(self, database: Database) -> None:
        super().__init__(self._look)
        self._database = database
        self._last: Identity | None = None

    def _look(self) -> Identity:
        """Read the identity; without a database the last one holds on, so that pages drawn before are still sent."""
        try:
            with self._database.reading() as session:
                self._last = read(session)
        except Exception as error:
            if self._last is None or not is_unavailable(error):
                raise
            log().error("the newsroom's identity cannot be read", error=str(error)[:300])
        return self._last
