"""The OpenAPI document of the read API, made by spectree from the views' own words and the models they answer with."""

import json
from typing import Any

from flask import Blueprint, Flask, current_app, render_template
from flask.typing import ResponseReturnValue

from patronage.foundation.web import ids
from patronage.foundation.web.guards import public
from patronage.foundation.web.house import here, settings
from patronage.foundation.web.kept_pages import KeptPages
from patronage.foundation.web.languages import language
from patronage.foundation.web.problems import MEDIA_TYPE
from patronage.newsroom.api import shapes, views
from patronage.newsroom.api.tokens import Scope

blueprint = Blueprint("newsroom_api_document", __name__, url_prefix="/api/docs")
PAGES = "patronage-api-pages"
VERSION = "1.0.0"
ABOUT = (
    "Votes, their results and the stories that came of them. Nothing of a vote is counted before it is closed. "
    "Errors are application/problem+json (RFC 9457). Fields may be added; what is here stays."
)
# By view: what it answers with, the query it reads, the scope it needs, and which other statuses it has.
DESCRIBED = {
    "list_rounds": (shapes.Rounds, shapes.Page, Scope.RESULTS, ()),
    "show_round": (shapes.RoundInFull, None, Scope.RESULTS, (404,)),
    "show_result": (shapes.Result, None, Scope.RESULTS, (404,)),
    "list_stories": (shapes.Stories, shapes.Page, Scope.STORIES, ()),
}
ALWAYS = (401, 403, 429, 500, 503)


@blueprint.get("/openapi.json")
@public
def openapi() -> ResponseReturnValue:
    """Answer with the document, for programs."""
    return _pages().answer("openapi", lambda: json.dumps(document(current_app)), "application/json")


@blueprint.get("")
@public
def show() -> ResponseReturnValue:
    """Show what the API has, to people."""
    key = ("page", language(), here().newsroom().version)
    return _pages().answer(key, lambda: render_template("newsroom/api/docs.html", addresses=_addresses()))


def document(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the addresses of `app` that begin with /api/v1."""
    from spectree import SecurityScheme, SpecTree
    from spectree.models import SecureType, SecuritySchemeData, Server

    described = Flask("patronage.api")  # spectree reads the routes of an app: of this one, which serves nobody
    tree = SpecTree(
        "flask", mode="strict", annotations=False, title="The read API of patronage", version=VERSION,
        description=ABOUT,
        openapi_version="3.1.0", servers=[Server(url=settings().base_url)], validation_error_model=shapes.Problem,
        naming_strategy=lambda model: model.__name__, nested_naming_strategy=lambda _of, name: name,
        security_schemes=[
            SecurityScheme(name="token", data=SecuritySchemeData(type=SecureType.HTTP, scheme="bearer"))
        ],
    )  # fmt: skip
    for rule in app.url_map.iter_rules():
        blueprint_, _, name = rule.endpoint.partition(".")
        if blueprint_ == views.blueprint.name:
            described.add_url_rule(rule.rule, name, _described(tree, name))
    with described.app_context():
        tree.app = described
        return _in_our_words(tree.spec)


def _described(tree: Any, name: str) -> Any:
    """Return the view called `name` with what spectree needs to know of it."""
    from spectree import Response

    model, query, scope, others = DESCRIBED[name]
    statuses: dict[str, Any] = {f"HTTP_{status}": shapes.Problem for status in (*ALWAYS, *others)}
    if query:
        statuses["HTTP_422"] = shapes.Problem
    answers = Response("HTTP_304", HTTP_200=model, **statuses)
    asked = tree.validate(
        query=query, resp=answers, security={"token": []}, tags=[scope.value], operation_id=name,
        skip_validation=True,
    )  # fmt: skip
    return asked(getattr(views, name))


def _in_our_words(found: dict[str, Any]) -> dict[str, Any]:
    """Mend what spectree cannot know: problems have a media type of their own, and only lists may be asked badly."""
    for operations in found["paths"].values():
        for operation in operations.values():
            for parameter in operation["parameters"]:
                parameter["schema"] = _as_asked(parameter)
            if not any(parameter["in"] == "query" for parameter in operation["parameters"]):
                operation["responses"].pop("422", None)
            for status, answer in operation["responses"].items():
                if status >= "400" and "content" in answer:
                    answer["content"] = {MEDIA_TYPE: answer["content"]["application/json"]}
    return found


def _as_asked(parameter: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter: ids go up to 63 bits, and a query has no null."""
    if parameter["in"] == "path":
        return {"type": "integer", "minimum": 1, "maximum": ids.LARGEST}
    schema = dict(parameter["schema"])
    for choice in schema.pop("anyOf", []):
        schema |= choice if choice["type"] != "null" else {}
    return {name: value for name, value in schema.items() if value is not None}


def _addresses() -> list[tuple[str, str, str]]:
    """Return (path, scope, what it is) of every address."""
    paths = document(current_app)["paths"]
    return [(path, told["get"]["tags"][0], told["get"]["summary"]) for path, told in paths.items()]


def _pages() -> KeptPages:
    pages: KeptPages = current_app.extensions[PAGES]
    return pages
