"""Running the sandbox: as a process of its own, or in a thread beside tests."""

import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from werkzeug.serving import WSGIRequestHandler, make_server

from patronage.sandbox import clock
from patronage.sandbox.app import create_sandbox
from patronage.sandbox.settings import SandboxSettings
from patronage.sandbox.store import Store


class Quiet(WSGIRequestHandler):
    """Speaks HTTP/1.1, each request on a connection of its own, and writes no line for each."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: what was asked can be seen in the sandbox itself."""


class RunningSandbox:
    """A sandbox served from a thread on loopback; `with RunningSandbox(settings) as sandbox: sandbox.url`.

    The address in `settings.base_url` is replaced by the one it is really bound to; port 0 takes a free one.
    """

    url: str
    store: Store

    def __init__(self, settings: SandboxSettings, port: int = 0) -> None:
        self._server = make_server("127.0.0.1", port, _not_ready, threaded=True, request_handler=Quiet)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self.settings = replace(settings, base_url=self.url) if port == 0 else settings
        try:
            self.app = create_sandbox(self.settings)
        except BaseException:
            self._server.server_close()
            raise
        self.store = self.app.extensions["sandbox_store"]
        self._server.app = self.app
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})]
        if settings.deliver:
            self._threads.append(threading.Thread(target=self._tick))

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._stop_serving()
        for stop in self.app.extensions.get("sandbox_stops", []):
            stop()
        for thread in self._threads:
            thread.join()
        self._server.server_close()
        self.store.close()

    def _stop_serving(self) -> None:
        """End the loop that waits for connections; a last one wakes it, and is not answered."""
        ending = threading.Thread(target=self._server.shutdown)
        ending.start()
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._server.port)):
            ending.join()

    def _tick(self) -> None:
        while not self._stopping.wait(1):
            clock.catch_up(self.store)

    def wait(self) -> None:
        """Block until somebody says `end`."""
        self._stopping.wait()

    def end(self) -> None:
        """Let `wait` return."""
        self._stopping.set()


def _not_ready(_environ: object, _start_response: object) -> list[bytes]:
    raise RuntimeError("the sandbox is not ready yet")


def settings_from_environment() -> tuple[SandboxSettings, int]:
    """Settings and port from SANDBOX_PORT (8010), VAR (`var`) and SANDBOX_AGO (0 seconds; a new sandbox only)."""
    port = int(os.environ.get("SANDBOX_PORT", "8010"))
    var = Path(os.environ.get("VAR", "var"))
    settings = SandboxSettings(
        path=var / "sandbox.db",
        base_url=f"http://127.0.0.1:{port}",
        mail_dir=var / "mail",
        clock_file=var / "clock",
        starts_ago=int(os.environ.get("SANDBOX_AGO", "0")),
        payouts="daily",
    )
    return settings, port


def serve(settings: SandboxSettings, port: int) -> None:
    """Serve on loopback until SIGINT or SIGTERM; then return, so that the process ends with status 0."""
    with RunningSandbox(settings, port) as sandbox:

        def end(_signal: int, _frame: FrameType | None) -> None:
            sandbox.end()

        for ending in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ending, end)
        sys.stdout.write(f"The sandbox is ready on {sandbox.url}\n")
        sys.stdout.flush()
        sandbox.wait()
