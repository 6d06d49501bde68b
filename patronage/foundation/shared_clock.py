"""The demo's clock as the database knows it, so that views which compare with the present follow it too."""

from sqlalchemy import Double
from sqlalchemy.orm import Mapped, Session, mapped_column

from patronage.foundation.clock import SystemClock
from patronage.foundation.database import Base, Id
from patronage.foundation.tools import Tools


class ClockOffset(Base):
    """The one row that says how many seconds the service's clock stands ahead of the database's; 0 outside demos."""

    __tablename__ = "clock_offset"

    id: Mapped[Id]
    seconds: Mapped[float] = mapped_column(Double)


def follow(tools: Tools) -> bool:
    """Write the clock's offset down where it has moved; one of the worker's turns. Tell whether it had moved."""
    if not isinstance(tools.clock, SystemClock):
        return False
    seconds = tools.clock.offset().total_seconds()
    with tools.database.reading() as session:
        if _known(session) == seconds:
            return False
    with tools.database.transaction() as session:
        session.get_one(ClockOffset, 1).seconds = seconds
    return True


def _known(session: Session) -> float:
    return session.get_one(ClockOffset, 1).seconds
