"""Plain HTTP to the demo's own processes on loopback: forms to the pages, JSON to the sandbox's controls."""

import http.client
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

TIMEOUT_SECONDS = 30


def call(
    method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, Any, bytes]:
    """Send one request; return status, headers and body. Redirects are not followed. Raises `OSError`."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_SECONDS)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def post_form(url: str, fields: dict[str, str]) -> tuple[int, Any, bytes]:
    """Send a form as a browser would."""
    return call("POST", url, urlencode(fields).encode(), {"Content-Type": "application/x-www-form-urlencoded"})


def post_json(url: str, asked: dict[str, Any]) -> Any:
    """Send JSON and return the JSON that comes back; raises `RuntimeError` when it was refused."""
    return send_json("POST", url, asked)


def send_json(method: str, url: str, asked: Any) -> Any:
    """Send JSON by `method` and return the JSON that comes back; raises `RuntimeError` when it was refused."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    status, _, body = call(method, url, json.dumps(asked).encode(), headers)
    if status >= 400:
        raise RuntimeError(f"{url} answered {status}: {body[:300]!r}")
    return json.loads(body)


def get_json(url: str) -> Any:
    """Return the JSON at `url`."""
    status, _, body = call("GET", url, headers={"Accept": "application/json"})
    if status >= 400:
        raise RuntimeError(f"{url} answered {status}: {body[:300]!r}")
    return json.loads(body)


def wait_for(what: str, is_there: Callable[[], bool], seconds: float = 60.0) -> None:
    """Ask again and again until `is_there`; raises `RuntimeError` naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not is_there():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} took longer than {seconds:.0f} seconds")
        time.sleep(0.05)


def answers(url: str) -> bool:
    """Tell whether something answers at `url` with success."""
    try:
        return call("GET", url)[0] < 400
    except OSError:
        return False
