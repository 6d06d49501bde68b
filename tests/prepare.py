"""Makes the machine ready for the tests: Chromium and PostgreSQL, found, installed when root, or asked for.

Run by `make test`, which fails when something is still missing at the end: no test is skipped for want of it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests import chromium, postgres

APT = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}


@dataclass(frozen=True)
class Need:
    """A program the tests need, how to find it, and what to type when it is missing."""

    name: str
    find: Callable[[], object]
    as_root: list[list[str]]
    advice: str


def main() -> int:
    """Looks for everything, installs what may be installed, and returns the exit status."""
    missing = [need for need in needs() if not found(need)]
    for need in missing:
        print(f"{need.name} is missing. Install it and try again:\n    {need.advice}", file=sys.stderr)
    return 1 if missing else 0


def needs() -> list[Need]:
    """What the tests need that pip cannot bring, on this machine."""
    return [
        Need("Chromium", chromium.find, *_chromium_commands()),
        Need(
            "PostgreSQL",
            postgres.binaries,
            [["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "postgresql"]],
            "brew install postgresql" if sys.platform == "darwin" else "sudo apt-get install postgresql",
        ),
    ]


def _chromium_commands() -> tuple[list[list[str]], str]:
    playwright = [sys.executable, "-m", "playwright", "install"]
    debian = [["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]]
    if _is_debian():
        return debian, "sudo apt-get install chromium"
    if sys.platform == "darwin":
        return [], " ".join([*playwright, "chromium"])
    # Ubuntu's own package only asks for snap, which containers do not have.
    return [[*playwright, "--with-deps", "chromium"]], " ".join([*playwright, "--with-deps", "chromium"])


def _is_debian() -> bool:
    release = Path("/etc/os-release")
    return release.exists() and "\nID=debian\n" in f"\n{release.read_text(encoding='utf-8')}\n"


def found(need: Need) -> bool:
    """Tells whether `need` is there, after installing it when that is ours to do."""
    if place := need.find():
        print(f"{need.name}: {place}")
        return True
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    print(f"{need.name} is missing; installing it")
    for command in need.as_root:
        if subprocess.run(command, check=False, env=APT, stdin=subprocess.DEVNULL, stdout=sys.stderr).returncode:
            return False
    return bool(need.find())


if __name__ == "__main__":
    sys.exit(main())
