"""The API keeps to its document: schemathesis asks what the document allows, and what it does not."""

from datetime import datetime
from typing import Any

import hypothesis
import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok

from patronage.foundation.database import Database
from patronage.newsroom.api import tokens
from patronage.newsroom.api.document import document
from tests.ballots.polls import a_patron, an_open_round, closed, votes
from tests.newsroom.test_api import a_story

EXAMPLES = 10
STEADY = hypothesis.settings(
    max_examples=EXAMPLES, derandomize=True, database=None, deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)  # fmt: skip


@pytest.fixture
def told(app: Flask) -> dict[str, Any]:
    """The document."""
    with app.test_request_context():
        return document(app)


def test_every_address_is_in_the_document(app: Flask, told: dict[str, Any]) -> None:
    rules = {rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1")}
    assert {path.replace("{round_id}", "<int:round_id>") for path in told["paths"]} == rules


def test_the_document_and_its_page_are_there_for_everybody(client: FlaskClient) -> None:
    answer = client.get("/api/docs/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    again = client.get("/api/docs/openapi.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert "/api/v1/rounds/{round_id}/result" in client.get("/api/docs").text


@pytest.fixture
def known(database: Database, now: datetime) -> tuple[str, int, int]:
    """A token that opens everything, a closed round and an open one; there is a story too."""
    with database.transaction() as session:
        over, current = an_open_round(session, now), an_open_round(session, now)
        votes(session, over, a_patron(session, now), "1", now)
        closed(session, over, now)
        session.add(a_story("A story", now))
        return tokens.issue(session, "x", list(tokens.Scope), None, None, now), over.id, current.id


def test_whatever_is_asked_the_answer_is_one_of_the_document(app: Flask, known: tuple[str, int, int]) -> None:
    app.testing = False  # errors are to be answered, as they are to readers
    token, over, current = known
    config = SchemathesisConfig.from_dict({"auth": {"openapi": {"token": {"bearer": token}}}})
    schema = schemathesis.openapi.from_wsgi("/api/docs/openapi.json", app, config=config)
    asked = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        for round_id in (over, current):
            operation.Case(path_parameters={"round_id": round_id}).call_and_validate()
        for mode in GenerationMode:

            @STEADY
            @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: schemathesis.Case[Any]) -> None:
                nonlocal asked
                asked += 1
                case.call_and_validate()

            ask()
    assert asked >= 4 * EXAMPLES
