"""The addresses of the read API, for programs with a token; no cookie opens them."""

from flask import Blueprint, Response, g, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, NotFound, TooManyRequests, Unauthorized, UnprocessableEntity

from patronage.foundation.web.guards import machine
from patronage.foundation.web.house import tools
from patronage.foundation.web.limits import TooOften, allow
from patronage.newsroom.api import reading, tokens
from patronage.newsroom.api.shapes import Page
from patronage.newsroom.api.tokens import Holder, Scope

blueprint = Blueprint("newsroom_api", __name__, url_prefix="/api/v1")
OFTEN = "300 per minute"
A_MINUTE = 60
PRIVATE = "private, max-age=0, must-revalidate"


@blueprint.before_request
def speak_english() -> None:
    """Have whatever is said, in errors too, be English: programs and their logs read it."""
    g.language = "en"


@blueprint.get("/rounds")
@machine
def list_rounds() -> ResponseReturnValue:
    """List votes, newest first.

    Drafts are not among them.
    """
    _let_in(Scope.RESULTS)
    page = _page()
    with tools().database.reading() as session:
        return _answer(reading.rounds(session, page, tools().clock.now()))


@blueprint.get("/rounds/<int:round_id>")
@machine
def show_round(round_id: int) -> ResponseReturnValue:
    """Show one vote, with the topics on its ballot."""
    _let_in(Scope.RESULTS)
    with tools().database.reading() as session:
        return _answer(reading.one_round(session, round_id, tools().clock.now()))


@blueprint.get("/rounds/<int:round_id>/result")
@machine
def show_result(round_id: int) -> ResponseReturnValue:
    """Show the result of a closed vote; 404 until it is closed.

    The body is the result's canonical JSON, and the ETag its SHA-256, so whoever has it can prove it.
    """
    _let_in(Scope.RESULTS)
    with tools().database.reading() as session:
        found = reading.result(session, round_id)
    if found is None:
        raise NotFound("This vote has no result yet. It has one as soon as it is closed.")
    return _bytes(found.canonical.encode(), found.sha256)


@blueprint.get("/stories")
@machine
def list_stories() -> ResponseReturnValue:
    """List stories that came of votes, newest first."""
    _let_in(Scope.STORIES)
    page = _page()
    with tools().database.reading() as session:
        return _answer(reading.stories(session, page))


def _let_in(scope: Scope) -> None:
    """Let whoever holds a token of `scope` pass, not too often; write the hour of its use down."""
    holder = _holder()
    if scope not in holder.scopes:
        raise Forbidden(f"This token does not open this address: it needs the scope {scope}.")
    try:
        allow(OFTEN, "api", str(holder.token_id))
    except TooOften:
        raise TooManyRequests(f"No more than {OFTEN}, please.", retry_after=A_MINUTE) from None
    hour = tokens.hour_of(tools().clock.now())
    if holder.used_at != hour:
        with tools().database.transaction() as session:
            tokens.note_use(session, holder.token_id, hour)


def _holder() -> Holder:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("Send a token: “Authorization: Bearer …”.", www_authenticate=_challenge())
    with tools().database.asking() as session:
        found = tokens.holder(session, token.strip(), tools().clock.now())
    if found is None:
        challenge = _challenge(error="invalid_token")
        raise Unauthorized("This token is unknown, was revoked, or has expired.", www_authenticate=challenge)
    return found


def _challenge(**more: str) -> WWWAuthenticate:
    return WWWAuthenticate("bearer", {"realm": "patronage", **more})


def _page() -> Page:
    """Read which part of a list is wanted; what is not known is passed over."""
    try:
        return Page.model_validate({name: request.args[name] for name in Page.model_fields if name in request.args})
    except ValidationError as error:
        told = "; ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors())
        raise UnprocessableEntity(told[:300]) from None


def _answer(told: BaseModel) -> Response:
    return _bytes(told.model_dump_json().encode())


def _bytes(body: bytes, sha256: str | None = None) -> Response:
    """Return `body` under its ETag (the one that is given, or its own); 304 for whoever has it."""
    response = Response(body, content_type="application/json")
    if sha256:
        response.set_etag(sha256)
    else:
        response.add_etag()
    response.headers["Cache-Control"] = PRIVATE
    response.headers["Vary"] = "Authorization"
    response.make_conditional(request)
    return response
