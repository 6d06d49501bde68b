"""Letters that go to many at once wait for those that somebody waits for, such as the one that signs them in."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"

TABLE, INDEX = "letter", "ix_letter_due"
WAITING = sa.text("done_at IS NULL AND dead_at IS NULL")


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("crowd", sa.Boolean(), nullable=False, server_default=sa.false()))
    _index("crowd", "due_at")


def downgrade() -> None:
    _index("due_at")
    op.drop_column(TABLE, "crowd")


def _index(*columns: str) -> None:
    op.drop_index(INDEX, table_name=TABLE)
    op.create_index(INDEX, TABLE, list(columns), sqlite_where=WAITING, postgresql_where=WAITING)
