"""The tables of other ways in: currencies and prices, codes, presents, free memberships, ways past Stripe."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from patronage.foundation.database import Base, Id, Key, UTCDateTime, words
from patronage.giving.models import Interval


class CurrencyOffered(Base):
    """A currency one can give in, with the smallest and largest gift and the fixed part of the fee, in minor units.

    Without any row the newsroom's own currency is offered, within the bounds of the settings.
    """

    __tablename__ = "currency_offered"
    __table_args__ = (CheckConstraint("smallest_minor BETWEEN 1 AND largest_minor", name="bounds"),)

    currency: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    smallest_minor: Mapped[int] = mapped_column(BigInteger)
    largest_minor: Mapped[int] = mapped_column(BigInteger)
    fee_fixed_minor: Mapped[int] = mapped_column(BigInteger)


class TierPrice(Base):
    """From how much a month and a year (minor units of `currency`) a tier is reached."""

    __tablename__ = "tier_price"

    tier_id: Mapped[int] = mapped_column(Key, ForeignKey("tier.id"), primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    monthly_minor: Mapped[int] = mapped_column(BigInteger)
    yearly_minor: Mapped[int] = mapped_column(BigInteger)


class CodeOffer(Base):
    """What a code is good for: less to pay for the first `months`, or nothing at all while one tries it out.

    Exactly one of `percent_off`, `amount_off_minor` (of `currency`) and `is_trial` says what. Less to pay lasts
    `months` months of a monthly pledge, and the first year of a yearly one. `idempotency_key` is saved before Stripe
    is asked for the coupon, which happens when the code is used first.
    """

    __tablename__ = "code_offer"
    __table_args__ = (
        CheckConstraint("percent_off BETWEEN 1 AND 100", name="percent"),
        CheckConstraint("months BETWEEN 1 AND 36", name="months"),
    )

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    interval: Mapped[Interval] = mapped_column(words(Interval))
    percent_off: Mapped[int | None]
    amount_off_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None]
    months: Mapped[int]
    is_trial: Mapped[bool] = mapped_column(default=False)
    tier_id: Mapped[int | None] = mapped_column(Key, ForeignKey("tier.id"))
    valid_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    most_uses: Mapped[int | None]
    idempotency_key: Mapped[str]
    stripe_coupon_id: Mapped[str | None]
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    made_by: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class OfferUse(Base):
    """A pledge that began with a code; it counts against the limit while it may still be paid, and once it is."""

    __tablename__ = "offer_use"

    pledge_id: Mapped[int] = mapped_column(Key, ForeignKey("pledge.id"), primary_key=True)
    offer_id: Mapped[int] = mapped_column(Key, ForeignKey("code_offer.id"), index=True)
    taken_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Present(Base):
    """A membership of `months` months bought for somebody else with the pledge `pledge_id`, which is given once.

    It is mailed at `deliver_at` and redeemed at a signed address; `membership_id` is the pledge that came of it.
    """

    __tablename__ = "present"

    id: Mapped[Id]
    reference: Mapped[str] = mapped_column(unique=True)
    pledge_id: Mapped[int] = mapped_column(Key, ForeignKey("pledge.id"), unique=True)
    months: Mapped[int]
    tier_name: Mapped[str]
    giver_name: Mapped[str]
    recipient_name: Mapped[str]
    recipient_email: Mapped[str]
    message: Mapped[str]
    language: Mapped[str]
    deliver_at: Mapped[datetime] = mapped_column(UTCDateTime)
    paid_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    times_sent: Mapped[int] = mapped_column(default=0)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # when the buyer got all the money back
    redeemed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    membership_id: Mapped[int | None] = mapped_column(Key, ForeignKey("pledge.id"), unique=True)


class FreeMembership(Base):
    """Why a complimentary pledge was given, and by whom; `submission` is the form's one-time id."""

    __tablename__ = "free_membership"

    pledge_id: Mapped[int] = mapped_column(Key, ForeignKey("pledge.id"), primary_key=True)
    submission: Mapped[str] = mapped_column(unique=True)
    why: Mapped[str]
    given_by: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    given_at: Mapped[datetime] = mapped_column(UTCDateTime)
    revoked_by: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    revoked_why: Mapped[str | None]


class WayKind(StrEnum):
    """How money comes past Stripe."""

    BANK = "bank"
    CRYPTO = "crypto"
    PAYPAL = "paypal"
    CHEQUE = "cheque"
    OTHER = "other"


class OtherWay(Base):
    """One of the newsroom's other ways to be supported, as /ways-to-give shows it; empty text is what is not said.

    `details` are lines "label: value", each to be copied; `iban` and the fields beside it make a bank transfer's code.
    """

    __tablename__ = "other_way"

    id: Mapped[Id]
    kind: Mapped[WayKind] = mapped_column(words(WayKind))
    title: Mapped[str]
    details: Mapped[str]
    currency: Mapped[str]
    note: Mapped[str]
    url: Mapped[str]
    account_holder: Mapped[str]
    iban: Mapped[str]
    bic: Mapped[str]
    remittance: Mapped[str]
    position: Mapped[int]
