"""Payments that fail and charges that come: failed tries, tries at once, cards on file, notices before a charge."""

import sqlalchemy as sa
from alembic import op

from patronage.foundation.database import UTCDateTime

revision = "0013"
down_revision = "0012"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_index("ix_pledge_next_charge_at", "pledge", ["next_charge_at"], unique=False)
    _make_failed_tries()
    _make_retries()
    _make_cards()
    _make_notices()


def _of_pledge(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f(f"fk_{table}_pledge_id_pledge"))


def _make_failed_tries() -> None:
    op.create_table(
        "failed_try",
        sa.Column("id", KEY, nullable=False),
        sa.Column("pledge_id", KEY, nullable=False),
        sa.Column("invoice_id", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("failed_at", UTCDateTime, nullable=False),
        _of_pledge("failed_try"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failed_try")),
        sa.UniqueConstraint("invoice_id", "attempt", name=op.f("uq_failed_try_invoice_id_attempt")),
    )
    op.create_index(op.f("ix_failed_try_pledge_id"), "failed_try", ["pledge_id"], unique=False)


def _make_retries() -> None:
    op.create_table(
        "payment_retry",
        sa.Column("id", KEY, nullable=False),
        sa.Column("pledge_id", KEY, nullable=False),
        sa.Column("invoice_id", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("asked_at", UTCDateTime, nullable=False),
        sa.Column("settled_at", UTCDateTime, nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "paid",
                "pending",
                "declined",
                "refused",
                native_enum=False,
                create_constraint=True,
                length=32,
                name="retried",
            ),
            nullable=True,
        ),
        _of_pledge("payment_retry"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_retry")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_payment_retry_idempotency_key")),
    )
    op.create_index(op.f("ix_payment_retry_pledge_id"), "payment_retry", ["pledge_id"], unique=False)


def _make_cards() -> None:
    op.create_table(
        "card_on_file",
        sa.Column("pledge_id", KEY, nullable=False),
        sa.Column("payment_method_id", sa.String(), nullable=False),
        sa.Column("brand", sa.String(), nullable=False),
        sa.Column("last4", sa.String(), nullable=False),
        sa.Column("expires_at", UTCDateTime, nullable=False),
        sa.Column("told_at", UTCDateTime, nullable=True),
        _of_pledge("card_on_file"),
        sa.PrimaryKeyConstraint("pledge_id", name=op.f("pk_card_on_file")),
    )
    op.create_index("ix_card_on_file_expires_at_pledge_id", "card_on_file", ["expires_at", "pledge_id"], unique=False)


def _make_notices() -> None:
    op.create_table(
        "charge_notice",
        sa.Column("id", KEY, nullable=False),
        sa.Column("pledge_id", KEY, nullable=False),
        sa.Column("charge_at", UTCDateTime, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("pledged_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("written_at", UTCDateTime, nullable=False),
        _of_pledge("charge_notice"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charge_notice")),
        sa.UniqueConstraint("pledge_id", "charge_at", name=op.f("uq_charge_notice_pledge_id_charge_at")),
    )


def downgrade() -> None:
    for table in ("charge_notice", "card_on_file", "payment_retry", "failed_try"):
        op.drop_table(table)
    op.drop_index("ix_pledge_next_charge_at", "pledge")
