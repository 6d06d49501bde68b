"""The few events, jobs and letters that were given up are found without reading all there ever were."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

FEW = {
    "stripe_event": ("ix_stripe_event_failed", "received_at", "outcome = 'failed'"),
    "job": ("ix_job_dead", "dead_at", "dead_at IS NOT NULL"),
    "letter": ("ix_letter_dead", "dead_at", "dead_at IS NOT NULL"),
}


def upgrade() -> None:
    for table, (name, column, condition) in FEW.items():
        where = sa.text(condition)
        op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for table, (name, _column, _condition) in FEW.items():
        op.drop_index(name, table)
