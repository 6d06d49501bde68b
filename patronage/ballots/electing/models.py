"""The table of those who want no letters about votes."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from patronage.foundation.database import Base, Key, UTCDateTime


class VoteLettersStopped(Base):
    """Somebody who wants neither invitations nor reminders; they may vote all the same."""

    __tablename__ = "vote_letters_stopped"

    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"), primary_key=True)
    stopped_at: Mapped[datetime] = mapped_column(UTCDateTime)
