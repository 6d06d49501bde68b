"""What a pledge lives through: where it comes from, failed tries, pauses with an end, trials, the next charge."""

import sqlalchemy as sa
from alembic.operations import BatchOperations

from patronage.foundation.database import UTCDateTime
from patronage.foundation.reshaping import one_of, reshape

revision = "0008"
down_revision = "0007"

OLD_CHECKS = {
    "ck_pledge_interval": one_of("interval", "once", "month", "year"),
    "ck_pledge_pledgestate": one_of("state", "offered", "active", "past due", "paused", "ended"),
    "ck_pledge_positive": "amount_minor > 0",
}
CHECKS = {
    **OLD_CHECKS,
    "ck_pledge_positive": "amount_minor > 0 OR (amount_minor = 0 AND kind <> 'paid')",
    "ck_pledge_pledgekind": one_of("kind", "paid", "complimentary", "present", "manual"),
}
MOMENTS = ("next_try_at", "resumes_at", "trial_until", "next_charge_at")


def upgrade() -> None:
    reshape("pledge", _widen, CHECKS)


def _widen(batch: BatchOperations) -> None:
    batch.add_column(sa.Column("kind", sa.String(32), nullable=False, server_default="paid"))
    batch.add_column(sa.Column("failure_code", sa.String(), nullable=True))
    batch.add_column(sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
    batch.add_column(sa.Column("stripe_status", sa.String(), nullable=True))
    for column in MOMENTS:
        batch.add_column(sa.Column(column, UTCDateTime, nullable=True))


def downgrade() -> None:
    reshape("pledge", _narrow, OLD_CHECKS)


def _narrow(batch: BatchOperations) -> None:
    for column in ("kind", "failure_code", "tries", "stripe_status", *MOMENTS):
        batch.drop_column(column)
