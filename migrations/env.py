"""Runs the migrations, one machine at a time and whole or not at all, with time-outs so that no table is blocked long.

PostgreSQL: one transaction each, under an advisory lock. SQLite: all in one transaction, which is the lock; its driver
would otherwise write each table down at once, and a process killed in the middle left half a migration behind.
"""

from typing import Any

from alembic import context
from sqlalchemy import create_engine, event, pool, text

from patronage import tables
from patronage.foundation.database import BUSY_SECONDS, address

ONE_AT_A_TIME = 7_287_662_683  # any number, the same for all machines

url = address(context.config.get_main_option("sqlalchemy.url") or "")
is_sqlite = url.get_backend_name() == "sqlite"
engine = create_engine(url, poolclass=pool.NullPool, connect_args={"timeout": BUSY_SECONDS} if is_sqlite else {})

if is_sqlite:

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


with engine.connect() as connection:
    if not is_sqlite:
        connection.execute(text("SET statement_timeout = '300s'"))
        connection.execute(text("SELECT pg_advisory_lock(:number)"), {"number": ONE_AT_A_TIME})
        connection.execute(text("SET lock_timeout = '5s'"))
        connection.commit()
    context.configure(
        connection=connection,
        target_metadata=tables.metadata,
        render_as_batch=is_sqlite,
        transactional_ddl=True,
        transaction_per_migration=not is_sqlite,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
