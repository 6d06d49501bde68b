"""Who wants no letters about votes."""

import sqlalchemy as sa
from alembic import op

from patronage.foundation.database import UTCDateTime

revision = "0027"
down_revision = "0026"

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "vote_letters_stopped",
        sa.Column("person_id", KEY, nullable=False),
        sa.Column("stopped_at", UTCDateTime, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_vote_letters_stopped_person_id_person")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_vote_letters_stopped")),
    )


def downgrade() -> None:
    op.drop_table("vote_letters_stopped")
