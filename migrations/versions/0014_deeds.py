"""What patrons ask us to change about a pledge: written down with its idempotency key before Stripe is asked."""

import sqlalchemy as sa
from alembic import op

from patronage.foundation.database import UTCDateTime

revision = "0014"
down_revision = "0013"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
KINDS = ("stop", "go on", "change", "less", "date", "pause", "unpause", "meant once")
OUTCOMES = ("done", "refused", "overtaken")


def upgrade() -> None:
    op.create_table(
        "deed",
        sa.Column("id", KEY, nullable=False),
        sa.Column("pledge_id", KEY, nullable=False),
        sa.Column("kind", _words("deedkind", KINDS), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("once", sa.String(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("asked_at", UTCDateTime, nullable=False),
        sa.Column("settled_at", UTCDateTime, nullable=True),
        sa.Column("outcome", _words("deedoutcome", OUTCOMES), nullable=True),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_deed_pledge_id_pledge")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deed")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_deed_idempotency_key")),
        sa.UniqueConstraint("once", name=op.f("uq_deed_once")),
    )
    op.create_index(op.f("ix_deed_pledge_id"), "deed", ["pledge_id"], unique=False)


def _words(name: str, words: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*words, native_enum=False, create_constraint=True, length=32, name=name)


def downgrade() -> None:
    op.drop_table("deed")
