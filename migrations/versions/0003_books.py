"""Payments and the ledger, whose entries nobody can change or delete."""

import sqlalchemy as sa
from alembic import op

from patronage.foundation.database import UTCDateTime

revision = "0003"
down_revision = "0002"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "payment",
        sa.Column("id", KEY, nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("charge_id", sa.String(), nullable=False),
        sa.Column("payment_intent_id", sa.String(), nullable=True),
        sa.Column("invoice_id", sa.String(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("disputed", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("paid_at", UTCDateTime, nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payment_positive")),
        sa.CheckConstraint("refunded_minor BETWEEN 0 AND amount_minor", name=op.f("ck_payment_refund_within")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_payment_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("charge_id", name=op.f("uq_payment_charge_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_payment_reference")),
    )
    op.create_index(op.f("ix_payment_invoice_id"), "payment", ["invoice_id"], unique=False)
    op.create_index(op.f("ix_payment_paid_at"), "payment", ["paid_at"], unique=False)
    op.create_index(op.f("ix_payment_payment_intent_id"), "payment", ["payment_intent_id"], unique=False)
    op.create_index("ix_payment_person_id_paid_at", "payment", ["person_id", "paid_at"], unique=False)
    op.create_table(
        "ledger_entry",
        sa.Column("id", KEY, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "payment",
                "fee",
                "refund",
                "refund_failure",
                "dispute",
                "dispute_fee",
                "dispute_reversal",
                "payout",
                "manual",
                native_enum=False,
                create_constraint=True,
                length=32,
                name="entrykind",
            ),
            nullable=False,
        ),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("payment_id", KEY, nullable=True),
        sa.Column(
            "debit",
            sa.Enum(
                "stripe balance",
                "bank",
                "gifts",
                "fees",
                "disputes",
                native_enum=False,
                create_constraint=True,
                length=32,
                name="debit",
            ),
            nullable=False,
        ),
        sa.Column(
            "credit",
            sa.Enum(
                "stripe balance",
                "bank",
                "gifts",
                "fees",
                "disputes",
                native_enum=False,
                create_constraint=True,
                length=32,
                name="credit",
            ),
            nullable=False,
        ),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("posted_at", UTCDateTime, nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_ledger_entry_positive")),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_ledger_entry_two_accounts")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_ledger_entry_payment_id_payment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("kind", "stripe_id", name=op.f("uq_ledger_entry_kind_stripe_id")),
    )
    op.create_index(op.f("ix_ledger_entry_payment_id"), "ledger_entry", ["payment_id"], unique=False)
    op.create_index(op.f("ix_ledger_entry_posted_at"), "ledger_entry", ["posted_at"], unique=False)


def downgrade() -> None:
    for table in ("ledger_entry", "payment"):
        op.drop_table(table)
