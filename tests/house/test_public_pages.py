"""What every stranger sees is the same for all of them: no cookie is set, and none is asked for."""

from flask import Flask
from flask.testing import FlaskClient


def _public_pages(app: Flask) -> list[str]:
    """The addresses of public pages that need nothing but their address."""
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments]
    return [rule.rule for rule in rules if getattr(app.view_functions[rule.endpoint], "__guard__", "") == "public"]


def test_public_pages_set_no_cookie_and_vary_on_none(app: Flask, client: FlaskClient) -> None:
    for page in _public_pages(app):
        answer = client.get(page)
        assert answer.status_code < 500, page
        assert "Set-Cookie" not in answer.headers, page
        assert "Cookie" not in answer.headers.get("Vary", ""), page
