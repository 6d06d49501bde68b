"""Receipts are found by when the money moved, and the few notes among them without reading all."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

NOTES = sa.text("kind <> 'receipt'")


def upgrade() -> None:
    op.create_index("ix_receipt_entity_id_happened_at", "receipt", ["entity_id", "happened_at"], unique=False)
    op.create_index(
        "ix_receipt_notes", "receipt", ["payment_id"], unique=False, sqlite_where=NOTES, postgresql_where=NOTES
    )


def downgrade() -> None:
    op.drop_index("ix_receipt_notes", "receipt")
    op.drop_index("ix_receipt_entity_id_happened_at", "receipt")
