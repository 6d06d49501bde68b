"""Runs several processes as one: what dies is started again, and when told to stop all of them stop."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from patronage.foundation.logs import log
from patronage.operation.supervised import SIGN

PATIENCE_SECONDS = 35.0
PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
SETTLED_SECONDS = 60.0  # what has run for this long has not died at once


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
        """Start the process; it is a child of ours, but our Ctrl-C is not its own, and it ends when we are gone."""
        command = [sys.executable, "-m", "patronage", *self.arguments]
        with contextlib.ExitStack() as stack:
            said = stack.enter_context(self.log.open("ab")) if self.log else None
            return subprocess.Popen(  # noqa: S603 - our own command, with arguments of our own
                command,
                env={**self.environment, SIGN: "yes"},
                start_new_session=True,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
            )


@dataclass
class _Running:
    """A part, its process, and how often in a row it has died soon after it was started."""

    part: Part
    process: subprocess.Popen[bytes]
    since: float = field(default_factory=time.monotonic)
    deaths: int = 0
    again_at: float | None = None

    def bury(self, now: float) -> None:
        """Say that the process ended, and when it is to be started again: later each time if it dies at once."""
        self.deaths = 1 if now - self.since > SETTLED_SECONDS else self.deaths + 1
        pause = min(PAUSE_SECONDS * 2 ** (self.deaths - 1), LONGEST_PAUSE_SECONDS)
        self.again_at = now + pause
        log().error("a process ended", part=self.part.name, status=self.process.returncode, again_in_seconds=pause)

    def start_again(self, now: float) -> None:
        """Start the part anew; what cannot be started counts as having died at once."""
        self.let_go()
        self.since, self.again_at = now, None
        try:
            self.process = self.part.start()
        except OSError as error:
            log().error("a process cannot be started", part=self.part.name, error=str(error))
            self.bury(now)

    def let_go(self) -> None:
        """Close our end of the pipe by which the process knows that we are there."""
        if self.process.stdin:
            self.process.stdin.close()

    def end(self) -> None:
        """Wait until the process, told to stop, has ended; end it and its children by force if that takes too long."""
        try:
            self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.let_go()


class Supervisor:
    """Keeps the parts running until told to stop."""

    def __init__(self) -> None:
        self._running: dict[str, _Running] = {}
        self._stopping = threading.Event()
        self._is_watching = False

    def start(self, part: Part) -> None:
        """Start `part` and keep it running from now on."""
        self._running[part.name] = _Running(part, part.start())

    def listen(self) -> None:
        """Stop on Ctrl-C and on SIGTERM; what is still being prepared is broken off with `KeyboardInterrupt`."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._told_to_stop)

    def _told_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        was_told = self._stopping.is_set()
        self._stopping.set()
        if not (was_told or self._is_watching):
            raise KeyboardInterrupt

    def ended(self) -> str | None:
        """Return the name of a part that has ended, or None while all run."""
        return next((name for name, running in self._running.items() if running.process.poll() is not None), None)

    def watch(self) -> None:
        """Start again what dies, until told to stop; then stop everything."""
        self._is_watching = True
        try:
            while not self._stopping.wait(PAUSE_SECONDS):
                self._revive()
        finally:
            self.stop()

    def _revive(self) -> None:
        now = time.monotonic()
        for running in self._running.values():
            if running.process.poll() is None:
                continue
            if running.again_at is None:
                running.bury(now)
            elif now >= running.again_at:
                running.start_again(now)

    def stop(self) -> None:
        """End all parts, kindly first, the last started first."""
        self._stopping.set()
        parts = list(reversed(self._running.values()))
        for running in parts:
            running.process.terminate()
        for running in parts:
            running.end()
        self._running.clear()
