"""The tables of giving: what people pledge, on what terms, what Stripe told of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from patronage.foundation.database import Base, Id, Key, UTCDateTime, words


class Interval(StrEnum):
    """How often a pledge is paid."""

    ONCE = "once"
    MONTH = "month"
    YEAR = "year"


class PledgeKind(StrEnum):
    """Where a pledge comes from; only paid ones are known to Stripe."""

    PAID = "paid"
    COMPLIMENTARY = "complimentary"  # the newsroom's thanks, until a day
    PRESENT = "present"  # paid by somebody else, until a day
    MANUAL = "manual"  # paid past Stripe (a bank transfer, cash), until a day


class PledgeState(StrEnum):
    """Where a pledge stands; decided by `standing.state_of` from the facts beside it."""

    OFFERED = "offered"
    ACTIVE = "active"
    PAST_DUE = "past due"
    PAUSED = "paused"
    ENDED = "ended"


class Outcome(StrEnum):
    """What became of an event from Stripe."""

    APPLIED = "applied"
    IGNORED = "ignored"  # a type that changes nothing here
    UNMATCHED = "unmatched"  # about something that is not ours
    FAILED = "failed"


class Tier(Base):
    """A level of support: a name, and what comes with it; its prices are `memberships.models.TierPrice`."""

    __tablename__ = "tier"

    id: Mapped[Id]
    name: Mapped[str]
    benefits: Mapped[str]
    position: Mapped[int]


class SuggestedAmount(Base):
    """One of the four amounts the support page suggests for an interval and currency."""

    __tablename__ = "suggested_amount"
    __table_args__ = (UniqueConstraint("interval", "currency", "amount_minor"),)

    id: Mapped[Id]
    interval: Mapped[Interval] = mapped_column(words(Interval))
    currency: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    preselected: Mapped[bool] = mapped_column(default=False)


class Pledge(Base):
    """What somebody gives: once, monthly or yearly. Facts from Stripe stand here as they were last fetched.

    `amount_minor` is the gift, `fee_cover_minor` what was added for the fee; both are charged together.
    `patron_until` is when this pledge stops making its giver a patron unless it is paid again; empty if it never did.
    """

    __tablename__ = "pledge"
    __table_args__ = (
        CheckConstraint("amount_minor > 0 OR (amount_minor = 0 AND kind <> 'paid')", name="positive"),
        Index("ix_pledge_person_id_patron_until", "person_id", "patron_until"),
        Index("ix_pledge_state_id", "state", "id"),
    )

    id: Mapped[Id]
    reference: Mapped[str] = mapped_column(unique=True)
    person_id: Mapped[int] = mapped_column(Key, ForeignKey("person.id"))
    kind: Mapped[PledgeKind] = mapped_column(words(PledgeKind), default=PledgeKind.PAID)
    interval: Mapped[Interval] = mapped_column(words(Interval))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    fee_cover_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    currency: Mapped[str]
    source: Mapped[str | None]
    state: Mapped[PledgeState] = mapped_column(words(PledgeState))
    offered_at: Mapped[datetime] = mapped_column(UTCDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # when its first payment settled
    past_due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failure_code: Mapped[str | None]  # why the last payment failed, in Stripe's word; empty once one succeeds
    tries: Mapped[int] = mapped_column(default=0)  # how often the payment that is due now was tried
    next_try_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    paused_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    resumes_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # when a pause ends by itself
    trial_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    next_charge_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # when it will end, if that is arranged
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_because: Mapped[str | None]
    why_stopped: Mapped[str | None]  # in the patron's own words, if they left any
    free_until: Mapped[datetime | None] = mapped_column(UTCDateTime)  # the end of a period for which nothing was due
    paid_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    patron_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    stripe_customer_id: Mapped[str | None] = mapped_column(index=True)
    stripe_subscription_id: Mapped[str | None] = mapped_column(unique=True)
    stripe_status: Mapped[str | None]  # the subscription's, as last fetched
    version: Mapped[int] = mapped_column(default=0)


class Checkout(Base):
    """One attempt to pay a pledge at Stripe's page; the idempotency key is saved before Stripe is called.

    `browser_hash` and `network_hash` tell the browser that asked for it from others: only there is the page handed
    out again, and only there does paying sign a newcomer in.
    """

    __tablename__ = "checkout"

    id: Mapped[Id]
    pledge_id: Mapped[int] = mapped_column(Key, ForeignKey("pledge.id"), index=True)
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    stripe_session_id: Mapped[str | None] = mapped_column(unique=True)
    url: Mapped[str | None]
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    outcome: Mapped[str | None]  # paid, unpaid (a bank debit on its way), failed, expired
    browser_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    network_hash: Mapped[bytes | None] = mapped_column(LargeBinary)


class PledgePayment(Base):
    """Which payment paid which pledge, and until when."""

    __tablename__ = "pledge_payment"

    payment_id: Mapped[int] = mapped_column(Key, ForeignKey("payment.id"), primary_key=True)
    pledge_id: Mapped[int] = mapped_column(Key, ForeignKey("pledge.id"), index=True)
    paid_until: Mapped[datetime | None] = mapped_column(UTCDateTime)


class StripeEvent(Base):
    """An event as Stripe sent it, written down before anything else is done; applied by the worker."""

    __tablename__ = "stripe_event"
    __table_args__ = (
        Index(
            "ix_stripe_event_waiting",
            "due_at",
            sqlite_where=text("applied_at IS NULL"),
            postgresql_where=text("applied_at IS NULL"),
        ),
        Index(
            "ix_stripe_event_failed",
            "received_at",
            sqlite_where=text("outcome = 'failed'"),
            postgresql_where=text("outcome = 'failed'"),
        ),
    )

    id: Mapped[Id]
    event_id: Mapped[str] = mapped_column(unique=True)
    type: Mapped[str]
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    leased_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    applied_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    outcome: Mapped[Outcome | None] = mapped_column(words(Outcome))
    last_error: Mapped[str | None]
