"""Every door has a guard: each route's view was marked by exactly one of the decorators in `web.guards`."""

import ast
import re

from flask import Flask

from tests.house.source import Module, modules

GUARDS = re.compile(r"^(public|patron|machine|staff:[a-z,]+)$")
FRAMEWORK = {"static"}  # Flask's own files
UNGUARDED = "/somewhere/nobody/thought/of"


def _unguarded(app: Flask) -> list[str]:
    doors = [rule for rule in app.url_map.iter_rules() if rule.endpoint not in FRAMEWORK]
    return [rule.rule for rule in doors if not GUARDS.match(_mark(app, rule.endpoint))]


def _mark(app: Flask, endpoint: str) -> str:
    return str(getattr(app.view_functions[endpoint], "__guard__", ""))


def test_every_route_has_a_guard(app: Flask) -> None:
    assert _unguarded(app) == []


def test_a_route_without_a_guard_would_be_seen(app: Flask) -> None:
    app.add_url_rule(UNGUARDED, "unguarded", lambda: "")
    assert _unguarded(app) == [UNGUARDED]


def test_the_desk_is_for_staff_and_the_account_for_patrons(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/desk"):
            assert _mark(app, rule.endpoint).startswith("staff:"), rule.rule
        if rule.rule.startswith("/account"):
            assert _mark(app, rule.endpoint) == "patron", rule.rule


def _redirects_without_303(module: Module) -> list[str]:
    calls = [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
    redirects = [call for call in calls if ast.unparse(call.func) in {"redirect", "flask.redirect"}]
    return [f"{module.path}:{call.lineno}" for call in redirects if "303" not in ast.unparse(call)]


def test_views_redirect_with_303() -> None:
    """After a form the browser is to GET the next page, whatever its method was (RFC 9110, 15.4.4)."""
    product = [module for module in modules() if module.is_product]
    assert [place for module in product for place in _redirects_without_303(module)] == []
