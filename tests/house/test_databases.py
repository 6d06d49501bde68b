"""What the fixtures promise: a real, migrated database, as clean as the migrations left it."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from patronage.foundation.database import Database
from tests.house.source import ROOT


@pytest.mark.parametrize("turn", [1, 2])
def test_a_database_holds_what_the_migrations_wrote_and_nothing_of_another_test(database: Database, turn: int) -> None:
    counter = {"key": f"turn {turn}", "ends_at": "2026-03-02 12:00:00"}
    with database.transaction() as session:
        assert session.execute(text("SELECT id FROM identity")).scalars().all() == [1]
        assert session.execute(text("SELECT count(*) FROM limit_count")).scalar_one() == 0
        session.execute(text("DELETE FROM identity"))
        session.execute(text("INSERT INTO limit_count VALUES (:key, 1, :ends_at)"), counter)


def test_a_database_is_the_engine_that_the_test_is_named_for(database: Database, engine: str) -> None:
    assert database.engine.dialect.name == engine
    assert "alembic_version" in inspect(database.engine).get_table_names()


def test_an_empty_database_has_no_tables(empty_database: Database) -> None:
    assert inspect(empty_database.engine).get_table_names() == []


def test_the_server_ends_when_the_run_is_killed() -> None:
    """The pipe closes with the process that held it, whatever ended that process."""
    program = (
        "import os, signal; from tests import postgres; server = postgres.Server();"
        "print(server.folder, flush=True); postgres.wait_until_ready(server.folder);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)
    folder = Path(done.stdout.strip())
    assert done.returncode == -9, done.stderr
    deadline = time.monotonic() + 30
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not folder.exists()
