"""Topics, rounds, ballots and frozen results."""

import sqlalchemy as sa
from alembic import op

from patronage.foundation.database import UTCDateTime

revision = "0005"
down_revision = "0004"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "round",
        sa.Column("id", KEY, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("promise", sa.String(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("most_ticks", sa.Integer(), nullable=False),
        sa.Column("opens_at", UTCDateTime, nullable=False),
        sa.Column("closes_at", UTCDateTime, nullable=False),
        sa.Column("opened_at", UTCDateTime, nullable=True),
        sa.Column("closed_at", UTCDateTime, nullable=True),
        sa.Column("certified_at", UTCDateTime, nullable=True),
        sa.Column("tie_seed", sa.String(), nullable=True),
        sa.Column("tie_seed_hash", sa.String(), nullable=True),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("ck_round_dates_in_order")),
        sa.CheckConstraint("places >= 1 AND most_ticks >= 1", name=op.f("ck_round_at_least_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round")),
    )
    op.create_table(
        "ballot",
        sa.Column("round_id", KEY, nullable=False),
        sa.Column("token", sa.LargeBinary(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("choices", sa.String(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_ballot_round_id_round")),
        sa.PrimaryKeyConstraint("round_id", "token", name=op.f("pk_ballot")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ballot_event",
        sa.Column("seq", KEY, nullable=False),
        sa.Column("round_id", KEY, nullable=False),
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_ballot_event_round_id_round")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ballot_event")),
        sa.UniqueConstraint("submission_id", name=op.f("uq_ballot_event_submission_id")),
    )
    op.create_index("ix_ballot_event_round_id", "ballot_event", ["round_id"], unique=False)
    op.create_table(
        "electorate",
        sa.Column("round_id", KEY, nullable=False),
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("voted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_electorate_person_id_person")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_electorate_round_id_round")),
        sa.PrimaryKeyConstraint("round_id", "person_id", name=op.f("pk_electorate")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "result_count",
        sa.Column("round_id", KEY, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("votes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_result_count_round_id_round")),
        sa.PrimaryKeyConstraint("round_id", "version", "position", name=op.f("pk_result_count")),
    )
    op.create_table(
        "round_key",
        sa.Column("round_id", KEY, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_round_key_round_id_round")),
        sa.PrimaryKeyConstraint("round_id", name=op.f("pk_round_key")),
    )
    op.create_table(
        "round_result",
        sa.Column("round_id", KEY, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("canonical", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("frozen_at", UTCDateTime, nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_round_result_round_id_round")),
        sa.PrimaryKeyConstraint("round_id", "version", name=op.f("pk_round_result")),
    )
    op.create_table(
        "topic",
        sa.Column("id", KEY, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("reporter_days", sa.Integer(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "suggested",
                "merged",
                "declined",
                "accepted",
                "on ballot",
                "chosen",
                "not chosen",
                "assigned",
                "published",
                native_enum=False,
                create_constraint=True,
                length=32,
                name="topicstate",
            ),
            nullable=False,
        ),
        sa.Column("suggested_by", KEY, nullable=True),
        sa.Column("credit", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("story_url", sa.String(), nullable=True),
        sa.Column("created_at", UTCDateTime, nullable=False),
        sa.Column("published_at", UTCDateTime, nullable=True),
        sa.ForeignKeyConstraint(["suggested_by"], ["person.id"], name=op.f("fk_topic_suggested_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic")),
    )
    op.create_index(op.f("ix_topic_state"), "topic", ["state"], unique=False)
    op.create_index(op.f("ix_topic_suggested_by"), "topic", ["suggested_by"], unique=False)
    op.create_table(
        "round_topic",
        sa.Column("round_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("topic_id", KEY, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("reporter_days", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_round_topic_round_id_round")),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_round_topic_topic_id_topic")),
        sa.PrimaryKeyConstraint("round_id", "position", name=op.f("pk_round_topic")),
        sa.UniqueConstraint("round_id", "topic_id", name=op.f("uq_round_topic_round_id_topic_id")),
    )
    op.create_index(op.f("ix_round_topic_topic_id"), "round_topic", ["topic_id"], unique=False)


def downgrade() -> None:
    for table in (
        "round_topic",
        "topic",
        "round_result",
        "round_key",
        "result_count",
        "electorate",
        "ballot_event",
        "ballot",
        "round",
    ):
        op.drop_table(table)
