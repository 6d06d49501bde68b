"""Letters of rounds: whether a vote is announced by letter and when voters are reminded; votes granted by name."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from patronage.foundation.database import UTCDateTime

revision = "0026"
down_revision = "0025"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("admits_named", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("invites", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("remind_days", sa.Integer(), nullable=True),
    )


def upgrade() -> None:
    for column in _columns():
        op.add_column("round", column)
    op.create_table(
        "round_mailing",
        sa.Column("round_id", KEY, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "invitation", "reminder", "last call", native_enum=False, create_constraint=True, length=32,
                name="mailingkind",
            ),
            nullable=False,
        ),
        sa.Column("begun_at", UTCDateTime, nullable=False),
        sa.Column("first_letter", KEY, nullable=False),
        sa.Column("last_letter", KEY, nullable=False),
        sa.Column("ended_at", UTCDateTime, nullable=True),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_round_mailing_round_id_round")),
        sa.PrimaryKeyConstraint("round_id", "kind", name=op.f("pk_round_mailing")),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("round_mailing")
    for column in reversed(_columns()):
        op.drop_column("round", column.name)
