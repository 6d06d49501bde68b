"""Events are append-only again: which batch one is in follows from its number, since a batch seals a span of them."""

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from patronage.foundation.reshaping import reshape

revision = "0028"
down_revision = "0027"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
FACTS = ("seq", "round_id", "submission_id", "leaf")


def upgrade() -> None:
    _drop_trigger()
    reshape("ballot_event", _unchain, {})
    _refuse("")


def _unchain(batch: BatchOperations) -> None:
    batch.drop_constraint(op.f("fk_ballot_event_batch_id_chain_batch"), type_="foreignkey")
    batch.drop_column("batch_id")


def downgrade() -> None:
    _drop_trigger()
    reshape("ballot_event", _chain, {})
    if op.get_bind().dialect.name == "postgresql":
        old, new = (", ".join(f"{row}.{fact}" for fact in FACTS) for row in ("OLD", "NEW"))
        _refuse(f"WHEN (OLD.batch_id IS NOT NULL OR NEW.batch_id IS NULL OR ({old}) IS DISTINCT FROM ({new}))")
    else:
        changed = " OR ".join(f"OLD.{fact} IS NOT NEW.{fact}" for fact in FACTS)
        _refuse(f"WHEN OLD.batch_id IS NOT NULL OR NEW.batch_id IS NULL OR {changed}")


def _chain(batch: BatchOperations) -> None:
    batch.add_column(sa.Column("batch_id", KEY, nullable=True))
    batch.create_foreign_key(op.f("fk_ballot_event_batch_id_chain_batch"), "chain_batch", ["batch_id"], ["id"])


def _drop_trigger() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER ballot_event_append_only ON ballot_event")
    else:
        op.execute("DROP TRIGGER ballot_event_no_update")


def _refuse(when: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER ballot_event_append_only BEFORE UPDATE ON ballot_event "
            f"FOR EACH ROW {when} EXECUTE FUNCTION refuse_change()"
        )
        return
    op.execute(
        f"CREATE TRIGGER ballot_event_no_update BEFORE UPDATE ON ballot_event {when} BEGIN "
        "SELECT RAISE(ABORT, 'ballot_event is append-only: write a new row instead'); END"
    )
