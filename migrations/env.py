"""Runs the migrations: online, one transaction each, with time-outs so that a busy table is never blocked for long."""

from alembic import context
from sqlalchemy import create_engine, pool, text

from patronage import tables
from patronage.foundation.database import address

url = address(context.config.get_main_option("sqlalchemy.url") or "")
engine = create_engine(url, poolclass=pool.NullPool)

with engine.connect() as connection:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET lock_timeout = '5s'"))
        connection.execute(text("SET statement_timeout = '300s'"))
        connection.commit()
    else:
        connection.execute(text("PRAGMA journal_mode=WAL"))
        connection.commit()
    context.configure(
        connection=connection,
        target_metadata=tables.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
