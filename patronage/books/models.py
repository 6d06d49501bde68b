"""The tables of the books: payments and what became of them, payouts, and the ledger, which nobody can change."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
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
    PAYOUT_FAILURE = "payout_failure"
    EXCHANGE_OUT = "exchange_out"  # a charge in one currency that Stripe settled in another: what it left the first for
    EXCHANGE_IN = "exchange_in"  # and what came of it in the second
    ADJUSTMENT = "adjustment"  # what else Stripe put on the balance or took from it
    MANUAL = "manual"


class Account(StrEnum):
    """The accounts of the ledger; an entry moves its amount from one to another, so the ledger always balances."""

    STRIPE_BALANCE = "stripe balance"  # what Stripe holds for the newsroom
    BANK = "bank"
    GIFTS = "gifts"  # income
    FEES = "fees"  # cost
    DISPUTES = "disputes"  # income that is being taken back
    EXCHANGE = "exchange"  # between two currencies; what stands on it is the open position, not gain or loss
    ADJUSTMENTS = "adjustments"  # what Stripe moved for other reasons
    CASH = "cash"
    PAYPAL = "paypal"
    CRYPTO = "crypto"


class Channel(StrEnum):
    """How money came."""

    STRIPE = "stripe"
    BANK_TRANSFER = "bank transfer"
    CASH = "cash"
    GRANT = "grant"
    CHEQUE = "cheque"
    PAYPAL = "paypal"
    CRYPTO = "crypto"


class RefundStatus(StrEnum):
    """Where a refund stands, in Stripe's words."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class Payment(Base):
    """Money somebody gave, settled: one row a charge, found again by its ids at Stripe, or one row a manual gift.

    `settled_minor` of `settled_currency` is what it came to on Stripe's balance, before the fee, at `exchange_rate`
    (a decimal as text, where the currencies differ); empty until Stripe's balance transaction is known.
    """

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="positive"),
        CheckConstraint("refunded_minor BETWEEN 0 AND amount_minor", name="refund_within"),
        Index("ix_payment_person_id_paid_at", "person_id", "paid_at"),
    )

    id: Mapped[Id]
    reference: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    channel: Mapped[Channel] = mapped_column(words(Channel), default=Channel.STRIPE)
    charge_id: Mapped[str | None] = mapped_column(unique=True)  # empty for money that came another way
    payment_intent_id: Mapped[str | None] = mapped_column(index=True)
    invoice_id: Mapped[str | None] = mapped_column(index=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    refunded_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    disputed: Mapped[bool] = mapped_column(default=False)
    settled_minor: Mapped[int | None] = mapped_column(BigInteger)
    settled_currency: Mapped[str | None]
    exchange_rate: Mapped[str | None]
    source: Mapped[str | None]
    paid_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


def _few(name: str, column: str, condition: str) -> Index:
    """Return an index of the few rows for which `condition` holds."""
    return Index(name, column, sqlite_where=text(condition), postgresql_where=text(condition))


class Refund(Base):
    """Money given back, or on its way back, as Stripe last said; several may belong to one payment.

    `seen_at` is when staff took note of one that failed.
    """

    __tablename__ = "refund"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="positive"),
        Index(
            "ix_refund_unseen",
            "status",
            sqlite_where=text("seen_at IS NULL"),
            postgresql_where=text("seen_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    stripe_id: Mapped[str] = mapped_column(unique=True)
    payment_id: Mapped[int] = mapped_column(Key, ForeignKey("payment.id"), index=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    status: Mapped[RefundStatus] = mapped_column(words(RefundStatus))
    failure_reason: Mapped[str | None]
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Dispute(Base):
    """A bank that wants a payment back, as Stripe last said. `status` and `reason` are Stripe's words.

    `fee_minor` of `fee_currency` is what Stripe charged for it, `due_by` until when the newsroom may answer;
    `evidence_draft` is what staff wrote and have not sent yet.
    """

    __tablename__ = "dispute"

    id: Mapped[Id]
    stripe_id: Mapped[str] = mapped_column(unique=True)
    payment_id: Mapped[int] = mapped_column(Key, ForeignKey("payment.id"), index=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    reason: Mapped[str]
    status: Mapped[str] = mapped_column(index=True)
    opened_at: Mapped[datetime] = mapped_column(UTCDateTime)
    due_by: Mapped[datetime | None] = mapped_column(UTCDateTime)
    evidence_draft: Mapped[str | None]
    evidence_sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    fee_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    fee_currency: Mapped[str | None]


class FraudWarning(Base):
    """A bank's early word that a payment may be a fraud; `fraud_type` is Stripe's word.

    `is_actionable` as long as giving the money back could still spare a dispute; `dismissed_at` when staff let it be.
    """

    __tablename__ = "fraud_warning"

    id: Mapped[Id]
    stripe_id: Mapped[str] = mapped_column(unique=True)
    payment_id: Mapped[int] = mapped_column(Key, ForeignKey("payment.id"), index=True)
    fraud_type: Mapped[str]
    is_actionable: Mapped[bool]
    warned_at: Mapped[datetime] = mapped_column(UTCDateTime)
    dismissed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Payout(Base):
    """Money Stripe sent to the newsroom's bank. `status` is Stripe's word.

    `matched_at` is when its lines were compared with the ledger, `difference_minor` what was left over then: zero when
    the books explain the payout to the cent.
    """

    __tablename__ = "payout"

    id: Mapped[Id]
    stripe_id: Mapped[str] = mapped_column(unique=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    status: Mapped[str]
    is_automatic: Mapped[bool]
    made_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    arrives_at: Mapped[datetime] = mapped_column(UTCDateTime)
    failure_reason: Mapped[str | None]
    matched_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    difference_minor: Mapped[int | None] = mapped_column(BigInteger)


class PayoutLine(Base):
    """One of Stripe's balance transactions inside a payout: `amount_minor` less `fee_minor` is what it brought.

    `type` is Stripe's reporting category, `source_id` the charge, refund, dispute … it belongs to, `explained_minor`
    what the ledger holds for it, in the same currency.
    """

    __tablename__ = "payout_line"

    id: Mapped[Id]
    balance_transaction_id: Mapped[str] = mapped_column(unique=True)
    payout_id: Mapped[int] = mapped_column(Key, ForeignKey("payout.id"), index=True)
    type: Mapped[str]
    source_id: Mapped[str | None]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    fee_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    explained_minor: Mapped[int] = mapped_column(BigInteger)


class ClosedMonth(Base):
    """A month of the books that is locked: nothing is booked into it any more.

    `month` is "2026-11", `ends_at` the first moment after it, in the newsroom's zone as it was at the closing.
    """

    __tablename__ = "closed_month"

    id: Mapped[Id]
    month: Mapped[str] = mapped_column(unique=True)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    closed_by: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    figures: Mapped[dict[str, Any]] = mapped_column(JSON)  # what the month view said then


class LedgerEntry(Base):
    """`amount_minor` (always positive) of `currency` moved from the account `credit` to the account `debit`.

    Append-only: triggers refuse UPDATE and DELETE; a correction is a new entry. `stripe_id` is the id of the fact
    at Stripe (for manual entries, of the fact here), and one fact of a kind is entered once. `posted_at` is when it
    was written down; `booked_at` decides the month it counts in: when it happened, or later if that month is closed.
    `balance_transaction_id` is Stripe's, where it was known when the entry was made.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        UniqueConstraint("kind", "stripe_id"),
        CheckConstraint("amount_minor > 0", name="positive"),
        CheckConstraint("debit <> credit", name="two_accounts"),
        Index("ix_ledger_entry_month", "booked_at", "kind", "debit", "credit", "currency", "amount_minor"),
        _few("ix_ledger_entry_manual", "booked_at", "kind = 'manual'"),
        _few("ix_ledger_entry_corrects_id", "corrects_id", "corrects_id IS NOT NULL"),
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
    booked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    balance_transaction_id: Mapped[str | None] = mapped_column(index=True)
    corrects_id: Mapped[int | None] = mapped_column(Key, ForeignKey("ledger_entry.id"))
    entered_by: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))  # for manual entries
    note: Mapped[str | None]


class ManualGift(Base):
    """What is known of a payment that came past Stripe; the money itself is its `Payment` and entries of the ledger.

    `coin`, `coin_amount` and `coin_rate` (decimals as text: what one coin was worth in the payment's currency) and
    `rate_source` tell of crypto. `submission` is the one-time id of the form it was entered with.
    """

    __tablename__ = "manual_gift"

    payment_id: Mapped[int] = mapped_column(Key, ForeignKey("payment.id"), primary_key=True)
    submission: Mapped[str] = mapped_column(unique=True)
    giver_name: Mapped[str]
    note: Mapped[str]
    coin: Mapped[str | None]
    coin_amount: Mapped[str | None]
    coin_rate: Mapped[str | None]
    rate_source: Mapped[str | None]
    entered_at: Mapped[datetime] = mapped_column(UTCDateTime)
    entered_by: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    reversed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reversed_by: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    reversed_because: Mapped[str | None]
