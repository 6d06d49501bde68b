"""One call of the API, from its bytes to its answer: key, version, form, idempotency, errors."""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

import flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from patronage.sandbox import clock, schema
from patronage.sandbox.errors import StripeError, invalid
from patronage.sandbox.expanding import expanded
from patronage.sandbox.forms import parse_form
from patronage.sandbox.ids import new_id
from patronage.sandbox.store import Json, Store, Tx

LONGEST_KEY = 255
KEPT = 86400  # seconds for which the answer to an idempotent request is kept
Endpoint = Callable[..., Json]
ROUTES = Map(strict_slashes=False)
_in_flight: set[str] = set()
_in_flight_lock = threading.Lock()


@dataclass(frozen=True)
class Route:
    """What answers a path, and the class in `stripe.params` that says what it may be asked."""

    answer: Endpoint
    params: str | None


@dataclass(frozen=True)
class Call:
    """A request that may change something, understood and checked."""

    route: Route
    path: Json
    params: Json
    key: str | None
    fingerprint: str
    request_id: str


def endpoint(method: str, path: str, params: str | None = None) -> Callable[[Endpoint], Endpoint]:
    """Register the function that answers a method and path: it takes tx, checked params, and the path's parts."""

    def register(function: Endpoint) -> Endpoint:
        ROUTES.add(Rule(path, methods=[method], endpoint=Route(function, params)))
        return function

    return register


def blueprint(store: Store) -> flask.Blueprint:
    """Everything under /v1, answered from the store."""
    api = flask.Blueprint("api", __name__)

    methods = ["GET", "POST", "DELETE", "PUT", "PATCH"]

    @api.route("/v1", methods=methods)
    @api.route("/v1/<path:_path>", methods=methods)
    @api.route("/v2/<path:_path>", methods=methods)  # nothing is there, and Stripe's own words say so
    def call(_path: str = "") -> flask.Response:
        return answer(store, flask.request)

    return api


def answer(store: Store, request: flask.Request) -> flask.Response:
    """Answer one request; a refusal is an answer too."""
    request_id = new_id("req")
    try:
        status, body, original = _carry_out(store, request, request_id)
    except StripeError as error:
        status, body, original = error.status, _error_body(error, request_id), request_id
    except Exception:  # noqa: BLE001  whatever broke, the caller is told in Stripe's shape
        status, body, original = 500, _error_body(_failure(request), request_id), request_id
    response = flask.Response(body, status, mimetype="application/json")
    response.headers["Request-Id"] = request_id
    response.headers["Stripe-Version"] = schema.API_VERSION
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Basic realm="Stripe"'
    key = request.headers.get("Idempotency-Key")
    if request.method == "POST" and key:
        response.headers["Idempotency-Key"] = key
        response.headers["Original-Request"] = original
        if original != request_id:
            response.headers["Idempotent-Replayed"] = "true"
    return response


def _carry_out(store: Store, request: flask.Request, request_id: str) -> tuple[int, str, str]:
    _authenticate(request)
    route, path = _route(request)
    raw = parse_form(request.query_string + b"&" + request.get_data())
    params = schema.checked(route.params, raw) if route.params else raw
    clock.catch_up(store)
    if request.method in ("GET", "HEAD"):
        with store.read() as tx:
            return 200, _json(_expanded(tx, route.answer(tx, params, **path), params)), request_id
    key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
    fingerprint = f"{request.path} {hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()}"
    if key is not None and len(key) > LONGEST_KEY:
        raise invalid(f"Idempotency keys may be at most {LONGEST_KEY} characters long.")
    with _alone(store, key):
        with store.read() as tx:
            saved = _saved(tx, key, fingerprint, request.path)
        if saved is not None:
            return saved
        # A fault asked for on /_sandbox/faults: a 500 is kept and replayed like any other answer.
        chosen = BROKEN if request.environ.get("sandbox.broken") else route
        call = Call(chosen, path, params, key, fingerprint, request_id)
        try:
            return _write(store, call)
        except StripeError:
            raise
        except Exception:  # noqa: BLE001  a failure is an answer, and kept as one
            _failure(request)
            return _write(store, replace(call, route=BROKEN))


def _failure(request: flask.Request) -> StripeError:
    flask.current_app.logger.exception("the sandbox failed to answer %s %s", request.method, request.path)
    return _broken()


def _broken() -> StripeError:
    return StripeError(500, "An unknown error occurred in the sandbox.", type="api_error", keeps=True)


def _write(store: Store, call: Call) -> tuple[int, str, str]:
    try:
        with store.write() as tx:
            tx.request_id, tx.idempotency_key = call.request_id, call.key
            try:
                answered = call.route.answer(tx, call.params, **call.path)
                status, body = 200, _json(_expanded(tx, answered, call.params))
            except StripeError as error:
                if not error.keeps:
                    raise
                status, body = error.status, _error_body(error, call.request_id)
            _save(tx, call, status, body)
    except StripeError as error:
        if error.status != HTTPStatus.PAYMENT_REQUIRED:
            raise
        # Nothing that was written stands, and yet the bank was asked: that is the answer to the key.
        status, body = error.status, _error_body(error, call.request_id)
        with store.write() as tx:
            _save(tx, call, status, body)
    return status, body, call.request_id


def _save(tx: Tx, call: Call, status: int, body: str) -> None:
    """Keep the answer to an idempotent request; those kept long enough go."""
    if call.key is None:
        return
    tx.sql("DELETE FROM answers WHERE saved_at <= ?", (tx.now() - KEPT,))
    tx.sql(
        "INSERT OR REPLACE INTO answers (key, fingerprint, request_id, status, body, saved_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (call.key, call.fingerprint, call.request_id, status, body, tx.now()),
    )


def _break(_tx: Tx, _params: Json, **_path: str) -> Json:
    raise _broken()


BROKEN = Route(_break, None)  # answers, and is kept as the answer, when a call fails or is made to fail


def _saved(tx: Tx, key: str | None, fingerprint: str, path: str) -> tuple[int, str, str] | None:
    row = tx.sql("SELECT * FROM answers WHERE key = ? AND saved_at > ?", (key, tx.now() - KEPT)).fetchone()
    if row is None:
        return None
    if row["fingerprint"] == fingerprint:
        return row["status"], row["body"], row["request_id"]
    first_path = row["fingerprint"].split(" ")[0]
    rule = "with the same parameters they were first used with"
    if first_path != path:
        rule = f"for the same endpoint they were first used for ('{first_path}' rather than '{path}')"
    raise StripeError(
        400,
        f"Keys for idempotent requests can only be used {rule}."
        f" Try using a key other than '{key}' if you meant to execute a different request.",
        type="idempotency_error",
    )


@contextmanager
def _alone(store: Store, key: str | None) -> Iterator[None]:
    if key is None:
        yield
        return
    mine = f"{id(store)} {key}"
    with _in_flight_lock:
        if mine in _in_flight:
            raise StripeError(
                409,
                "There is currently another in-progress request using this Idempotent Key (that probably means you"
                " submitted twice, and the other request is still going through): "
                f"{key}. Please try again later.",
                type="idempotency_error",
                code="idempotency_key_in_use",
            )
        _in_flight.add(mine)
    try:
        yield
    finally:
        with _in_flight_lock:
            _in_flight.discard(mine)


def _authenticate(request: flask.Request) -> None:
    given = request.authorization
    key = (given.token or given.username or "") if given is not None else ""
    if not key:
        raise StripeError(
            401,
            "You did not provide an API key. You need to provide your API key in the Authorization header, using"
            " Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api"
            "#authentication for details, or we can help at https://support.stripe.com/.",
        )
    if not key.startswith("sk_test_"):
        raise StripeError(401, f"Invalid API Key provided: {key[:8]}{'*' * 8}{key[-4:]}")
    version = request.headers.get("Stripe-Version", schema.API_VERSION)
    if version != schema.API_VERSION:
        raise invalid(f"Invalid Stripe API version: {version}. This sandbox speaks {schema.API_VERSION}.")


def _route(request: flask.Request) -> tuple[Route, Json]:
    try:
        found: tuple[Any, Any] = ROUTES.bind("").match(request.path, request.method)
    except HTTPException:
        raise StripeError(
            404,
            f"Unrecognized request URL ({request.method}: {request.path}). Please see https://stripe.com/docs or we"
            " can help at https://support.stripe.com/.",
        ) from None
    return found[0], dict(found[1])


def _expanded(tx: Tx, body: Json, params: Json) -> Json:
    paths = params.get("expand")
    return expanded(tx, body, paths) if paths else body


def _json(body: Json) -> str:
    return json.dumps(body)  # Stripe indents; Python's fast encoder cannot, and who reads answers has tools for that


def _error_body(error: StripeError, request_id: str) -> str:
    log = f"https://dashboard.stripe.com/test/logs/{request_id}?t={int(time.time())}"
    return _json({"error": {**error.fields, "request_log_url": log}})
