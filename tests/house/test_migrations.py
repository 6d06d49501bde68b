"""Migrations lead to the tables of the models, and back, on both databases."""

import re
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from patronage import tables
from patronage.foundation.database import Database
from patronage.foundation.migrations import downgrade, upgrade
from tests.house.source import ROOT


def _differences(database: Database) -> list[Any]:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, tables.metadata))


def test_migrations_and_models_say_the_same(database: Database) -> None:
    assert _differences(database) == []


def test_migrations_lead_back_to_nothing_and_up_again(empty_database: Database, empty_database_url: str) -> None:
    upgrade(empty_database_url)
    downgrade(empty_database_url, "base")
    assert inspect(empty_database.engine).get_table_names() == ["alembic_version"]
    assert inspect(empty_database.engine).get_view_names() == []
    upgrade(empty_database_url)
    assert _differences(empty_database) == []


def test_migrations_are_numbered_in_reading_order() -> None:
    files = sorted((ROOT / "migrations" / "versions").glob("*.py"))
    assert [file.name[:4] for file in files] == [f"{number:04d}" for number in range(1, len(files) + 1)]
    for file in files:
        revision = re.search(r'^revision = "(.*)"$', file.read_text(encoding="utf-8"), re.MULTILINE)
        assert revision
        assert revision[1] == file.name[:4]
