"""Migrating is safe on a running newsroom's data: whole or not at all, one machine at a time, and back again."""

import subprocess
import sys
from datetime import datetime

import pytest
from sqlalchemy import inspect, text

from patronage.foundation.database import Database
from patronage.foundation.migrations import downgrade, upgrade
from patronage.home.health import newest_migration

UPGRADE = """
import sys
from alembic import command
from patronage.foundation.migrations import upgrade
print("ready", flush=True)
sys.stdin.readline()
upgrade(sys.argv[1])
"""


def _version(database: Database) -> str:
    with database.reading() as session:
        return str(session.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def test_a_migration_that_fails_in_the_middle_leaves_nothing_behind(
    empty_database: Database, empty_database_url: str
) -> None:
    upgrade(empty_database_url, "0003")
    with empty_database.transaction() as session:
        session.execute(text("CREATE TABLE pledge (id integer)"))
    with pytest.raises(Exception, match="pledge"):
        upgrade(empty_database_url)
    assert not inspect(empty_database.engine).has_table("stripe_event")
    assert _version(empty_database) == "0003"
    with empty_database.transaction() as session:
        session.execute(text("DROP TABLE pledge"))
    upgrade(empty_database_url)
    assert _version(empty_database) == newest_migration()


def test_two_machines_that_migrate_at_once_do_it_once(empty_database: Database, empty_database_url: str) -> None:
    command = [sys.executable, "-W", "error", "-c", UPGRADE, empty_database_url]
    piped = subprocess.PIPE
    with subprocess.Popen(command, stdin=piped, stdout=piped, stderr=piped, text=True) as other:
        assert other.stdin
        assert other.stdout
        assert other.stdout.readline() == "ready\n"
        other.stdin.write("go\n")
        other.stdin.flush()
        upgrade(empty_database_url)  # this process is the one machine, the other process the other
        told = other.communicate(timeout=60)[1]
    assert other.returncode == 0, told
    assert _version(empty_database) == newest_migration()


def test_what_people_wrote_survives_a_step_back_and_forth(
    empty_database: Database, empty_database_url: str, now: datetime
) -> None:
    upgrade(empty_database_url)
    with empty_database.transaction() as session:
        written = {"now": now.replace(tzinfo=None) if empty_database.is_sqlite else now}
        session.execute(
            text(
                "INSERT INTO person (email, email_key, language, created_at) "
                "VALUES ('Reader@example.org', 'reader@example.org', 'uk', :now)"
            ),
            written if not empty_database.is_sqlite else {"now": str(written["now"])},
        )
        entry = (
            "INSERT INTO ledger_entry (kind, stripe_id, debit, credit, amount_minor, currency, posted_at, booked_at) "
            "VALUES ('payment', 'ch_1', 'stripe balance', 'gifts', 500, 'EUR', :now, :now)"
        )
        session.execute(text(entry), written if not empty_database.is_sqlite else {"now": str(written["now"])})
    empty_database.close()
    downgrade(empty_database_url, "0005")
    upgrade(empty_database_url)
    with empty_database.reading() as session:
        assert session.execute(text("SELECT email FROM person")).scalar_one() == "Reader@example.org"
        assert session.execute(text("SELECT amount_minor FROM check_ledger")).scalar_one() == 500
    with pytest.raises(Exception, match="append-only"), empty_database.transaction() as session:
        session.execute(text("DELETE FROM ledger_entry"))


def test_a_database_that_is_up_to_date_is_left_alone(empty_database: Database, empty_database_url: str) -> None:
    for _ in range(2):
        upgrade(empty_database_url)
    assert _version(empty_database) == newest_migration()
