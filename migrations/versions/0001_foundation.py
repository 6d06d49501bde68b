"""Letters and jobs waiting for the worker, counters of limits, and whose pages these are."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from patronage.foundation.database import UTCDateTime

revision = "0001"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def leased() -> list[sa.Column[Any]]:
    """Return the columns of a row of work."""
    return [
        sa.Column("due_at", UTCDateTime, nullable=False),
        sa.Column("leased_until", UTCDateTime),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("done_at", UTCDateTime),
        sa.Column("dead_at", UTCDateTime),
        sa.Column("last_error", sa.String),
    ]


def upgrade() -> None:
    waiting = sa.text("done_at IS NULL AND dead_at IS NULL")
    op.create_table(
        "job",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("once", sa.String, unique=True),
        *leased(),
    )
    op.create_index("ix_job_due", "job", ["due_at"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_table(
        "letter",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("message_id", sa.String, nullable=False, unique=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("recipient_id", KEY, index=True),
        sa.Column("to_address", sa.String, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("once", sa.String, unique=True),
        sa.Column("written_at", UTCDateTime, nullable=False),
        *leased(),
    )
    op.create_index("ix_letter_due", "letter", ["due_at"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_table(
        "limit_count",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("ends_at", UTCDateTime, nullable=False, index=True),
    )
    identity = op.create_table(
        "identity",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("tagline", sa.String, nullable=False),
        sa.Column("contact_email", sa.String, nullable=False),
        sa.Column("accent", sa.String, nullable=False),
        sa.Column("logo_svg", sa.String),
        sa.Column("story_line", sa.String, nullable=False),
        sa.Column("currency", sa.String, nullable=False),
        sa.Column("locale", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.bulk_insert(
        identity,
        [
            {
                "id": 1, "name": "Our newsroom", "tagline": "Independent journalism, paid for by its readers",
                "contact_email": "", "accent": "#0b5d5e", "logo_svg": None, "story_line": "", "currency": "",
                "locale": "en", "version": 1,
            }
        ],
    )  # fmt: skip


def downgrade() -> None:
    for table in ("identity", "limit_count", "letter", "job"):
        op.drop_table(table)
