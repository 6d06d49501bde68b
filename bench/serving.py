"""Starts the servers that are measured, says what they cost in time and memory, and ends them."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PATRONAGE = [sys.executable, "-m", "patronage"]
OURS = [*PATRONAGE, "web", "--port", "{port}"]
BARE = [sys.executable, "-c", "from bench.limits import serve; serve({port})"]
START_SECONDS = 30.0
STOP_SECONDS = 20.0
SECRET = "a secret of the benchmark, long enough to be one"
WEBHOOK_SECRET = "whsec_of_the_benchmark"


class DidNotStart(Exception):
    """A server ended or kept silent instead of answering; the message is what it wrote."""


def settings_for(database_url: str, port: int) -> dict[str, Any]:
    """Return the settings of a newsroom on `database_url` that answers on `port`: defaults wherever there are any."""
    return {
        "database_url": database_url,
        "secret_key": SECRET,
        "base_url": f"http://127.0.0.1:{port}",
        "stripe_secret_key": "sk_test_of_the_benchmark",
        "stripe_webhook_secret": WEBHOOK_SECRET,
        "smtp_url": "smtp://127.0.0.1:2525",
        "mail_from": "Desk <desk@newsroom.example>",
    }


def environment(settings: dict[str, Any]) -> dict[str, str]:
    """Return the environment in which these `settings`, and no others of ours, hold."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PATRONAGE_")}
    kept["PYTHONPATH"] = str(ROOT)
    return kept | {f"PATRONAGE_{name.upper()}": value for name, value in settings.items()}


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


@dataclass
class Server:
    """A server of ours on this machine; `port` is where it answers, `first_answer` how many seconds that took."""

    process: "subprocess.Popen[bytes]"
    port: int
    first_answer: float = 0.0

    def pids(self) -> list[int]:
        """Return the master and its workers."""
        master = self.process.pid
        try:
            children = Path(f"/proc/{master}/task/{master}/children").read_text(encoding="ascii")
        except OSError:
            return [master]
        return [master, *map(int, children.split())]

    def memory(self) -> int | None:
        """Return the proportional set size of master and workers in bytes; None where the system does not tell."""
        each = [_pss(pid) for pid in self.pids()]
        return None if None in each else sum(filter(None, each))

    def processor_seconds(self) -> float | None:
        """Return the processor time that master and workers have used so far; None where the system does not tell."""
        each = [_used(pid) for pid in self.pids()]
        return None if None in each else sum(filter(None, each))

    def stop(self) -> None:
        """End it, and wait until it is gone."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def running(command: list[str], database_url: str, folder: Path, path: str) -> Iterator[Server]:
    """Run `command` with a newsroom on `database_url` once it has answered `path`. Raises `DidNotStart`."""
    port = free_port()
    words = [word.format(port=port) for word in command]
    log = folder / f"server-{port}.log"
    began = time.perf_counter()
    with log.open("wb") as written:
        process = subprocess.Popen(
            words, cwd=folder, env=environment(settings_for(database_url, port)), stdin=subprocess.DEVNULL,
            stdout=written, stderr=written,
        )  # fmt: skip
    server = Server(process, port)
    try:
        while not _answers(port, path):
            if process.poll() is not None or time.perf_counter() - began > START_SECONDS:
                raise DidNotStart(log.read_text(errors="replace")[-2000:])
            time.sleep(0.005)
        server.first_answer = time.perf_counter() - began
        yield server
    finally:
        server.stop()


def seconds(command: list[str], folder: Path) -> float:
    """Return how long `command` takes from start to end; raises `CalledProcessError` when it fails."""
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment({}), check=True, capture_output=True)
    return time.perf_counter() - began


def _answers(port: int, path: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS) as asked:
            asked.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
            return asked.recv(12).endswith(b" 200")
    except OSError:
        return False


def _pss(pid: int) -> int | None:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _used(pid: int) -> float | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime and stime, see proc(5)
