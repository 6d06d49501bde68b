"""Errors: every no, fault and lost database is a page with a reason and a status that machines understand."""

import itertools
from collections.abc import Callable

import pytest
from flask import Flask, Response, abort
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from structlog.testing import capture_logs

from patronage.foundation import fresh
from patronage.foundation.database import Busy, Database
from patronage.foundation.refused import Refused, Why
from patronage.foundation.tools import Tools
from patronage.foundation.web.errors import STATUS
from patronage.foundation.web.guards import public

Raising = Callable[[Exception], FlaskClient]


@pytest.fixture
def raising(app: Flask, client: FlaskClient) -> Raising:
    """`raising(error)` gives a browser for an app whose `/raise/<token>` raises that error."""

    def made(error: Exception) -> FlaskClient:
        @app.get("/raise/<token>")
        @public
        def view(token: str) -> str:
            raise error

        return client

    return made


class No(Refused):
    """A no for tests."""

    reason = "Not like that."


@pytest.mark.parametrize("why", list(Why))
def test_every_no_is_a_page_with_its_reason(raising: Raising, why: Why) -> None:
    refusal = No()
    refusal.why = why
    answer = raising(refusal).get("/raise/1")
    assert answer.status_code == STATUS[why]
    assert "Not like that." in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("Retry-After" in answer.headers) == (why in {Why.TOO_OFTEN, Why.UNAVAILABLE})


def test_a_reason_cannot_bring_html_along(raising: Raising) -> None:
    answer = raising(No("<script>alert(1)</script>")).get("/raise/1")
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    "error",
    [
        Busy(),
        OperationalError("SELECT 1", {}, Exception("gone")),
        NoConnectionFree(),
        DBAPIError("SELECT 1", {}, Exception("cut"), connection_invalidated=True),
    ],
)
def test_a_database_that_cannot_be_used_is_503_and_come_again(raising: Raising, error: Exception) -> None:
    answer = raising(error).get("/raise/1")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "does not answer" in answer.text


def test_the_page_of_a_lost_database_needs_none(settings_of_nothing: FlaskClient) -> None:
    """Whatever language the reader speaks: the newsroom's own would have to be asked for."""
    for headers in ({}, {"Accept-Language": "de"}, {"Accept-Language": "uk"}):
        answer = settings_of_nothing.get("/", headers=headers)
        assert (answer.status_code, answer.mimetype) == (503, "text/html")
        assert answer.headers["Retry-After"]


@pytest.fixture
def settings_of_nothing(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """A browser for a service whose database is gone before its first question."""

    def gone(_database: Database) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr(Database, "reading", gone)
    monkeypatch.setattr(Database, "transaction", gone)
    return client


def test_pages_drawn_before_are_still_sent_while_the_database_is_gone(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = client.get("/")

    def gone(_database: Database) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr(Database, "reading", gone)
    monkeypatch.setattr(fresh, "SECONDS", 0.0)
    again = client.get("/")
    assert (again.status_code, again.data) == (200, drawn.data)


def test_a_fault_of_ours_is_a_page_that_tells_nothing(raising: Raising) -> None:
    answer = raising(ZeroDivisionError("the secret is 42")).get("/raise/1")
    assert answer.status_code == 500
    assert "42" not in answer.text
    assert "ZeroDivision" not in answer.text


@pytest.mark.parametrize("error", [ZeroDivisionError(), Busy(), OperationalError("", {}, Exception())])
def test_a_token_in_the_path_stands_in_no_log(
    raising: Raising, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as told:
        raising(error).get("/raise/a-token-of-somebody?code=also-secret")
    assert [entry["path"] for entry in told] == ["/raise/<token>"]
    assert "a-token-of-somebody" not in f"{told} {caplog.text}"
    assert "also-secret" not in f"{told} {caplog.text}"


def test_what_no_column_can_hold_is_the_askers_fault(client: FlaskClient, tools: Tools, app: Flask) -> None:
    @app.get("/nul")
    @public
    def view() -> ResponseReturnValue:
        with tools.database.reading() as session:
            session.execute(text("SELECT count(*) FROM person WHERE email = :email"), {"email": "a\0"})
        return Response(status=204)

    assert client.get("/nul").status_code == (204 if tools.database.is_sqlite else 400)


def test_every_status_has_a_page(app: Flask, client: FlaskClient) -> None:
    @app.get("/abort/<int:status>")
    @public
    def view(status: int) -> str:
        abort(status)

    for status in (400, 403, 404, 405, 409, 410, 413, 414, 418, 422, 429, 500, 501, 503):
        answer = client.get(f"/abort/{status}")
        assert (answer.status_code, answer.mimetype) == (status, "text/html")


def test_machines_get_json(client: FlaskClient) -> None:
    answer = client.get("/webhooks/none")
    assert answer.status_code == 404
    assert answer.json == {"error": {"status": 404, "reason": ""}}


def test_programs_that_read_get_problems(client: FlaskClient) -> None:
    answer = client.get("/api/v1/none", headers={"Accept": "text/html", "Accept-Language": "uk"})
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    told = answer.get_json(force=True)
    assert (told["title"], told["status"]) == ("Not Found", 404)


def test_who_asks_for_json_gets_it(client: FlaskClient) -> None:
    assert client.get("/none", headers={"Accept": "application/json"}).mimetype == "application/json"


def test_a_wrong_method_says_which_are_right(client: FlaskClient) -> None:
    answer = client.delete("/")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_a_foreign_host_gets_a_page_that_tells_nothing(client: FlaskClient) -> None:
    hosts = ("evil.example", "support.example.org.evil.example", "[::1]", "a b")
    for path, host in itertools.product(("/", "/none", "/sign-in/token"), hosts):
        answer = client.get(path, headers={"Host": host})
        assert (answer.status_code, answer.mimetype) == (400, "text/html")
        assert "<h1>" in answer.text
        assert "newsroom" not in answer.text.lower()
        assert host not in answer.text
        assert "Content-Security-Policy" in answer.headers


def test_our_own_name_and_this_machine_are_answered(client: FlaskClient) -> None:
    for host in ("support.example.org", "support.example.org:8443", "localhost:8000", "127.0.0.1"):
        assert client.get("/healthz", headers={"Host": host}).status_code == 200
