"""The tables of the books: payments that came in, and the entries of the ledger, which nobody can change."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from patronage.foundation.database import Base, Id, Key, UTCDateTime, words


class EntryKind(StrEnum):
    """What a ledger entry tells."""

    PAYMENT = "payment"
    FEE = "fee"
    REFUND = "refund"
    REFUND_FAILURE = "refund_failure"
    DISPUTE = "dispute"
    DISPUTE_FEE = "dispute_fee"
    DISPUTE_REVERSAL = "dispute_reversal"
    PAYOUT = "payout"
    MANUAL = "manual"


class Account(StrEnum):
    """The accounts of the ledger; an entry moves its amount from one to another, so the ledger always balances."""

    STRIPE_BALANCE = "stripe balance"  # what Stripe holds for the newsroom
    BANK = "bank"
    GIFTS = "gifts"  # income
    FEES = "fees"  # cost
    DISPUTES = "disputes"  # income that is being taken back


class Payment(Base):
    """Money somebody gave, settled: one row a charge, found again by its ids at Stripe."""

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="positive"),
        CheckConstraint("refunded_minor BETWEEN 0 AND amount_minor", name="refund_within"),
        Index("ix_payment_person_id_paid_at", "person_id", "paid_at"),
    )

    id: Mapped[Id]
    reference: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    charge_id: Mapped[str] = mapped_column(unique=True)
    payment_intent_id: Mapped[str | None] = mapped_column(index=True)
    invoice_id: Mapped[str | None] = mapped_column(index=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    refunded_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    disputed: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str | None]
    paid_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class LedgerEntry(Base):
    """`amount_minor` (always positive) of `currency` moved from the account `credit` to the account `debit`.

    Append-only: triggers refuse UPDATE and DELETE; a correction is a new entry. `stripe_id` is the id of the fact
    at Stripe, and one fact of a kind is entered once.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        UniqueConstraint("kind", "stripe_id"),
        CheckConstraint("amount_minor > 0", name="positive"),
        CheckConstraint("debit <> credit", name="two_accounts"),
    )

    id: Mapped[Id]
    kind: Mapped[EntryKind] = mapped_column(words(EntryKind))
    stripe_id: Mapped[str]
    payment_id: Mapped[int | None] = mapped_column(Key, ForeignKey("payment.id"), index=True)
    debit: Mapped[Account] = mapped_column(words(Account, "debit"))
    credit: Mapped[Account] = mapped_column(words(Account, "credit"))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    posted_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
