"""Changes a table that holds rows, in migrations: checks, triggers and views stay what they were on both databases."""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations


def reshape(
    table: str, change: Callable[[BatchOperations], Any], checks: Mapping[str, str], fill: str | None = None
) -> None:
    """Apply `change` to `table`, which has exactly `checks` (full name → condition) from now on.

    `fill` is a statement that gives rows what a new column lacks; it runs while the table's triggers look away.

    SQLite cannot change a column or a check: the table is made anew and its rows are carried over. That would lose
    its triggers and stumble over views, so both are put back afterwards. PostgreSQL changes the table where it is.
    """
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    put_away = _put_away(table) if is_sqlite else [f"ALTER TABLE {table} ENABLE TRIGGER USER"]
    with op.batch_alter_table(table, recreate="always" if is_sqlite else "never") as batch:
        for known in sa.inspect(op.get_bind()).get_check_constraints(table):
            batch.drop_constraint(op.f(str(known["name"])), type_="check")
        change(batch)
        for name, condition in checks.items():
            batch.create_check_constraint(op.f(name), sa.text(condition))
    if not is_sqlite:
        op.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    if fill:
        op.execute(fill)
    for statement in put_away:
        op.get_bind().exec_driver_sql(statement)


def one_of(column: str, *values: str) -> str:
    """Return the condition that `column` holds one of `values`, as SQLAlchemy writes it for words."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def _put_away(table: str) -> list[str]:
    """Drop all views, and the triggers of `table`; return the statements that make them again."""
    found = op.get_bind().exec_driver_sql(
        "SELECT type, name, sql FROM sqlite_master WHERE type = 'view' OR (type = 'trigger' AND tbl_name = ?)", (table,)
    )
    rows = found.all()
    for kind, name, _sql in rows:
        op.get_bind().exec_driver_sql(f"DROP {kind} {name}")
    return [sql for _kind, _name, sql in rows]
