"""Errors as programs read them: RFC 9457, `application/problem+json`, in English."""

from http import HTTPStatus

from flask import Response, json

MEDIA_TYPE = "application/problem+json"
PROGRAMS = "/api/v"  # addresses that begin so speak to programs alone


def problem(status: int, detail: str | None) -> Response:
    """Return the answer that tells a program of `status`; `detail` is one sentence."""
    told = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    if detail:
        told["detail"] = detail
    return Response(json.dumps(told), status, content_type=MEDIA_TYPE)
