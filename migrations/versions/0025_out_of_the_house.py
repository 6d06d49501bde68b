"""Out of the house: tokens of the read API; hooks, what each is told, and how every try went."""

import sqlalchemy as sa
from alembic import op

from patronage.foundation.database import UTCDateTime

revision = "0025"
down_revision = "0024"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.Column("created_by", KEY, nullable=True),
        sa.Column("expires_at", UTCDateTime, nullable=True),
        sa.Column("revoked_at", UTCDateTime, nullable=True),
        sa.Column("last_used_at", UTCDateTime, nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_api_token_created_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_table(
        "hook",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("standard", "chat", native_enum=False, create_constraint=True, length=32, name="hookkind"),
            nullable=False,
        ),
        sa.Column("shown", sa.String(), nullable=False),
        sa.Column("sealed_url", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_before", sa.LargeBinary(), nullable=True),
        sa.Column("before_until", UTCDateTime, nullable=True),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.Column("created_by", KEY, nullable=True),
        sa.Column("failing_since", UTCDateTime, nullable=True),
        sa.Column("disabled_at", UTCDateTime, nullable=True),
        sa.Column("disabled_why", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["created_by"], ["person.id"], name=op.f("fk_hook_created_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook")),
    )
    _make_deliveries()


def _make_deliveries() -> None:
    op.create_table(
        "hook_delivery",
        sa.Column("id", KEY, nullable=False),
        sa.Column("hook_id", KEY, nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("written_at", UTCDateTime, nullable=False),
        sa.Column("due_at", UTCDateTime, nullable=False),
        sa.Column("leased_until", UTCDateTime, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", UTCDateTime, nullable=True),
        sa.Column("dead_at", UTCDateTime, nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["hook_id"], ["hook.id"], name=op.f("fk_hook_delivery_hook_id_hook")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_delivery")),
        sa.UniqueConstraint("hook_id", "cause", name=op.f("uq_hook_delivery_hook_id_cause")),
        sa.UniqueConstraint("mark", name=op.f("uq_hook_delivery_mark")),
    )
    waiting = sa.text("done_at IS NULL AND dead_at IS NULL")
    op.create_index("ix_hook_delivery_due", "hook_delivery", ["due_at"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_table(
        "hook_attempt",
        sa.Column("id", KEY, nullable=False),
        sa.Column("delivery_id", KEY, nullable=False),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("said", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["hook_delivery.id"], name=op.f("fk_hook_attempt_delivery_id_hook_delivery")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_attempt")),
    )
    op.create_index(op.f("ix_hook_attempt_delivery_id"), "hook_attempt", ["delivery_id"])


def downgrade() -> None:
    for table in ("hook_attempt", "hook_delivery", "hook", "api_token"):
        op.drop_table(table)
