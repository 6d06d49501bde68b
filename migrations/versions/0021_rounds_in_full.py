"""Rounds in full: who may vote, what a ballot weighs, "why", turnout by the hour, and the chain that seals ballots."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from patronage.foundation.database import UTCDateTime
from patronage.foundation.reshaping import one_of, reshape

revision = "0021"
down_revision = "0020"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
BEFORE = {
    "ck_round_dates_in_order": "closes_at > opens_at",
    "ck_round_at_least_one": "places >= 1 AND most_ticks >= 1",
}
AFTER = BEFORE | {"ck_round_policy": one_of("policy", "until closing", "frozen")}


def _of_rounds() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("policy", sa.String(32), nullable=False, server_default="until closing"),
        sa.Column("cut_off", UTCDateTime, nullable=True),
        sa.Column("least_tier_id", KEY, nullable=True),
        sa.Column("least_days", sa.Integer(), nullable=True),
        sa.Column("budget_days", sa.Integer(), nullable=True),
        sa.Column("weighted", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("asks_why", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("electorate_size", sa.Integer(), nullable=True),
        sa.Column("electorate_sha256", sa.String(), nullable=True),
    )


def _of_voters() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("weight", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("tier_band", sa.String(), nullable=True),
        sa.Column("tenure_band", sa.String(), nullable=True),
        sa.Column("lang", sa.String(), nullable=True),
        sa.Column("named", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("reasons", sa.Integer(), nullable=False, server_default="0"),
    )


def upgrade() -> None:
    reshape("round", _widen, AFTER)
    for column in _of_voters():
        op.add_column("electorate", column)
    op.add_column("round_result", sa.Column("reason", sa.String(), nullable=True))
    _make_tables()
    reshape("ballot_event", _chain, {})


def _widen(batch: BatchOperations) -> None:
    for column in _of_rounds():
        batch.add_column(column)
    batch.create_foreign_key(op.f("fk_round_least_tier_id_tier"), "tier", ["least_tier_id"], ["id"])


def _chain(batch: BatchOperations) -> None:
    batch.add_column(sa.Column("batch_id", KEY, nullable=True))
    batch.create_foreign_key(op.f("fk_ballot_event_batch_id_chain_batch"), "chain_batch", ["batch_id"], ["id"])


def _make_tables() -> None:
    op.create_table(
        "round_weight",
        sa.Column("round_id", KEY, nullable=False),
        sa.Column("tier_id", KEY, nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.CheckConstraint("weight BETWEEN 1 AND 3", name=op.f("ck_round_weight_one_to_three")),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_round_weight_round_id_round")),
        sa.ForeignKeyConstraint(["tier_id"], ["tier.id"], name=op.f("fk_round_weight_tier_id_tier")),
        sa.PrimaryKeyConstraint("round_id", "tier_id", name=op.f("pk_round_weight")),
    )
    op.create_table(
        "round_reason",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("round_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting", "shown", "hidden", native_enum=False, create_constraint=True, length=32, name="reasonstate"
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_round_reason_round_id_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_round_reason")),
    )
    op.create_index(op.f("ix_round_reason_round_id"), "round_reason", ["round_id"])
    op.create_table(
        "turnout_hour",
        sa.Column("round_id", KEY, nullable=False),
        sa.Column("hour", UTCDateTime, nullable=False),
        sa.Column("turnout", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_turnout_hour_round_id_round")),
        sa.PrimaryKeyConstraint("round_id", "hour", name=op.f("pk_turnout_hour")),
    )
    op.create_table(
        "chain_batch",
        sa.Column("id", KEY, nullable=False),
        sa.Column("round_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", UTCDateTime, nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_chain_batch_round_id_round")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_batch")),
        sa.UniqueConstraint("round_id", "number", name=op.f("uq_chain_batch_round_id_number")),
    )


def downgrade() -> None:
    reshape("ballot_event", _unchain, {})
    for table in ("chain_batch", "turnout_hour", "round_reason", "round_weight"):
        op.drop_table(table)
    op.drop_column("round_result", "reason")
    for column in _of_voters():
        op.drop_column("electorate", column.name)
    reshape("round", _narrow, BEFORE)


def _unchain(batch: BatchOperations) -> None:
    batch.drop_constraint(op.f("fk_ballot_event_batch_id_chain_batch"), type_="foreignkey")
    batch.drop_column("batch_id")


def _narrow(batch: BatchOperations) -> None:
    batch.drop_constraint(op.f("fk_round_least_tier_id_tier"), type_="foreignkey")
    for column in _of_rounds():
        batch.drop_column(column.name)
