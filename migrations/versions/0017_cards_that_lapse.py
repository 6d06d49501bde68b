"""Cards that expire before they are charged next are marked, and failed tries know how old their invoice is."""

import sqlalchemy as sa
from alembic import op

from patronage.foundation.database import UTCDateTime
from patronage.foundation.reshaping import reshape

revision = "0017"
down_revision = "0016"

FEW = sa.text("lapses_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("card_on_file", sa.Column("lapses_at", UTCDateTime, nullable=True))
    op.execute(
        "UPDATE card_on_file SET lapses_at = expires_at WHERE EXISTS (SELECT 1 FROM pledge "
        "WHERE pledge.id = card_on_file.pledge_id AND pledge.state = 'active' "
        "AND pledge.next_charge_at >= card_on_file.expires_at)"
    )
    op.create_index(
        "ix_card_on_file_lapses_at_pledge_id", "card_on_file", ["lapses_at", "pledge_id"], unique=False,
        sqlite_where=FEW, postgresql_where=FEW,
    )  # fmt: skip
    made_at = sa.Column("invoice_made_at", UTCDateTime, nullable=True)
    fill = "UPDATE failed_try SET invoice_made_at = failed_at"  # as near as we know
    reshape("failed_try", lambda batch: batch.add_column(made_at), {}, fill=fill)
    reshape("failed_try", lambda batch: batch.alter_column("invoice_made_at", nullable=False), {})


def downgrade() -> None:
    reshape("failed_try", lambda batch: batch.drop_column("invoice_made_at"), {})
    op.drop_index("ix_card_on_file_lapses_at_pledge_id", "card_on_file")
    op.drop_column("card_on_file", "lapses_at")
