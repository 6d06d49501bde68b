"""Books that balance to the payout: refunds, disputes, payouts and their lines, closed months, money from elsewhere."""

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from patronage.foundation.database import UTCDateTime
from patronage.foundation.reshaping import one_of, reshape

revision = "0007"
down_revision = "0006"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
CHANNELS = ("stripe", "bank transfer", "cash", "grant", "cheque", "paypal", "crypto")
STATUSES = ("pending", "requires_action", "succeeded", "failed", "canceled")
OLD_KINDS = (
    "payment", "fee", "refund", "refund_failure", "dispute", "dispute_fee", "dispute_reversal", "payout", "manual",
)  # fmt: skip
KINDS = (*OLD_KINDS[:-1], "payout_failure", "exchange_out", "exchange_in", "adjustment", "manual")
OLD_ACCOUNTS = ("stripe balance", "bank", "gifts", "fees", "disputes")
ACCOUNTS = (*OLD_ACCOUNTS, "exchange", "adjustments", "cash", "paypal", "crypto")
OF_PAYMENTS = {
    "ck_payment_positive": "amount_minor > 0",
    "ck_payment_refund_within": "refunded_minor BETWEEN 0 AND amount_minor",
}


def _of_entries(kinds: tuple[str, ...], accounts: tuple[str, ...]) -> dict[str, str]:
    return {
        "ck_ledger_entry_positive": "amount_minor > 0",
        "ck_ledger_entry_two_accounts": "debit <> credit",
        "ck_ledger_entry_entrykind": one_of("kind", *kinds),
        "ck_ledger_entry_debit": one_of("debit", *accounts),
        "ck_ledger_entry_credit": one_of("credit", *accounts),
    }


def _words(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, native_enum=False, create_constraint=True, length=32, name=name)


def upgrade() -> None:
    reshape("payment", _widen_payments, {**OF_PAYMENTS, "ck_payment_channel": one_of("channel", *CHANNELS)})
    checks = _of_entries(KINDS, ACCOUNTS)
    reshape("ledger_entry", _widen_entries, checks, fill="UPDATE ledger_entry SET booked_at = posted_at")
    reshape("ledger_entry", lambda batch: batch.alter_column("booked_at", nullable=False), checks)
    op.create_index(
        op.f("ix_ledger_entry_balance_transaction_id"), "ledger_entry", ["balance_transaction_id"], unique=False
    )
    op.create_index(
        "ix_ledger_entry_month", "ledger_entry", ["booked_at", "kind", "currency", "amount_minor"], unique=False
    )
    _make_refunds()
    _make_disputes()
    _make_payouts()
    _make_closed_months()


def _widen_payments(batch: BatchOperations) -> None:
    batch.add_column(sa.Column("channel", sa.String(32), nullable=False, server_default="stripe"))
    batch.alter_column("charge_id", existing_type=sa.String(), nullable=True)
    batch.add_column(sa.Column("settled_minor", sa.BigInteger(), nullable=True))
    batch.add_column(sa.Column("settled_currency", sa.String(), nullable=True))
    batch.add_column(sa.Column("exchange_rate", sa.String(), nullable=True))


def _widen_entries(batch: BatchOperations) -> None:
    batch.add_column(sa.Column("booked_at", UTCDateTime, nullable=True))
    batch.add_column(sa.Column("balance_transaction_id", sa.String(), nullable=True))
    batch.add_column(sa.Column("corrects_id", KEY, nullable=True))
    batch.add_column(sa.Column("entered_by", KEY, nullable=True))
    batch.add_column(sa.Column("note", sa.String(), nullable=True))
    batch.create_foreign_key(op.f("fk_ledger_entry_corrects_id_ledger_entry"), "ledger_entry", ["corrects_id"], ["id"])
    batch.create_foreign_key(op.f("fk_ledger_entry_entered_by_person"), "person", ["entered_by"], ["id"])


def _make_refunds() -> None:
    op.create_table(
        "refund",
        sa.Column("id", KEY, nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("payment_id", KEY, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("status", _words("refundstatus", STATUSES), nullable=False),
        sa.Column("failure_reason", sa.String(), nullable=True),
        sa.Column("made_at", UTCDateTime, nullable=False),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refund_positive")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_refund_payment_id_payment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_refund_stripe_id")),
    )
    op.create_index(op.f("ix_refund_payment_id"), "refund", ["payment_id"], unique=False)


def _make_disputes() -> None:
    op.create_table(
        "dispute",
        sa.Column("id", KEY, nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("payment_id", KEY, nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("opened_at", UTCDateTime, nullable=False),
        sa.Column("due_by", UTCDateTime, nullable=True),
        sa.Column("evidence_sent_at", UTCDateTime, nullable=True),
        sa.Column("closed_at", UTCDateTime, nullable=True),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_currency", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_dispute_payment_id_payment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_dispute_stripe_id")),
    )
    op.create_index(op.f("ix_dispute_payment_id"), "dispute", ["payment_id"], unique=False)
    op.create_index(op.f("ix_dispute_status"), "dispute", ["status"], unique=False)


def _make_payouts() -> None:
    op.create_table(
        "payout",
        sa.Column("id", KEY, nullable=False),
        sa.Column("stripe_id", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("is_automatic", sa.Boolean(), nullable=False),
        sa.Column("made_at", UTCDateTime, nullable=False),
        sa.Column("arrives_at", UTCDateTime, nullable=False),
        sa.Column("failure_reason", sa.String(), nullable=True),
        sa.Column("matched_at", UTCDateTime, nullable=True),
        sa.Column("difference_minor", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_payout_stripe_id")),
    )
    op.create_index(op.f("ix_payout_made_at"), "payout", ["made_at"], unique=False)
    op.create_table(
        "payout_line",
        sa.Column("id", KEY, nullable=False),
        sa.Column("balance_transaction_id", sa.String(), nullable=False),
        sa.Column("payout_id", KEY, nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("made_at", UTCDateTime, nullable=False),
        sa.Column("explained_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["payout_id"], ["payout.id"], name=op.f("fk_payout_line_payout_id_payout")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_line")),
        sa.UniqueConstraint("balance_transaction_id", name=op.f("uq_payout_line_balance_transaction_id")),
    )
    op.create_index(op.f("ix_payout_line_payout_id"), "payout_line", ["payout_id"], unique=False)


def _make_closed_months() -> None:
    op.create_table(
        "closed_month",
        sa.Column("id", KEY, nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("closed_at", UTCDateTime, nullable=False),
        sa.Column("closed_by", KEY, nullable=True),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["closed_by"], ["person.id"], name=op.f("fk_closed_month_closed_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closed_month")),
        sa.UniqueConstraint("month", name=op.f("uq_closed_month_month")),
    )


def downgrade() -> None:
    for table in ("closed_month", "payout_line", "payout", "dispute", "refund"):
        op.drop_table(table)
    op.drop_index("ix_ledger_entry_month", "ledger_entry")
    op.drop_index(op.f("ix_ledger_entry_balance_transaction_id"), "ledger_entry")
    reshape("ledger_entry", _narrow_entries, _of_entries(OLD_KINDS, OLD_ACCOUNTS))
    op.execute("DELETE FROM payment WHERE charge_id IS NULL")
    reshape("payment", _narrow_payments, OF_PAYMENTS)


def _narrow_entries(batch: BatchOperations) -> None:
    for key in ("corrects_id_ledger_entry", "entered_by_person"):
        batch.drop_constraint(op.f(f"fk_ledger_entry_{key}"), type_="foreignkey")
    for column in ("note", "entered_by", "corrects_id", "balance_transaction_id", "booked_at"):
        batch.drop_column(column)


def _narrow_payments(batch: BatchOperations) -> None:
    batch.alter_column("charge_id", existing_type=sa.String(), nullable=False)
    for column in ("exchange_rate", "settled_currency", "settled_minor", "channel"):
        batch.drop_column(column)
