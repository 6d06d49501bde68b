"""The read API: what opens it, what it tells, and that it keeps to its own document."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from patronage.ballots.models import Topic, TopicState
from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Database
from patronage.newsroom.api import tokens
from patronage.newsroom.api.models import ApiToken
from patronage.newsroom.api.shapes import Page, cursor_of
from tests.ballots.polls import a_draft, a_patron, a_person, an_open_round, closed, votes
from tests.fixtures.app import SignIn

ADDRESSES = ("/api/v1/rounds", "/api/v1/rounds/1", "/api/v1/rounds/1/result", "/api/v1/stories")
Ask = Callable[..., TestResponse]


@pytest.fixture
def token(database: Database, now: datetime) -> str:
    """A token that opens everything."""
    with database.transaction() as session:
        return tokens.issue(session, "the archive", list(tokens.Scope), None, None, now)


@pytest.fixture
def ask(client: FlaskClient, token: str) -> Ask:
    """`ask(path)` reads an address with the token; more headers by name."""

    def asked(path: str, **more: str) -> TestResponse:
        return client.get(path, headers={"Authorization": f"Bearer {token}", **more})

    return asked


@pytest.mark.parametrize("path", ADDRESSES)
def test_without_a_token_nothing_opens_whoever_is_signed_in(
    client: FlaskClient, database: Database, now: datetime, signed_in: SignIn, path: str
) -> None:
    with database.transaction() as session:
        person = a_person(session, now)
    signed_in(client, person)
    for sent in ({}, {"Authorization": "Bearer patronage_guessed"}, {"Authorization": "Basic eDp5"}):
        answer = client.get(path, headers=sent)
        assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_token_is_kept_as_a_hash_and_ends_at_once(database: Database, token: str, ask: Ask, now: datetime) -> None:
    assert ask("/api/v1/rounds").status_code == 200
    with database.transaction() as session:
        row = session.scalars(select(ApiToken)).one()
        assert row.token_hash == hashlib.sha256(token.encode()).digest()
        assert token.startswith(row.prefix)
        assert len(row.prefix) < len(token) / 2
        assert row.last_used_at == now
        tokens.revoke(session, row.id, None, now)
    assert ask("/api/v1/rounds").status_code == 401


def test_a_token_expires_and_opens_only_its_scopes(client: FlaskClient, database: Database, clock: FrozenClock) -> None:
    with database.transaction() as session:
        until = clock.now() + timedelta(days=1)
        token = tokens.issue(session, "x", ["stories:read", "made:up"], until, None, clock.now())
    sent = {"Authorization": f"bearer {token}"}
    assert client.get("/api/v1/stories", headers=sent).status_code == 200
    refused = client.get("/api/v1/rounds", headers=sent)
    assert (refused.status_code, refused.mimetype) == (403, "application/problem+json")
    clock.advance(days=1)
    assert client.get("/api/v1/stories", headers=sent).status_code == 401


def test_one_token_asks_so_often_and_no_more(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("patronage.newsroom.api.views.OFTEN", "1 per minute")
    assert ask("/api/v1/rounds").status_code == 200
    refused = ask("/api/v1/rounds")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert refused.mimetype == "application/problem+json"


def test_nothing_of_an_open_vote_is_counted_and_a_draft_is_not_there(
    ask: Ask, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        draft, round_ = a_draft(session, now), an_open_round(session, now)
    paths = ("/api/v1/rounds", f"/api/v1/rounds/{round_.id}", "/feeds/results.atom", "/feeds/results.json")
    before = [ask(path) for path in paths]
    with database.transaction() as session:
        for _ in range(3):
            votes(session, round_, a_patron(session, now), "5", now)
    after = [ask(path) for path in paths]
    assert [answer.data for answer in before] == [answer.data for answer in after]
    assert [answer.headers["ETag"] for answer in before] == [answer.headers["ETag"] for answer in after]
    assert ask(f"/api/v1/rounds/{round_.id}/result").status_code == 404
    assert ask(f"/api/v1/rounds/{draft.id}").status_code == 404
    assert [each["id"] for each in after[0].json["items"]] == [round_.id]  # type: ignore[index]


def test_the_etag_of_a_result_is_the_sha_256_of_its_body(ask: Ask, database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        votes(session, round_, a_patron(session, now), "2,3", now)
        closed(session, round_, now)
    told = ask(f"/api/v1/rounds/{round_.id}").json
    assert told
    answer = ask(told["result_url"].removeprefix("https://support.example.org"))
    assert answer.headers["ETag"] == f'"{hashlib.sha256(answer.data).hexdigest()}"'
    assert told["result_sha256"] == hashlib.sha256(answer.data).hexdigest()
    again = ask(f"/api/v1/rounds/{round_.id}/result", **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_pages_follow_each_other_whatever_is_added_meanwhile(ask: Ask, database: Database, clock: FrozenClock) -> None:
    made = []
    for _ in range(3):
        with database.transaction() as session:
            made.append(an_open_round(session, clock.now()).id)
        clock.advance(hours=1)
    first = ask("/api/v1/rounds?limit=2&colour=green").json
    assert first
    with database.transaction() as session:
        an_open_round(session, clock.now())
    second = ask(f"/api/v1/rounds?limit=2&cursor={first['next_cursor']}").json
    assert second
    assert [each["id"] for each in first["items"] + second["items"]] == made[::-1]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=many", "cursor=abc", "cursor=", "cursor=1.2%0a"])
def test_what_cannot_be_asked_is_a_problem_that_says_where(ask: Ask, query: str) -> None:
    answer = ask(f"/api/v1/rounds?{query}")
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert query.partition("=")[0] in answer.get_json(force=True)["detail"]


def test_a_cursor_says_what_it_was_made_of(now: datetime) -> None:
    for moment in (now, now + timedelta(microseconds=1)):
        assert Page(limit=1, cursor=cursor_of(moment, 7)).after == (moment, 7)


def test_stories_are_told_newest_first(ask: Ask, database: Database, now: datetime) -> None:
    with database.transaction() as session:
        for day, title in enumerate(("The older", "The newer")):
            topic = a_story(title, now + timedelta(days=day))
            session.add(topic)
    told: Any = ask("/api/v1/stories").json
    assert [each["title"] for each in told["items"]] == ["The newer", "The older"]


def a_story(title: str, at: datetime) -> Topic:
    """A topic that was published `at`."""
    return Topic(
        title=title, summary="", language="en", state=TopicState.PUBLISHED, created_at=at, published_at=at,
        story_url="https://newsroom.example/story",
    )  # fmt: skip
