"""The client that asks: one process, one loop, prepared bytes over sockets kept open, so that it takes little itself.

The same client asks the limits and the pages, so what it costs itself stands on both sides of every ratio.
"""

import gc
import selectors
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter

CONNECTIONS = 8
PORTION = 256 * 1024
END_OF_HEAD = b"\r\n\r\n"
BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-GB,en;q=0.7,uk;q=0.3",
    "Accept-Encoding": "gzip, deflate, br",
}
LENGTH = b"\r\ncontent-length:"


class NoAnswer(Exception):
    """The server did not answer within the time given."""


@dataclass
class Run:
    """What one run showed: its length, how long each answer took (both in seconds), and statuses nobody expected."""

    seconds: float = 0.0
    took: list[float] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.took) / self.seconds


class Line:
    """One connection, which waits for its answer before it asks again."""

    def __init__(self, port: int, patience: float) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._got = b""
        self.asked_at = 0.0

    def ask(self, request: bytes) -> None:
        """Send `request`."""
        self._got = b""
        self.asked_at = perf_counter()
        self.socket.sendall(request)

    def status(self) -> int | None:
        """Read what has come; return the status of the answer once it is whole, 0 if the server hung up."""
        portion = self.socket.recv(PORTION)
        if not portion:
            return 0
        self._got += portion
        head = self._got.find(END_OF_HEAD)
        if head < 0 or len(self._got) < head + 4 + _length(self._got[:head].lower()):
            return None
        return int(self._got[9:12])


def fire(port: int, requests: Sequence[bytes], status: int, patience: float = 30.0) -> Run:
    """Send all `requests` over `CONNECTIONS` lines to `port` on this machine; answers should have `status`.

    Raises `NoAnswer` after `patience` seconds of silence.
    """
    left = iter(requests)
    lines = [Line(port, patience) for _ in range(min(CONNECTIONS, len(requests)))]
    run = Run()
    gc.collect()
    gc.disable()
    try:
        began = perf_counter()
        _ask_until_done(lines, left, status, run, patience)
        run.seconds = perf_counter() - began
    finally:
        gc.enable()
        for line in lines:
            line.socket.close()
    return run


def _ask_until_done(lines: list[Line], left: Iterator[bytes], status: int, run: Run, patience: float) -> None:
    with selectors.DefaultSelector() as waiting:
        for line in lines:
            waiting.register(line.socket, selectors.EVENT_READ, line)
            line.ask(next(left))
        while waiting.get_map():
            ready = waiting.select(patience)
            if not ready:
                raise NoAnswer(f"no answer for {patience:.0f} seconds")
            for key, _mask in ready:
                line, answered = key.data, key.data.status()
                if answered is None:
                    continue
                run.took.append(perf_counter() - line.asked_at)
                if answered != status:
                    run.failed.append(answered)
                request = next(left, None)
                if request is None or answered == 0:
                    waiting.unregister(line.socket)
                else:
                    line.ask(request)


def request(method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    """Return the bytes of one request, with what browsers send about themselves; `Host` is part of `headers`."""
    given = {**(headers or {}), **BROWSER}
    if method == "POST":
        given["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def _length(head: bytes) -> int:
    at = head.find(LENGTH)
    return int(head[at + len(LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
