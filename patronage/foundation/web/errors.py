"""The one place where a no, a fault or a lost database becomes a page with a reason."""

from typing import Any

from flask import Flask, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.exc import DataError, SQLAlchemyError
from werkzeug.exceptions import HTTPException, SecurityError

from patronage.foundation.database import Busy, is_unavailable
from patronage.foundation.logs import log
from patronage.foundation.refused import Refused, Why
from patronage.foundation.web import languages
from patronage.foundation.web.problems import PROGRAMS, problem

STATUS = {
    Why.INVALID: 422,
    Why.NOT_FOUND: 404,
    Why.NOT_ALLOWED: 403,
    Why.TOO_LATE: 409,
    Why.CONFLICT: 409,
    Why.TOO_OFTEN: 429,
    Why.UNAVAILABLE: 503,
}
PAGES = {400, 403, 404, 405, 409, 410, 413, 422, 429, 500, 503}
RETRY_SECONDS = {429: "600", 503: "30"}


def answer_errors(app: Flask) -> None:
    """Have `app` answer every error with a page (or JSON for machines)."""
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(SecurityError, _foreign_host)
    app.register_error_handler(SQLAlchemyError, _database)
    app.register_error_handler(Busy, _unavailable)
    app.register_error_handler(Exception, _unexpected)


def _refused(refusal: Refused) -> ResponseReturnValue:
    return _page(STATUS[refusal.why], languages.said(refusal))


def _http(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error.get_response()  # werkzeug's own redirects
    response = _page(error.code, error.description if _asks_a_program() else None)
    for name, value in error.get_headers():
        if name.lower() in {"allow", "retry-after", "www-authenticate"}:
            response.headers[name] = value
    return response


def _foreign_host(_error: SecurityError) -> ResponseReturnValue:
    return make_response(render_template("_house/errors/host.html"), 400)


def _database(error: SQLAlchemyError) -> ResponseReturnValue:
    if is_unavailable(error):
        return _unavailable(error)
    if isinstance(error, DataError):  # what no column can hold, such as a NUL sent to PostgreSQL
        log().warning("the database refused what was sent", path=_place(), error=str(error)[:300])
        return _page(400, None)
    return _unexpected(error)


def _unavailable(error: Exception) -> ResponseReturnValue:
    log().error("database unavailable", path=_place(), error=str(error)[:300])
    return _page(503, _("Our database does not answer just now. Nothing was half done; please try again in a minute."))


def _unexpected(error: Exception) -> ResponseReturnValue:
    log().exception("unexpected error", path=_place(), exc_info=error)
    return _page(500, None)


def _place() -> str:
    """Return the route and not the path: some paths hold a token."""
    return str(request.url_rule or "no route")


def _page(status: int, reason: str | None) -> Response:
    response = _drawn(status, reason)
    if status in RETRY_SECONDS:
        response.headers["Retry-After"] = RETRY_SECONDS[status]
    return response


def _drawn(status: int, reason: str | None) -> Response:
    if _asks_a_program():
        return problem(status, reason)
    if _wants_json():
        return make_response({"error": {"status": status, "reason": reason or ""}}, status)
    template = f"_house/errors/{status if status in PAGES else 400 if status < 500 else 500}.html"
    titles: Any = {"status": status, "reason": reason}
    try:
        return make_response(render_template(template, **titles), status)
    except Exception as error:  # noqa: BLE001 - the page of an error must not be another error
        log().error("error page failed", status=status, error=str(error)[:300])
        plain = make_response(f"{status} {reason or ''}\n", status)
        plain.mimetype = "text/plain"
        return plain


def _asks_a_program() -> bool:
    return request.path.startswith(PROGRAMS)


def _wants_json() -> bool:
    if request.path.startswith(("/api/", "/webhooks/", "/metrics", "/healthz", "/readyz")):
        return True
    accepted = request.accept_mimetypes
    return accepted.best_match(["text/html", "application/json"], "text/html") == "application/json"
