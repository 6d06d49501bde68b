"""What regular giving comes to, by month: what each pledge counts for, every change of it, and their sums."""

import sqlalchemy as sa
from alembic import op

from patronage.foundation.database import UTCDateTime

revision = "0009"
down_revision = "0008"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOVES = ("new", "reactivated", "raised", "lowered", "lost")


def _kind(**options: bool) -> sa.Column[str]:
    words = sa.Enum(*MOVES, native_enum=False, create_constraint=True, length=32, name="move")
    return sa.Column("kind", words, nullable=False, **options)  # type: ignore[arg-type]  # only primary_key


def upgrade() -> None:
    op.create_table(
        "counted_pledge",
        sa.Column("pledge_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("twelfths", sa.BigInteger(), nullable=False),
        sa.Column("cohort", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_counted_pledge_pledge_id_pledge")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_counted_pledge_person_id_person")),
        sa.PrimaryKeyConstraint("pledge_id", name=op.f("pk_counted_pledge")),
    )
    op.create_index(op.f("ix_counted_pledge_person_id"), "counted_pledge", ["person_id"], unique=False)
    op.create_table(
        "pledge_move",
        sa.Column("id", KEY, nullable=False),
        sa.Column("pledge_id", KEY, nullable=False),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("cohort", sa.String(), nullable=False),
        _kind(),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("pledges", sa.Integer(), nullable=False),
        sa.Column("twelfths", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_pledge_move_pledge_id_pledge")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pledge_move")),
    )
    op.create_index(op.f("ix_pledge_move_pledge_id"), "pledge_move", ["pledge_id"], unique=False)
    op.create_index("ix_pledge_move_month_kind_id", "pledge_move", ["month", "kind", "id"], unique=False)
    op.create_table(
        "figure",
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        _kind(),
        sa.Column("cohort", sa.String(), nullable=False),
        sa.Column("moves", sa.Integer(), nullable=False),
        sa.Column("pledges", sa.Integer(), nullable=False),
        sa.Column("twelfths", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("month", "currency", "kind", "cohort", name=op.f("pk_figure")),
    )
    op.execute(  # what ran before there were figures is noted by the worker
        "INSERT INTO job (kind, data, due_at, once, attempts) SELECT 'giving/note-figures', '{\"after\": 0}', "
        "min(offered_at), 'giving/note-figures:0', 0 FROM pledge HAVING count(*) > 0"
    )


def downgrade() -> None:
    op.execute("DELETE FROM job WHERE kind = 'giving/note-figures'")
    for table in ("figure", "pledge_move", "counted_pledge"):
        op.drop_table(table)
