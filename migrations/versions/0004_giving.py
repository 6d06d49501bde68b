"""Pledges and what Stripe told of them."""

import sqlalchemy as sa
from alembic import op

from patronage.foundation.database import UTCDateTime

revision = "0004"
down_revision = "0003"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "stripe_event",
        sa.Column("id", KEY, nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("received_at", UTCDateTime, nullable=False),
        sa.Column("due_at", UTCDateTime, nullable=False),
        sa.Column("leased_until", UTCDateTime, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("applied_at", UTCDateTime, nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "applied",
                "ignored",
                "unmatched",
                "failed",
                native_enum=False,
                create_constraint=True,
                length=32,
                name="outcome",
            ),
            nullable=True,
        ),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_event")),
        sa.UniqueConstraint("event_id", name=op.f("uq_stripe_event_event_id")),
    )
    op.create_index(
        "ix_stripe_event_waiting",
        "stripe_event",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("applied_at IS NULL"),
        postgresql_where=sa.text("applied_at IS NULL"),
    )
    op.create_table(
        "suggested_amount",
        sa.Column("id", KEY, nullable=False),
        sa.Column(
            "interval",
            sa.Enum("once", "month", "year", native_enum=False, create_constraint=True, length=32, name="interval"),
            nullable=False,
        ),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("preselected", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggested_amount")),
        sa.UniqueConstraint(
            "interval",
            "currency",
            "amount_minor",
            name=op.f("uq_suggested_amount_interval_currency_amount_minor"),
        ),
    )
    op.create_table(
        "tier",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("benefits", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("monthly_minor", sa.BigInteger(), nullable=False),
        sa.Column("yearly_minor", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tier")),
    )
    op.create_table(
        "pledge",
        sa.Column("id", KEY, nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column(
            "interval",
            sa.Enum("once", "month", "year", native_enum=False, create_constraint=True, length=32, name="interval"),
            nullable=False,
        ),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_cover_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "offered",
                "active",
                "past due",
                "paused",
                "ended",
                native_enum=False,
                create_constraint=True,
                length=32,
                name="pledgestate",
            ),
            nullable=False,
        ),
        sa.Column("offered_at", UTCDateTime, nullable=False),
        sa.Column("settled_at", UTCDateTime, nullable=True),
        sa.Column("past_due_at", UTCDateTime, nullable=True),
        sa.Column("paused_at", UTCDateTime, nullable=True),
        sa.Column("ends_at", UTCDateTime, nullable=True),
        sa.Column("ended_at", UTCDateTime, nullable=True),
        sa.Column("ended_because", sa.String(), nullable=True),
        sa.Column("why_stopped", sa.String(), nullable=True),
        sa.Column("paid_until", UTCDateTime, nullable=True),
        sa.Column("patron_until", UTCDateTime, nullable=True),
        sa.Column("stripe_customer_id", sa.String(), nullable=True),
        sa.Column("stripe_subscription_id", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_pledge_positive")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_pledge_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pledge")),
        sa.UniqueConstraint("reference", name=op.f("uq_pledge_reference")),
        sa.UniqueConstraint("stripe_subscription_id", name=op.f("uq_pledge_stripe_subscription_id")),
    )
    op.create_index("ix_pledge_person_id_patron_until", "pledge", ["person_id", "patron_until"], unique=False)
    op.create_index("ix_pledge_state_id", "pledge", ["state", "id"], unique=False)
    op.create_index(op.f("ix_pledge_stripe_customer_id"), "pledge", ["stripe_customer_id"], unique=False)
    op.create_table(
        "checkout",
        sa.Column("id", KEY, nullable=False),
        sa.Column("pledge_id", KEY, nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=False),
        sa.Column("stripe_session_id", sa.String(), nullable=True),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("asked_at", UTCDateTime, nullable=False),
        sa.Column("closed_at", UTCDateTime, nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=True),
        sa.Column("network_hash", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_checkout_pledge_id_pledge")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkout")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_checkout_idempotency_key")),
        sa.UniqueConstraint("stripe_session_id", name=op.f("uq_checkout_stripe_session_id")),
    )
    op.create_index(op.f("ix_checkout_pledge_id"), "checkout", ["pledge_id"], unique=False)
    op.create_table(
        "pledge_payment",
        sa.Column("payment_id", KEY, nullable=False),
        sa.Column("pledge_id", KEY, nullable=False),
        sa.Column("paid_until", UTCDateTime, nullable=True),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_pledge_payment_payment_id_payment")),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_pledge_payment_pledge_id_pledge")),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_pledge_payment")),
    )
    op.create_index(op.f("ix_pledge_payment_pledge_id"), "pledge_payment", ["pledge_id"], unique=False)


def downgrade() -> None:
    for table in ("pledge_payment", "checkout", "pledge", "tier", "suggested_amount", "stripe_event"):
        op.drop_table(table)
