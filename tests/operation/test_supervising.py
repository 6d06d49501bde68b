"""Supervising: what dies is started again, with growing pauses; nothing outlives the supervisor, however it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from patronage.operation import supervising
from patronage.operation.supervising import Part, Supervisor

PATIENCE = 20.0
SUPERVISE = """
import os, sys
from pathlib import Path
from patronage.operation.supervising import Part, Supervisor
supervisor = Supervisor()
supervisor.listen()
supervisor.start(Part("sandbox", ["sandbox"], os.environ, Path(sys.argv[1])))
print(supervisor._running["sandbox"].process.pid, flush=True)
supervisor.watch() if sys.argv[2] == "watch" else input()
"""


def _environment(var: Path) -> dict[str, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {**os.environ, "VAR": str(var), "SANDBOX_PORT": str(port)}


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return not Path("/proc").is_dir()


def _end(pid: int) -> None:
    """End the child of a test that failed, so that the test itself leaves nothing behind."""
    if _runs(pid):
        os.kill(pid, signal.SIGKILL)


def _until(what: str, is_so: object) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():  # type: ignore[operator]  # a callable
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor()
    yield made
    made.stop()


def _dies_at_once(log: Path | None = None) -> Part:
    return Part("brief", ["--version"], os.environ, log)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_no_child_outlives_its_supervisor(how: signal.Signals, tmp_path: Path) -> None:
    supervising_process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, str(tmp_path / "log"), "watch"],
        env=_environment(tmp_path), stdout=subprocess.PIPE, stdin=subprocess.PIPE,
    )  # fmt: skip
    with supervising_process:
        assert supervising_process.stdout
        child = int(supervising_process.stdout.readline())
        _until("the sandbox's database", (tmp_path / "sandbox.db").exists)
        assert _runs(child)
        supervising_process.send_signal(how)
    try:
        _until("the child's end", lambda: not _runs(child))
    finally:
        _end(child)


def test_an_interrupt_breaks_off_what_is_still_being_prepared(tmp_path: Path) -> None:
    preparing = subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, str(tmp_path / "log"), "prepare"],
        env=_environment(tmp_path), stdout=subprocess.PIPE, stdin=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with preparing:
        assert preparing.stdout
        child = int(preparing.stdout.readline())
        preparing.send_signal(signal.SIGINT)
        _, told = preparing.communicate(timeout=PATIENCE)
    try:
        _until("the child's end", lambda: not _runs(child))
    finally:
        _end(child)
    assert b"KeyboardInterrupt" in told


def test_what_dies_is_started_again(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(supervising, "PAUSE_SECONDS", 0.01)
    said = tmp_path / "said"
    supervisor.start(_dies_at_once(said))

    def said_twice() -> bool:
        supervisor._revive()
        return said.read_text(encoding="utf-8").count("patronage") >= 2

    _until("a second start", said_twice)


def test_what_dies_at_once_again_and_again_is_started_ever_more_rarely(supervisor: Supervisor) -> None:
    supervisor.start(_dies_at_once())
    running = supervisor._running["brief"]
    running.process.wait(PATIENCE)
    pauses = []
    for _ in range(8):
        running.bury(running.since)
        assert running.again_at is not None
        pauses.append(running.again_at - running.since)
    assert pauses[:4] == [1.0, 2.0, 4.0, 8.0]
    assert pauses[-1] == supervising.LONGEST_PAUSE_SECONDS


def test_what_has_run_for_a_while_is_started_again_soon(supervisor: Supervisor) -> None:
    supervisor.start(_dies_at_once())
    running = supervisor._running["brief"]
    running.process.wait(PATIENCE)
    running.deaths = 7
    running.bury(running.since + supervising.SETTLED_SECONDS + 1)
    assert running.deaths == 1


def test_what_has_ended_is_named(supervisor: Supervisor) -> None:
    supervisor.start(_dies_at_once())
    _until("its end", lambda: supervisor.ended() == "brief")


def test_what_will_not_stop_is_ended_by_force(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(supervising, "PATIENCE_SECONDS", 0.2)
    supervisor.start(Part("stubborn", ["sandbox"], _environment(tmp_path), tmp_path / "log"))
    process = supervisor._running["stubborn"].process
    process.send_signal(signal.SIGSTOP)
    supervisor.stop()
    assert process.returncode in {-signal.SIGKILL, -signal.SIGTERM}
