"""Answers a stranger with a page drawn within the last second, before the framework is even asked.

A page of `KeptPages` depends on nothing but its address and the reader's languages, and may be a second old anyway, so
the whole answer, headers included, is kept for that second. Whoever sends a cookie is not a stranger.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

KEPT = "patronage.kept"  # set in the environment by `KeptPages` where an answer is the same for all strangers
FRESH_SECONDS = 1.0
MOST_ANSWERS = 256
SENT_WITH_304 = frozenset({"etag", "cache-control", "vary", "date"})
Headers = list[tuple[str, str]]


class Answer(NamedTuple):
    """What was sent, and until when (by `time.monotonic`) it may be sent again."""

    until: float
    headers: Headers
    etag: str
    body: list[bytes]


class KeptAnswers:
    """A WSGI application around ours; `seconds` tells how much time has passed."""

    def __init__(self, app: "WSGIApplication", seconds: Callable[[], float] = monotonic) -> None:
        self._app, self._seconds = app, seconds
        self._answers: OrderedDict[tuple[str, ...], Answer] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer from what is kept, or ask the app and keep what it says."""
        if environ["REQUEST_METHOD"] != "GET" or "HTTP_COOKIE" in environ:
            return self._app(environ, start_response)
        key = _key(environ)
        answer = self._answers.get(key)
        if answer is None or answer.until < self._seconds():
            return self._ask(key, environ, start_response)
        if environ.get("HTTP_IF_NONE_MATCH") == answer.etag:
            start_response("304 NOT MODIFIED", [pair for pair in answer.headers if pair[0].lower() in SENT_WITH_304])
            return []
        start_response("200 OK", answer.headers)
        return answer.body

    def _ask(
        self, key: tuple[str, ...], environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        said: list[tuple[str, Headers]] = []

        def listen(status: str, headers: Headers, exc_info: Any = None) -> Any:
            said[:] = [(status, headers)]
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        body = self._app(environ, listen)
        if not environ.get(KEPT) or not said[0][0].startswith("200"):
            return body
        parts = [b"".join(body)]
        if close := getattr(body, "close", None):
            close()
        headers = list(said[0][1])
        self._keep(key, Answer(self._seconds() + FRESH_SECONDS, headers, dict(headers).get("ETag", ""), parts))
        return parts

    def _keep(self, key: tuple[str, ...], answer: Answer) -> None:
        with self._lock:
            self._answers[key] = answer
            while len(self._answers) > MOST_ANSWERS:
                self._answers.popitem(last=False)


def _key(environ: "WSGIEnvironment") -> tuple[str, ...]:
    """Return what the answer to a stranger may depend on; a foreign Host gets the app's own refusal."""
    return (
        environ.get("HTTP_HOST", ""),
        environ.get("PATH_INFO", ""),
        environ.get("QUERY_STRING", ""),
        environ.get("HTTP_ACCEPT_LANGUAGE", ""),
    )
