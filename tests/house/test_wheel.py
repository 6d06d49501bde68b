"""An installed wheel carries all it needs and runs from any folder."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from patronage.foundation.web.languages import LANGUAGES, OURS
from tests.house.source import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built by the pinned backend without asking the network."""
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's content; the dependencies come from the environment the tests run in."""
    target = tmp_path_factory.mktemp("installed")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--target",
        str(target),
    ]
    _run(*pip, str(wheel), cwd=target)
    return target


def _run(*command: str, cwd: Path, **environment: str) -> str:
    env = {**os.environ, **environment}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _patronage(installed: Path, *words: str, cwd: Path, **environment: str) -> str:
    return _run(sys.executable, "-m", "patronage", *words, cwd=cwd, PYTHONPATH=str(installed), **environment)


def test_the_wheel_carries_templates_and_migrations(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    ours = [file for folder in ("templates", "migrations") for file in (ROOT / folder).rglob("*") if file.is_file()]
    needed = {"patronage/" + file.relative_to(ROOT).as_posix() for file in ours if "__pycache__" not in file.parts}
    assert needed - names == set()


def test_the_wheel_speaks_every_language(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    compiled = {f"patronage/locale/{each}/LC_MESSAGES/messages.mo" for each in set(LANGUAGES) - {OURS}}
    assert compiled - names == set()


def test_an_installed_wheel_is_the_one_that_runs(installed: Path, tmp_path: Path) -> None:
    where = _run(
        sys.executable,
        "-c",
        "import patronage; print(patronage.__file__)",
        cwd=tmp_path,
        PYTHONPATH=str(installed),
    )
    assert Path(where.strip()).is_relative_to(installed)


def test_an_installed_wheel_tells_its_commands_from_another_folder(installed: Path, tmp_path: Path) -> None:
    assert "migrate" in _patronage(installed, "--help", cwd=tmp_path)


def test_an_installed_wheel_migrates_from_another_folder(installed: Path, tmp_path: Path) -> None:
    environment = {
        "PATRONAGE_DATABASE_URL": f"sqlite:///{tmp_path / 'made.db'}",
        "PATRONAGE_SECRET_KEY": "k" * 48 + "0123456789",
        "PATRONAGE_BASE_URL": "http://127.0.0.1:8000",
        "PATRONAGE_STRIPE_SECRET_KEY": "sk_test_of_nobody",
        "PATRONAGE_STRIPE_WEBHOOK_SECRET": "whsec_of_nobody",
        "PATRONAGE_SMTP_URL": "smtp://127.0.0.1:2525",
        "PATRONAGE_MAIL_FROM": "desk@newsroom.example",
    }
    _patronage(installed, "migrate", cwd=tmp_path, **environment)
    assert (tmp_path / "made.db").stat().st_size > 0
