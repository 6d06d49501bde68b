"""What editors decide on a result and why, what voters were told of it, and which digests staff want."""

import sqlalchemy as sa
from alembic import op

from patronage.foundation.database import UTCDateTime

revision = "0022"
down_revision = "0021"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
TABLE = "editorial_decision"
# Whoever voted on these was written to when they were published.
TOLD = (
    "INSERT INTO telling (once, about, topic_id, round_id, notes, owed_since, told_at) "
    "SELECT 'story:' || id, 'story', id, (SELECT max(round_topic.round_id) FROM round_topic "
    "JOIN round ON round.id = round_topic.round_id "
    "WHERE round_topic.topic_id = topic.id AND round.closed_at IS NOT NULL), "
    "'{}', published_at, published_at FROM topic WHERE state = 'published' AND published_at IS NOT NULL"
)


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", KEY, nullable=False),
        sa.Column("round_id", KEY, nullable=False),
        sa.Column("topic_id", KEY, nullable=False),
        sa.Column("chosen", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("decided_by", KEY, nullable=True),
        sa.Column("decided_at", UTCDateTime, nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_editorial_decision_round_id_round")),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_editorial_decision_topic_id_topic")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_editorial_decision_decided_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_editorial_decision")),
    )
    op.create_index("ix_editorial_decision_round_id_topic_id", TABLE, ["round_id", "topic_id"])
    _refuse_changes(op.get_bind().dialect.name)
    op.create_table(
        "telling",
        sa.Column("id", KEY, nullable=False),
        sa.Column("once", sa.String(), nullable=False),
        sa.Column(
            "about",
            sa.Enum("story", "why not", native_enum=False, create_constraint=True, length=32, name="tidings"),
            nullable=False,
        ),
        sa.Column("topic_id", KEY, nullable=False),
        sa.Column("round_id", KEY, nullable=True),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("owed_since", UTCDateTime, nullable=False),
        sa.Column("told_at", UTCDateTime, nullable=True),
        sa.Column("told_by", KEY, nullable=True),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_telling_topic_id_topic")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_telling_round_id_round")),
        sa.ForeignKeyConstraint(["told_by"], ["person.id"], name=op.f("fk_telling_told_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_telling")),
        sa.UniqueConstraint("once", name=op.f("uq_telling_once")),
    )
    op.create_index(op.f("ix_telling_topic_id"), "telling", ["topic_id"])
    op.create_index(op.f("ix_telling_round_id"), "telling", ["round_id"])
    op.execute(TOLD)
    op.create_table(
        "digest_choice",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("at_closing", sa.Boolean(), nullable=False),
        sa.Column("weekly", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_digest_choice_person_id_person")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_digest_choice")),
    )


def _refuse_changes(dialect: str) -> None:
    """A decision is never changed: who thinks better of it decides again."""
    if dialect == "postgresql":
        op.execute(
            f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE ON {TABLE} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        return
    for deed in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {TABLE}_no_{deed.lower()} BEFORE {deed} ON {TABLE} BEGIN "
            f"SELECT RAISE(ABORT, '{TABLE} is append-only: write a new row instead'); END"
        )


def downgrade() -> None:
    for table in ("digest_choice", "telling", TABLE):
        op.drop_table(table)
