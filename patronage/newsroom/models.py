"""The tables of the newsroom's own: which digests a member of staff wants."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from patronage.foundation.database import Base, Key


class DigestChoice(Base):
    """Whether somebody on the staff wants the digest at a round's closing, and the weekly one; without a row, both."""

    __tablename__ = "digest_choice"

    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"), primary_key=True)
    at_closing: Mapped[bool]
    weekly: Mapped[bool]
