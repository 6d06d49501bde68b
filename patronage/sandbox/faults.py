"""Faults on demand: what goes wrong, how often, before (or just after) a call of the API is carried out."""

import json
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from patronage.sandbox.ids import new_id
from patronage.sandbox.store import Json, Store

KINDS = ("429", "500", "html503", "drop", "hang", "commit_then_drop")
HANG = 20.0  # real seconds without an answer, longer than any client waits here; then the connection is dropped
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

ANSWERS = {
    "429": (
        "429 Too Many Requests",
        {
            "error": {
                "code": "rate_limit",
                "doc_url": "https://stripe.com/docs/error-codes/rate-limit",
                "message": "Request rate limit exceeded. Learn more about rate limits here"
                " https://stripe.com/docs/rate-limits.",
                "type": "invalid_request_error",
            }
        },
    ),
    "500": (
        "500 Internal Server Error",
        {"error": {"message": "An unknown error occurred", "type": "api_error"}},
    ),
}
PAGE = b"<html><head><title>503</title></head><body><h1>503 Service Unavailable</h1></body></html>"


def listed(store: Store) -> list[Json]:
    """The faults still to come: `[{"path", "times", "fault"}]`."""
    with store.read() as tx:
        faults: list[Json] = json.loads(tx.fact("faults") or "[]")
    return faults


def replace(store: Store, faults: list[Json]) -> None:
    """Let these faults come instead of all that were still to come."""
    with store.write() as tx:
        tx.remember("faults", json.dumps(faults))


def take(store: Store, path: str) -> str | None:
    """Use up one fault for a path; its kind, or None. The first that matches is taken."""
    if not any(_matches(fault, path) for fault in listed(store)):
        return None
    with store.write() as tx:
        faults: list[Json] = json.loads(tx.fact("faults") or "[]")
        for fault in faults:
            if _matches(fault, path):
                fault["times"] -= 1
                tx.remember("faults", json.dumps([fault for fault in faults if fault["times"] > 0]))
                return str(fault["fault"])
    return None


def _matches(fault: Json, path: str) -> bool:
    """A fault is for its own path and all beneath it."""
    wanted = str(fault["path"]).rstrip("/")
    return path == wanted or path.startswith(f"{wanted}/")


class FaultyApi:
    """The sandbox's WSGI app with faults before it; everything outside /v1 passes untouched.

    A dropped call closes the connection without a byte of an answer and raises ConnectionResetError, which is
    also what a client wired to the app in-process gets to see.
    """

    def __init__(self, app: Wsgi, store: Store) -> None:
        self._app = app
        self._store = store
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Let go of the calls that hang."""
        self._stopping.set()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        kind = take(self._store, path) if path.startswith("/v1/") else None
        if kind == "500" and environ.get("HTTP_IDEMPOTENCY_KEY"):
            environ["sandbox.broken"] = True  # the API breaks down itself, and keeps that as the key's answer
            kind = None
        if kind is None:
            return self._app(environ, start_response)
        if kind != "commit_then_drop":
            _read(environ)
        if kind == "hang":
            self._stopping.wait(HANG)
        elif kind == "commit_then_drop":
            _carry_out(self._app, environ)
        if kind in ("hang", "drop", "commit_then_drop"):
            _drop(environ)
        return _refuse(kind, start_response)


def _carry_out(app: Wsgi, environ: dict[str, Any]) -> None:
    """Let the app do what was asked, and keep its answer from the client."""
    body = app(environ, lambda *_: bytes)
    for _ in body:
        pass
    close = getattr(body, "close", None)
    if close is not None:
        close()


def _drop(environ: dict[str, Any]) -> None:
    connection = environ.get("werkzeug.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError("the sandbox dropped the connection, as it was told to")


def _read(environ: dict[str, Any]) -> None:
    """Take in the body, or the server would take it for the next call."""
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


def _refuse(kind: str, start_response: Callable[..., Any]) -> list[bytes]:
    if kind == "html503":
        status, type_, body = "503 Service Unavailable", "text/html; charset=utf-8", PAGE
    else:
        status, fields = ANSWERS[kind]
        type_, body = "application/json", json.dumps(fields, indent=2).encode()
    headers = [("Content-Type", type_), ("Content-Length", str(len(body))), ("Request-Id", new_id("req"))]
    start_response(status, headers)
    return [body]
