"""Headers: the strict policy stands on every answer, whatever its status, and nothing private is kept anywhere."""

import pytest
from flask.testing import FlaskClient

from patronage.app import create_app
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.foundation.web.headers import content_policy
from patronage.people.people import find_or_add
from tests.fixtures.app import SignIn

PATHS = ["/", "/support", "/sign-in", "/none", "/account", "/static/css/page.css", "/static/none.css", "/healthz"]


def test_every_answer_carries_the_policy(client: FlaskClient) -> None:
    answers = [client.get(path, buffered=True) for path in PATHS]
    answers += [client.delete("/"), client.post("/sign-in", headers={"Origin": "null"}), client.options("/")]
    answers.append(client.get("/", headers={"If-None-Match": client.get("/").headers["ETag"]}))
    answers.append(client.get("/", headers={"Host": "evil.example"}))
    for answer in answers:
        told = (answer.request.path, answer.status_code)
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'"), told
        assert answer.headers["X-Content-Type-Options"] == "nosniff", told
        assert "Referrer-Policy" in answer.headers, told
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000", told


def test_the_policy_lets_nothing_in_from_elsewhere(settings: Settings) -> None:
    parts = dict(part.split(" ", 1) for part in content_policy(settings).split("; "))
    assert parts["frame-ancestors"] == parts["base-uri"] == parts["default-src"] == "'none'"
    assert "unsafe" not in content_policy(settings)
    assert (
        parts["form-action"]
        == "'self' https://billing.stripe.com https://checkout.stripe.com https://invoice.stripe.com"
    )


def test_forms_may_lead_to_the_sandbox_where_that_is_set(settings: Settings) -> None:
    sandbox = settings.model_copy(update={"stripe_api_base": "http://127.0.0.1:8010"})
    assert content_policy(sandbox).endswith("form-action 'self' http://127.0.0.1:8010")


@pytest.mark.parametrize("path", ["/account", "/none", "/static/none.css", "/sign-in/sent", "/healthz", "/topics/999"])
def test_what_is_private_or_wrong_is_kept_nowhere(client: FlaskClient, path: str) -> None:
    assert client.get(path).headers["Cache-Control"] == "no-store"


def test_a_signed_in_persons_pages_are_kept_nowhere(client: FlaskClient, signed_in: SignIn, tools: Tools) -> None:
    with tools.database.transaction() as session:
        person = find_or_add(session, "reader@example.org", tools.clock.now())
    signed_in(client, person)
    answer = client.get("/account")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert "Cookie" in answer.headers["Vary"]


def test_strangers_get_no_cookie(client: FlaskClient) -> None:
    for path in PATHS:
        assert "Set-Cookie" not in client.get(path, buffered=True).headers, path


def test_the_cookie_is_kept_from_scripts_from_plain_http_and_from_other_sites(settings: Settings, tools: Tools) -> None:
    for base_url, is_secure in (("https://support.example.org", True), ("http://localhost:8000", False)):
        app = create_app(settings.model_copy(update={"base_url": base_url}), tools)
        assert app.config["SESSION_COOKIE_SECURE"] is is_secure
        assert app.config["SESSION_COOKIE_HTTPONLY"] is True
        assert app.config["SESSION_COOKIE_SAMESITE"] == "Lax"


def test_without_tls_nothing_is_promised_about_it(settings: Settings, tools: Tools) -> None:
    plain = create_app(settings.model_copy(update={"base_url": "http://localhost:8000"}), tools).test_client()
    assert "Strict-Transport-Security" not in plain.get("/", base_url="http://localhost:8000").headers


def test_proxies_are_believed_as_far_as_they_are_counted(settings: Settings, tools: Tools) -> None:
    for proxies, asking in ((0, "127.0.0.1"), (1, "10.0.0.2"), (2, "203.0.113.9")):
        app = create_app(settings.model_copy(update={"trusted_proxies": proxies}), tools)
        seen: list[str] = []
        app.before_request(lambda seen=seen: seen.append(_remote()))
        headers = {"X-Forwarded-For": "198.51.100.66, 203.0.113.9, 10.0.0.2", "X-Forwarded-Host": "evil.example"}
        assert app.test_client().get("/healthz", headers=headers, base_url=settings.base_url).status_code == 200
        assert seen == [asking]


def _remote() -> str:
    from flask import request

    return request.remote_addr or ""
