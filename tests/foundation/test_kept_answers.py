"""Answers kept for a second: the same bytes for strangers, never for whoever sends a cookie."""

import pytest
from flask import Flask, Response, request
from werkzeug.test import Client

from patronage.foundation.web import kept_answers
from patronage.foundation.web.kept_answers import KeptAnswers
from patronage.foundation.web.kept_pages import KeptPages


@pytest.fixture
def drawn() -> list[str]:
    """What the app was really asked for."""
    return []


@pytest.fixture
def watch() -> list[float]:
    """The seconds that have passed, to be moved by a test."""
    return [1000.0]


@pytest.fixture
def client(drawn: list[str], watch: list[float]) -> Client:
    """A stranger's browser before an app with a page for strangers and a page of one's own."""
    app, pages = Flask(__name__), KeptPages()

    @app.get("/page")
    def page() -> Response:
        drawn.append(request.full_path)
        key = (request.full_path, request.headers.get("Accept-Language", ""))
        return pages.answer(key, lambda: f"page {key}")

    @app.get("/own")
    def own() -> str:
        drawn.append("own")
        return "yours"

    return Client(KeptAnswers(app, lambda: watch[0]))


def test_a_second_stranger_gets_the_first_ones_bytes(client: Client, drawn: list[str]) -> None:
    first, second = client.get("/page"), client.get("/page")
    assert first.data == second.data
    assert list(first.headers) == list(second.headers)
    assert len(drawn) == 1


def test_whoever_sends_a_cookie_is_asked_for_anew(client: Client, drawn: list[str]) -> None:
    client.get("/page")
    client.set_cookie("patronage", "x")
    client.get("/page")
    assert len(drawn) == 2


@pytest.mark.parametrize(
    "other",
    [{"path": "/page?source=a"}, {"headers": {"Accept-Language": "uk"}}, {"headers": {"Host": "elsewhere.example"}}],
)
def test_another_address_language_or_host_is_another_answer(
    client: Client, drawn: list[str], other: dict[str, dict[str, str]]
) -> None:
    client.get("/page")
    client.get(**{"path": "/page", **other})
    assert len(drawn) == 2


def test_a_page_of_ones_own_is_never_kept(client: Client, drawn: list[str]) -> None:
    client.get("/own")
    client.get("/own")
    assert drawn == ["own", "own"]


def test_after_a_second_the_app_is_asked_again(client: Client, drawn: list[str], watch: list[float]) -> None:
    client.get("/page")
    watch[0] += kept_answers.FRESH_SECONDS + 0.01
    client.get("/page")
    assert len(drawn) == 2


def test_whoever_has_the_page_already_is_told_so(client: Client) -> None:
    etag = client.get("/page").headers["ETag"]
    answer = client.get("/page", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", etag)


def test_a_form_always_reaches_the_app(client: Client) -> None:
    assert client.post("/page").status_code == 405


def test_no_more_than_so_many_answers_are_kept(client: Client, drawn: list[str]) -> None:
    for number in range(kept_answers.MOST_ANSWERS + 1):
        client.get(f"/page?n={number}")
    drawn.clear()
    client.get("/page?n=0")
    assert drawn == ["/page?n=0"]
