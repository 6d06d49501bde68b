"""The tables of the figures: what each pledge counts for, every change of that, and the changes added up by month.

Amounts are twelfths: the twelfth part of a minor unit a month, so that a yearly gift has a monthly share without a
remainder. A pledge of 5.00 a month counts 6000 twelfths, one of 60.00 a year as many.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from patronage.foundation.database import Base, Id, Key, UTCDateTime, words


class Move(StrEnum):
    """Why a month's income differs from the last one's."""

    NEW = "new"  # somebody who never gave regularly before
    REACTIVATED = "reactivated"  # somebody who had stopped, or rested
    RAISED = "raised"
    LOWERED = "lowered"
    LOST = "lost"  # stopped, given up by Stripe, or resting


class CountedPledge(Base):
    """What a pledge counts for now (nothing once it is lost), and the month in which its giver first gave regularly."""

    __tablename__ = "counted_pledge"

    pledge_id: Mapped[int] = mapped_column(Key, ForeignKey("pledge.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"), index=True)
    currency: Mapped[str]
    twelfths: Mapped[int] = mapped_column(BigInteger)
    cohort: Mapped[str]  # "2026-11"


class PledgeMove(Base):
    """One change of what a pledge counts for: `pledges` is 1, 0 or -1, `twelfths` the difference."""

    __tablename__ = "pledge_move"
    __table_args__ = (Index("ix_pledge_move_month_kind_id", "month", "kind", "id"),)

    id: Mapped[Id]
    pledge_id: Mapped[int] = mapped_column(Key, ForeignKey("pledge.id"), index=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    month: Mapped[str]
    cohort: Mapped[str]
    kind: Mapped[Move] = mapped_column(words(Move))
    currency: Mapped[str]
    pledges: Mapped[int]
    twelfths: Mapped[int] = mapped_column(BigInteger)


class Figure(Base):
    """All moves of a kind in a month, in a currency, of those who first gave in `cohort`, added up."""

    __tablename__ = "figure"

    month: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[Move] = mapped_column(words(Move), primary_key=True)
    cohort: Mapped[str] = mapped_column(primary_key=True)
    moves: Mapped[int]
    pledges: Mapped[int]
    twelfths: Mapped[int] = mapped_column(BigInteger)
