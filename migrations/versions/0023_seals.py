"""Seals: a ballot's event may be put into a batch once, batches are append-only, and leaves are found by themselves."""

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from patronage.foundation.reshaping import reshape

revision = "0023"
down_revision = "0022"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
FACTS = ("seq", "round_id", "submission_id", "leaf")
SALTS = (sa.Column("salt", sa.LargeBinary(), nullable=False), sa.Column("upto", KEY, nullable=False))
TABLES = ("ballot_event", "chain_batch")


def upgrade() -> None:
    reshape("chain_batch", _salt, {})
    op.drop_index("ix_ballot_event_round_id", table_name="ballot_event")
    op.create_index("ix_ballot_event_round_id_leaf", "ballot_event", ["round_id", "leaf"])
    if op.get_bind().dialect.name == "postgresql":
        _hold_on_postgresql()
    else:
        _hold_on_sqlite()


def _salt(batch: BatchOperations) -> None:
    for column in SALTS:
        batch.add_column(column)


def _unsalt(batch: BatchOperations) -> None:
    for column in SALTS:
        batch.drop_column(column.name)


def _hold_on_postgresql() -> None:
    op.execute("DROP TRIGGER ballot_event_append_only ON ballot_event")
    old, new = (", ".join(f"{row}.{fact}" for fact in FACTS) for row in ("OLD", "NEW"))
    changed = f"OLD.batch_id IS NOT NULL OR NEW.batch_id IS NULL OR ({old}) IS DISTINCT FROM ({new})"
    for table, when in (("ballot_event", changed), ("chain_batch", "OLD.head <> ''::bytea")):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE ON {table} "
            f"FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def _hold_on_sqlite() -> None:
    op.execute("DROP TRIGGER ballot_event_no_update")
    changed = " OR ".join(f"OLD.{fact} IS NOT NEW.{fact}" for fact in FACTS)
    _refuse("ballot_event", "UPDATE", f"WHEN OLD.batch_id IS NOT NULL OR NEW.batch_id IS NULL OR {changed}")
    _refuse("chain_batch", "UPDATE", "WHEN OLD.head <> x''")
    _refuse("chain_batch", "DELETE", "")


def _refuse(table: str, deed: str, when: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} {when} BEGIN "
        f"SELECT RAISE(ABORT, '{table} is append-only: write a new row instead'); END"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
            op.execute(f"DROP TRIGGER {table}_no_delete ON {table}")
        op.execute(
            "CREATE TRIGGER ballot_event_append_only BEFORE UPDATE OR DELETE ON ballot_event "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    else:
        for trigger in ("ballot_event_no_update", "chain_batch_no_update", "chain_batch_no_delete"):
            op.execute(f"DROP TRIGGER {trigger}")
        _refuse("ballot_event", "UPDATE", "")
    op.drop_index("ix_ballot_event_round_id_leaf", table_name="ballot_event")
    op.create_index("ix_ballot_event_round_id", "ballot_event", ["round_id"])
    reshape("chain_batch", _unsalt, {})
