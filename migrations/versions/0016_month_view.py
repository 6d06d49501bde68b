"""Lets a month be added up from one index, and finds manual entries and corrections among millions of others."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

MONTH = "ix_ledger_entry_month"
FEW = {"ix_ledger_entry_manual": ("booked_at", "kind = 'manual'"),
       "ix_ledger_entry_corrects_id": ("corrects_id", "corrects_id IS NOT NULL")}  # fmt: skip


def upgrade() -> None:
    op.drop_index(MONTH, "ledger_entry")
    op.create_index(MONTH, "ledger_entry", ["booked_at", "kind", "debit", "credit", "currency", "amount_minor"])
    for name, (column, condition) in FEW.items():
        where = sa.text(condition)
        op.create_index(name, "ledger_entry", [column], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name in FEW:
        op.drop_index(name, "ledger_entry")
    op.drop_index(MONTH, "ledger_entry")
    op.create_index(MONTH, "ledger_entry", ["booked_at", "kind", "currency", "amount_minor"])
