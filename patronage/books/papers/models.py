"""The tables of papers: who issues them, receipts that nobody can change, runs of statements, declarations."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from patronage.foundation.database import Base, Id, Key, UTCDateTime, words


class Profile(StrEnum):
    """Whose rules the wording of a paper follows."""

    NONE = "none"
    EU = "eu"
    US_501C3 = "us_501c3"
    UK_GIFT_AID = "uk_gift_aid"


class Paper(StrEnum):
    """What a numbered paper says."""

    RECEIPT = "receipt"
    CREDIT_NOTE = "credit note"  # money went back
    CREDIT_NOTE_CANCELLED = "credit note cancelled"  # it did not arrive, and came back to us


class LegalEntity(Base):
    """Who issues papers; without a name of its own it goes by the newsroom's.

    `country` is two letters, `fiscal_month` the month (1 to 12) in which its year begins, `prefix` stands before the
    year in its numbers. It issues for payments in its `currencies` ("USD GBP"); the first one for all others.
    `goods` says what patrons receive in return, worth `goods_minor` of `goods_currency` with each payment; empty if
    nothing.
    """

    __tablename__ = "legal_entity"
    __table_args__ = (CheckConstraint("fiscal_month BETWEEN 1 AND 12", name="fiscal_month"),)

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")
    country: Mapped[str] = mapped_column(default="")
    registration_number: Mapped[str] = mapped_column(default="")
    tax_number: Mapped[str] = mapped_column(default="")
    charity_number: Mapped[str] = mapped_column(default="")
    fiscal_month: Mapped[int] = mapped_column(default=1)
    profile: Mapped[Profile] = mapped_column(words(Profile), default=Profile.NONE)
    prefix: Mapped[str] = mapped_column(unique=True, default="")
    signatory: Mapped[str] = mapped_column(default="")
    currency_note: Mapped[str] = mapped_column(default="")
    currencies: Mapped[str] = mapped_column(default="")
    goods: Mapped[str] = mapped_column(default="")
    goods_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    goods_currency: Mapped[str] = mapped_column(default="")


class ReceiptCounter(Base):
    """The last number given out by an entity in a year; its row is the lock behind which the next one is taken."""

    __tablename__ = "receipt_counter"

    entity_id: Mapped[int] = mapped_column(Key, ForeignKey("legal_entity.id"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


class ReceiptDonor(Base):
    """The donor as they stood on a receipt; erasing a person empties `name` and `email`, and no receipt is touched."""

    __tablename__ = "receipt_donor"

    id: Mapped[Id]
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"), index=True)
    name: Mapped[str | None]
    email: Mapped[str | None]


class Receipt(Base):
    """A numbered paper about `amount_minor` of `currency`; append-only: triggers refuse UPDATE and DELETE.

    Receipts, credit notes and their cancellations are one series: `serial` runs from 1 without a gap through the
    `year` (of the newsroom's zone) in which an entity issues them. `fact` names what a paper tells ("payment:12",
    "refund:re_…"), so that it is told once. `issuer` is the entity as it stood then. `happened_at` is when the money
    moved, `corrects_id` what a note refers to.
    """

    __tablename__ = "receipt"
    __table_args__ = (
        UniqueConstraint("entity_id", "year", "serial"),
        CheckConstraint("amount_minor > 0", name="positive"),
        Index("ix_receipt_entity_id_happened_at", "entity_id", "happened_at"),
        Index(
            "ix_receipt_notes",
            "payment_id",
            sqlite_where=text("kind <> 'receipt'"),
            postgresql_where=text("kind <> 'receipt'"),
        ),
    )

    id: Mapped[Id]
    reference: Mapped[str] = mapped_column(unique=True)
    entity_id: Mapped[int] = mapped_column(Key, ForeignKey("legal_entity.id"))
    year: Mapped[int]
    serial: Mapped[int]
    number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[Paper] = mapped_column(words(Paper))
    fact: Mapped[str] = mapped_column(unique=True)
    payment_id: Mapped[int] = mapped_column(Key, ForeignKey("payment.id"), index=True)
    corrects_id: Mapped[int | None] = mapped_column(Key, ForeignKey("receipt.id"))
    donor_id: Mapped[int | None] = mapped_column(Key, ForeignKey("receipt_donor.id"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    happened_at: Mapped[datetime] = mapped_column(UTCDateTime)
    issued_at: Mapped[datetime] = mapped_column(UTCDateTime)
    issuer: Mapped[dict[str, Any]] = mapped_column(JSON)


class StatementRun(Base):
    """The sending of all statements of a year: `done` of `total` donors, those up to `after_person_id`."""

    __tablename__ = "statement_run"
    __table_args__ = (UniqueConstraint("entity_id", "year"),)

    id: Mapped[Id]
    entity_id: Mapped[int] = mapped_column(Key, ForeignKey("legal_entity.id"))
    year: Mapped[int]
    started_by: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    after_person_id: Mapped[int] = mapped_column(Key, default=0)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class GiftAidDeclaration(Base):
    """A UK taxpayer's word that tax may be reclaimed on what they give from `covers_since` until they withdraw it.

    `wording` is the text they agreed to. A new declaration withdraws the one before. A `postcode` of "X" stands for an
    address outside the United Kingdom, which is then written out in `house`.
    """

    __tablename__ = "gift_aid_declaration"

    id: Mapped[Id]
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"), index=True)
    entity_id: Mapped[int] = mapped_column(Key, ForeignKey("legal_entity.id"))
    title: Mapped[str]
    first_name: Mapped[str]
    last_name: Mapped[str]
    house: Mapped[str]
    postcode: Mapped[str]
    covers_since: Mapped[datetime] = mapped_column(UTCDateTime)
    wording: Mapped[str]
    declared_at: Mapped[datetime] = mapped_column(UTCDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
