"""Reasons lie in the order of their lots on SQLite, without the number that told in which order they were written."""

from alembic import op

revision = "0029"
down_revision = "0028"

TABLE, WITHOUT = "round_reason", " WITHOUT ROWID"


def upgrade() -> None:
    _make_again(without_rowid=True)


def downgrade() -> None:
    _make_again(without_rowid=False)


def _make_again(*, without_rowid: bool) -> None:
    """Make the table anew from its own words; PostgreSQL has no such numbers (sealing/scattering.py sees to order)."""
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        return
    known = "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type = 'index'"
    table, *indexes = connection.exec_driver_sql(known, (TABLE,)).scalars().all()
    made = table.rstrip().removesuffix(WITHOUT) + (WITHOUT if without_rowid else "")
    connection.exec_driver_sql(f"ALTER TABLE {TABLE} RENAME TO {TABLE}_before")
    connection.exec_driver_sql(made)
    connection.exec_driver_sql(f"INSERT INTO {TABLE} SELECT * FROM {TABLE}_before")  # noqa: S608 - our own names
    connection.exec_driver_sql(f"DROP TABLE {TABLE}_before")
    for index in indexes:
        connection.exec_driver_sql(index)
