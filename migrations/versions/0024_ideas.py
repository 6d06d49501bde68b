"""Ideas: who backs a topic, whose suggestions appear at once, what became of another one, and each step of its way."""

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from patronage.foundation.database import UTCDateTime
from patronage.foundation.reshaping import one_of, reshape

revision = "0024"
down_revision = "0023"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
STATES = (
    "suggested", "merged", "declined", "accepted", "on ballot", "chosen", "not chosen", "assigned", "published",
)  # fmt: skip
MILESTONES = (STATES[0], "shown", *STATES[1:])
CHECKS = {"ck_topic_topicstate": one_of("state", *STATES)}
COLUMNS = (
    sa.Column("merged_into", KEY, nullable=True),
    sa.Column("shown_at", UTCDateTime, nullable=True),
    sa.Column("assignee", sa.String(), nullable=True),
    sa.Column("assigned_at", UTCDateTime, nullable=True),
    sa.Column("desk_note", sa.String(), nullable=True),
)
# What was voted on, and what the desk took up from a patron, everybody may see.
SHOWN = (
    "UPDATE topic SET shown_at = created_at WHERE state IN ('on ballot', 'chosen', 'not chosen', 'assigned', "
    "'published') OR (state = 'accepted' AND suggested_by IS NOT NULL)"
)
BACKFILL = (
    "INSERT INTO topic_backing (topic_id, person_id, tell) "
    "SELECT id, suggested_by, false FROM topic WHERE suggested_by IS NOT NULL",
    "INSERT INTO topic_step (topic_id, what, at) "
    "SELECT id, 'suggested', created_at FROM topic WHERE suggested_by IS NOT NULL ORDER BY id",
    "INSERT INTO topic_step (topic_id, what, at, round_id) SELECT topic_id, 'on ballot', opened_at, round.id "
    "FROM round_topic JOIN round ON round.id = round_id WHERE opened_at IS NOT NULL ORDER BY opened_at, topic_id",
    "INSERT INTO topic_step (topic_id, what, at, round_id, note) "
    "SELECT topic.id, topic.state, max(closed_at), max(round.id), topic.reason FROM topic "
    "JOIN round_topic ON round_topic.topic_id = topic.id JOIN round ON round.id = round_topic.round_id "
    "WHERE closed_at IS NOT NULL AND topic.state IN ('chosen', 'not chosen') "
    "GROUP BY topic.id, topic.state, topic.reason ORDER BY topic.id",
    "INSERT INTO topic_step (topic_id, what, at) "
    "SELECT id, 'published', published_at FROM topic WHERE published_at IS NOT NULL ORDER BY id",
)


def upgrade() -> None:
    reshape("topic", _widen, CHECKS, fill=SHOWN)
    _make_tables()
    for statement in BACKFILL:
        op.execute(statement)


def _widen(batch: BatchOperations) -> None:
    for column in COLUMNS:
        batch.add_column(column)
    batch.create_foreign_key(op.f("fk_topic_merged_into_topic"), "topic", ["merged_into"], ["id"])


def _make_tables() -> None:
    op.create_table(
        "topic_backing",
        sa.Column("topic_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("tell", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_topic_backing_topic_id_topic")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_topic_backing_person_id_person")),
        sa.PrimaryKeyConstraint("topic_id", "person_id", name=op.f("pk_topic_backing")),
    )
    op.create_index(op.f("ix_topic_backing_person_id"), "topic_backing", ["person_id"])
    op.create_table(
        "trusted_suggester",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("trusted_by", KEY, nullable=True),
        sa.Column("trusted_at", UTCDateTime, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_trusted_suggester_person_id_person")),
        sa.ForeignKeyConstraint(["trusted_by"], ["person.id"], name=op.f("fk_trusted_suggester_trusted_by_person")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_trusted_suggester")),
    )
    op.create_table(
        "topic_step",
        sa.Column("id", KEY, nullable=False),
        sa.Column("topic_id", KEY, nullable=False),
        sa.Column(
            "what",
            sa.Enum(*MILESTONES, native_enum=False, create_constraint=True, length=32, name="milestone"),
            nullable=False,
        ),
        sa.Column("at", UTCDateTime, nullable=False),
        sa.Column("by_id", KEY, nullable=True),
        sa.Column("round_id", KEY, nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_topic_step_topic_id_topic")),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_topic_step_by_id_person")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_topic_step_round_id_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic_step")),
    )
    op.create_index(op.f("ix_topic_step_topic_id"), "topic_step", ["topic_id"])


def downgrade() -> None:
    for table in ("topic_step", "trusted_suggester", "topic_backing"):
        op.drop_table(table)
    reshape("topic", _narrow, CHECKS)


def _narrow(batch: BatchOperations) -> None:
    batch.drop_constraint(op.f("fk_topic_merged_into_topic"), type_="foreignkey")
    for column in COLUMNS:
        batch.drop_column(column.name)
