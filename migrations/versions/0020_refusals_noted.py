"""A refund that Stripe refused stands on the desk until somebody has taken note of it."""

import sqlalchemy as sa
from alembic import op

from patronage.foundation.database import UTCDateTime
from patronage.foundation.reshaping import reshape

revision = "0020"
down_revision = "0019"

STATES = "state IN ('waiting', 'sending', 'made', 'refused', 'declined')"


def upgrade() -> None:
    op.add_column("refund_request", sa.Column("seen_at", UTCDateTime, nullable=True))
    op.execute("UPDATE refund_request SET seen_at = asked_at WHERE state = 'refused'")  # those were decided long ago


def downgrade() -> None:
    checks = {"ck_refund_request_positive": "amount_minor > 0", "ck_refund_request_requeststate": STATES}
    reshape("refund_request", lambda batch: batch.drop_column("seen_at"), checks)
