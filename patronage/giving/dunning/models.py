"""The tables of late payments and coming charges: failed tries, tries at once, cards on file, notices."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from patronage.foundation.database import Base, Id, Key, UTCDateTime, words
from patronage.giving.models import Pledge

Index("ix_pledge_next_charge_at", Pledge.next_charge_at)  # the notices look ahead along it


class FailedTry(Base):
    """One try by Stripe to take what is due that did not succeed; `attempt` counts those of an invoice from 1.

    `code` is Stripe's word for the reason; the amount is what was due, in minor units. `failed_at` is when we heard of
    it, `invoice_made_at` when the invoice was made: of two that are due, the newer one counts.
    """

    __tablename__ = "failed_try"
    __table_args__ = (UniqueConstraint("invoice_id", "attempt"),)

    id: Mapped[Id]
    pledge_id: Mapped[int] = mapped_column(Key, ForeignKey("pledge.id"), index=True)
    invoice_id: Mapped[str]
    invoice_made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    attempt: Mapped[int]
    code: Mapped[str | None]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    failed_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Retried(StrEnum):
    """What became of a try that a patron asked for."""

    PAID = "paid"
    PENDING = "pending"  # the bank wants days for it, or the patron's own word
    DECLINED = "declined"
    REFUSED = "refused"  # Stripe did not even try: there is no card, or nothing is due


class PaymentRetry(Base):
    """One try that a patron asked for with a button; written before Stripe is called, its outcome after.

    While `settled_at` is empty nobody knows whether the money was taken.
    """

    __tablename__ = "payment_retry"

    id: Mapped[Id]
    pledge_id: Mapped[int] = mapped_column(Key, ForeignKey("pledge.id"), index=True)
    invoice_id: Mapped[str]
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    outcome: Mapped[Retried | None] = mapped_column(words(Retried))


class CardOnFile(Base):
    """The card from which a pledge is paid, as Stripe last told of it; `expires_at` is when its last month is over.

    `told_at` is when its owner was told that it expires; `lapses_at` is when it does, if a charge comes after that.
    """

    __tablename__ = "card_on_file"
    __table_args__ = (
        Index("ix_card_on_file_expires_at_pledge_id", "expires_at", "pledge_id"),
        Index(
            "ix_card_on_file_lapses_at_pledge_id",
            "lapses_at",
            "pledge_id",
            sqlite_where=text("lapses_at IS NOT NULL"),
            postgresql_where=text("lapses_at IS NOT NULL"),
        ),
    )

    pledge_id: Mapped[int] = mapped_column(Key, ForeignKey("pledge.id"), primary_key=True)
    payment_method_id: Mapped[str]
    brand: Mapped[str]
    last4: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    told_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lapses_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class ChargeNotice(Base):
    """What a patron was told of a coming charge: when, and how much, in minor units.

    `pledged_minor` is what the pledge came to then; an offer may make the charge smaller.
    """

    __tablename__ = "charge_notice"
    __table_args__ = (UniqueConstraint("pledge_id", "charge_at"),)

    id: Mapped[Id]
    pledge_id: Mapped[int] = mapped_column(Key, ForeignKey("pledge.id"))
    charge_at: Mapped[datetime] = mapped_column(UTCDateTime)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    pledged_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    written_at: Mapped[datetime] = mapped_column(UTCDateTime)
