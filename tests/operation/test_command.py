"""The command: help at once and without settings, a sensible status, and sentences instead of tracebacks."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from patronage.cli import NO_DATABASE, cli
from tests.fixtures.tools import GOOD

Done = subprocess.CompletedProcess[str]
NOT_THERE = ("sqlite:///empty.db", "postgresql://nobody@127.0.0.1:1/none", "sqlite:////proc/none/none.db")
CHECK_EACH = """
import os, sys
from patronage.cli import main
urls, sys.argv = sys.argv[1:], ["patronage", "check"]
for os.environ["PATRONAGE_DATABASE_URL"] in urls:
    try:
        main()
    except SystemExit as end:
        print(end.code)
"""


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))


def _run(arguments: list[str], folder: Path, **settings: str) -> Done:
    given = {name: value for name, value in os.environ.items() if not name.startswith("PATRONAGE_")}
    command = [sys.executable, "-m", "patronage", *arguments]
    return subprocess.run(
        command, cwd=folder, env={**given, **settings}, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def given() -> dict[str, str]:
    """Good settings, as the environment holds them, but for the database's address."""
    return {f"PATRONAGE_{name.upper()}": value for name, value in GOOD.items()}


def test_every_command_explains_itself() -> None:
    from click.testing import CliRunner

    for path in _commands(cli):
        told = CliRunner().invoke(cli, [*path, "--help"])
        assert told.exit_code == 0, path
        assert told.output.startswith("Usage:"), path
        assert len(told.output.splitlines()) > 3, path


def test_help_needs_neither_settings_nor_a_database_nor_the_slow_libraries(tmp_path: Path) -> None:
    """What would take its time is not loaded; the time itself is measured by the benchmark."""
    slow = "import sys; from patronage.cli import cli; print({'stripe', 'sqlalchemy', 'alembic'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", slow], capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout.strip() == "set()"
    assert _run(["--help"], tmp_path).returncode == 0


def test_wrong_settings_are_all_told_with_status_2(tmp_path: Path) -> None:
    done = _run(["check"], tmp_path, PATRONAGE_TIMEZONE="Mars/Olympus")
    assert done.returncode == 2
    for name in ("SECRET_KEY", "BASE_URL", "STRIPE_SECRET_KEY", "SMTP_URL", "TIMEZONE"):
        assert f"PATRONAGE_{name}" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_database_there_is_a_sentence_and_a_status_of_its_own(tmp_path: Path, given: dict[str, str]) -> None:
    """Status 1 of `check` means that the books are wrong; nobody should be woken for that by a lost connection."""
    command = [sys.executable, "-c", CHECK_EACH, *NOT_THERE]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, **given}, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == [str(NO_DATABASE)] * len(NOT_THERE), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("The database cannot be used: ") == len(NOT_THERE)


def test_a_command_there_is_not_is_status_2(tmp_path: Path) -> None:
    assert _run(["nonsense"], tmp_path).returncode == 2
