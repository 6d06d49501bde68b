"""What every page of the sandbox shares: headers, the choice between a page and JSON, refusals."""

import json
from datetime import UTC, datetime
from urllib.parse import urlsplit

import flask
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from patronage.sandbox.errors import StripeError
from patronage.sandbox.store import Json, Store

POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"


def dress(app: flask.Flask) -> None:
    """Put headers, a guard against foreign forms, and refusals on everything that is not Stripe's API."""
    app.before_request(refuse_foreign_forms)
    app.after_request(add_headers)
    app.register_error_handler(StripeError, lambda error: refused(error.status, str(error)))
    app.register_error_handler(HTTPException, lambda error: refused(error.code or 500, error.description or ""))


def policy(*, form_action: tuple[str, ...] = (), frames: bool = False) -> str:
    """A Content-Security-Policy: own style and images, forms to ourselves and to the origins of these addresses.

    Browsers apply `form-action` to the redirect that answers a form too, so the shop must be named.
    """
    origins = " ".join(dict.fromkeys(origin(url) for url in form_action if url))
    return f"{POLICY}; form-action 'self' {origins}".rstrip() + ("; frame-src 'self'" if frames else "")


def origin(url: str) -> str:
    """`https://example.org` of any address there."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def add_headers(response: Response) -> Response:
    """Strict by default; a page that needs more has set its own policy."""
    if not of_the_api(flask.request.path):
        response.headers.setdefault("Content-Security-Policy", policy())
        # Not no-referrer: forms would then come with `Origin: null`, and be taken for foreign ones.
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        if flask.request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
    return response


def of_the_api(path: str) -> bool:
    """Whether an address is Stripe's, not the sandbox's own."""
    return path.startswith(("/v1/", "/v2/")) or path == "/v1"


def refuse_foreign_forms() -> Response | None:
    """A page elsewhere must not press buttons here through somebody's browser."""
    request = flask.request
    if request.method in ("GET", "HEAD", "OPTIONS") or of_the_api(request.path):
        return None
    sender = request.headers.get("Origin")
    foreign = sender is not None and urlsplit(sender).netloc != request.host
    if foreign or request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return refused(403, "This was sent from a page that is not the sandbox's own.")
    return None


def wants_page() -> bool:
    """Whether a person looks: a browser names text/html, programs name JSON or nothing."""
    accepted = flask.request.accept_mimetypes
    return "text/html" in accepted.values() and accepted["text/html"] >= accepted["application/json"]


def refused(status: int, message: str) -> Response:
    """A refusal as `{"error": {"message"}}`, or as a page where a browser asks."""
    if wants_page():
        return flask.Response(flask.render_template("refused.html", message=message), status)
    body = json.dumps({"error": {"message": message}}, ensure_ascii=False)
    return flask.Response(body, status, mimetype="application/json")


def clock_reading(store: Store) -> Json:
    """Sandbox time: `{"now": unix seconds, "iso": …, "offset": seconds ahead of real time}`."""
    with store.read() as tx:
        now, offset = tx.now(), tx.offset()
    return {"now": now, "iso": datetime.fromtimestamp(now, UTC).isoformat(), "offset": offset}
