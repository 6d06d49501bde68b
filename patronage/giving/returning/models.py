"""The table of refunds that staff ask for: written down before Stripe is."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from patronage.foundation.database import Base, Id, Key, UTCDateTime, words


class RequestState(StrEnum):
    """Where a refund that staff asked for stands."""

    WAITING = "waiting"  # for a second member of staff
    SENDING = "sending"  # Stripe is being asked, or did not answer yet
    MADE = "made"
    REFUSED = "refused"  # by Stripe
    DECLINED = "declined"  # by staff


class RefundRequest(Base):
    """A refund of `amount_minor` (in the payment's currency) that a member of staff asked for, with their `reason`.

    `idempotency_key` is saved before Stripe is called; `refund_stripe_id` is what came of it. `is_fraud` tells Stripe
    that the payment was none of its giver's doing. `seen_at` is when staff took note that it was refused.
    """

    __tablename__ = "refund_request"
    __table_args__ = (CheckConstraint("amount_minor > 0", name="positive"),)

    id: Mapped[Id]
    payment_id: Mapped[int] = mapped_column(Key, ForeignKey("payment.id"), index=True)
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str]
    is_fraud: Mapped[bool] = mapped_column(default=False)
    state: Mapped[RequestState] = mapped_column(words(RequestState), index=True)
    asked_by: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    decided_by: Mapped[int | None] = mapped_column(Key, ForeignKey("person.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    refund_stripe_id: Mapped[str | None]
    refused_because: Mapped[str | None]
    seen_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
