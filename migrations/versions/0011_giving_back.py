"""Giving money back: what staff ask for and approve, fraud warnings, drafts of evidence; when a closed month ended."""

import sqlalchemy as sa
from alembic import op

from patronage.foundation.database import UTCDateTime
from patronage.foundation.reshaping import reshape

revision = "0011"
down_revision = "0010"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
STATES = ("waiting", "sending", "made", "refused", "declined")


def upgrade() -> None:
    op.execute("DELETE FROM closed_month")  # nothing could close one yet
    reshape("closed_month", lambda batch: batch.add_column(sa.Column("ends_at", UTCDateTime, nullable=False)), {})
    op.add_column("refund", sa.Column("seen_at", UTCDateTime, nullable=True))
    op.add_column("dispute", sa.Column("evidence_draft", sa.String(), nullable=True))
    op.create_index(
        "ix_refund_unseen", "refund", ["status"],
        sqlite_where=sa.text("seen_at IS NULL"), postgresql_where=sa.text("seen_at IS NULL"),
    )  # fmt: skip
    _make_requests()
    _make_warnings()


def _make_requests() -> None:
    op.create_table(
        "refund_request",
        sa.Column("id", KEY, nullable=False),
        sa.Column("payment_id", KEY, nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("is_fraud", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(*STATES, native_enum=False, create_constraint=True, length=32, name="requeststate"),
            nullable=False,
        ),
        sa.Column("asked_by", KEY, nullable=True),
        sa.Column("asked_at", UTCDateTime, nullable=False),
        sa.Column("decided_by", KEY, nullable=True),
        sa.Column("decided_at", UTCDateTime, nullable=True),
        sa.Column("refund_stripe_id", sa.String(), nullable=True),
        sa.Column("refused_because", sa.String(), nullable=True),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refund_request_positive")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_refund_request_payment_id_payment")),
        sa.ForeignKeyConstraint(["asked_by"], ["person.id"], name=op.f("fk_refund_request_asked_by_person")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_refund_request_decided_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_request")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_refund_request_idempotency_key")),
    )
    op.create_index(op.f("ix_refund_request_payment_id"), "refund_request", ["payment_id"], unique=False)
    op.create_index(op.f("ix_refund_request_state"), "refund_request", ["state"], unique=False)


def _make_warnings() -> None:
    op.create_table(
        "fraud_warning",
        sa.Column("id", KEY, nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("payment_id", KEY, nullable=False),
        sa.Column("fraud_type", sa.String(), nullable=False),
        sa.Column("is_actionable", sa.Boolean(), nullable=False),
        sa.Column("warned_at", UTCDateTime, nullable=False),
        sa.Column("dismissed_at", UTCDateTime, nullable=True),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_fraud_warning_payment_id_payment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fraud_warning")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_fraud_warning_stripe_id")),
    )
    op.create_index(op.f("ix_fraud_warning_payment_id"), "fraud_warning", ["payment_id"], unique=False)


def downgrade() -> None:
    op.drop_table("fraud_warning")
    op.drop_table("refund_request")
    op.drop_index("ix_refund_unseen", "refund")
    reshape("dispute", lambda batch: batch.drop_column("evidence_draft"), {})
    statuses = "status IN ('pending', 'requires_action', 'succeeded', 'failed', 'canceled')"
    reshape(
        "refund",
        lambda batch: batch.drop_column("seen_at"),
        {"ck_refund_positive": "amount_minor > 0", "ck_refund_refundstatus": statuses},
    )
    reshape("closed_month", lambda batch: batch.drop_column("ends_at"), {})
