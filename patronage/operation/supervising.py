"""Runs several processes as one: what dies is started again, and when told to stop all of them stop."""

import contextlib
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from patronage.foundation.logs import log

PATIENCE_SECONDS = 35.0
PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Part:
    """One process: a name, the arguments of the `patronage` command, its environment, and where what it says goes.

    Without a `log` it speaks to our own standard error.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path | None = None

    def start(self) -> subprocess.Popen[bytes]:
        """Start the process; it is a child of ours and shares our terminal, but not our Ctrl-C."""
        command = [sys.executable, "-m", "patronage", *self.arguments]
        with contextlib.ExitStack() as stack:
            said = stack.enter_context(self.log.open("ab")) if self.log else None
            return subprocess.Popen(  # noqa: S603 - our own command, with arguments of our own
                command, env=dict(self.environment), start_new_session=True, stdout=said, stderr=said
            )


class Supervisor:
    """Keeps the parts running until told to stop."""

    def __init__(self) -> None:
        self._running: dict[str, tuple[Part, subprocess.Popen[bytes]]] = {}
        self._stopping = threading.Event()

    def start(self, part: Part) -> None:
        """Start `part` and keep it running from now on."""
        self._running[part.name] = (part, part.start())

    def listen(self) -> None:
        """Stop on Ctrl-C and on SIGTERM."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._told_to_stop)

    def _told_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        """Tell whether we were told to stop."""
        return self._stopping.is_set()

    def ended(self) -> str | None:
        """Return the name of a part that has ended, or None while all run."""
        return next((name for name, (_, process) in self._running.items() if process.poll() is not None), None)

    def watch(self) -> None:
        """Start again what dies, until told to stop; then stop everything."""
        try:
            while not self._stopping.wait(PAUSE_SECONDS):
                self._revive()
        finally:
            self.stop()

    def _revive(self) -> None:
        for name, (part, process) in list(self._running.items()):
            if process.poll() is not None and not self._stopping.is_set():
                log().error("a process ended and is started again", part=name, status=process.returncode)
                self._running[name] = (part, part.start())

    def stop(self) -> None:
        """End all parts, kindly first, the last started first."""
        processes = [process for _, process in reversed(self._running.values())]
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()
