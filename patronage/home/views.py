"""The pages of the house itself: the front page, what we keep about people, and the files that robots look for."""

from datetime import datetime, timedelta

from flask import Blueprint, Flask, Response, current_app, render_template
from flask.typing import ResponseReturnValue

from patronage.foundation.web.guards import public
from patronage.foundation.web.house import here, link, tools
from patronage.foundation.web.kept_pages import KeptPages
from patronage.foundation.web.languages import LANGUAGES, language
from patronage.home import account, brand, health, metrics

blueprint = Blueprint("home", __name__)

KEPT_FROM_ROBOTS = ("/account", "/desk", "/sign-in", "/support/", "/receipt")
CONTACT_HOLDS = timedelta(days=180)  # RFC 9116 asks for less than a year


def install(app: Flask) -> None:
    """Give `app` its front page and the small files beside it."""
    app.extensions["patronage-home-pages"] = KeptPages()
    for part in (blueprint, account.blueprint, brand.blueprint, health.blueprint, metrics.blueprint):
        app.register_blueprint(part)


@blueprint.get("/")
@public
def front() -> ResponseReturnValue:
    """Show the newsroom's ask and the ways in."""
    return _page("home/front.html")


@blueprint.get("/privacy")
@public
def privacy() -> ResponseReturnValue:
    """Say in plain words what is kept about people, and why."""
    return _page("home/privacy.html")


def _page(template: str) -> Response:
    pages: KeptPages = current_app.extensions["patronage-home-pages"]
    key = (template, language(), here().newsroom().version)
    return pages.answer(key, lambda: render_template(template))


@blueprint.get("/brand.css")
@public
def brand_css() -> ResponseReturnValue:
    """Send the newsroom's colour; every page loads this sheet first."""
    return brand.style_of(here().newsroom())


@blueprint.get("/robots.txt")
@public
def robots() -> ResponseReturnValue:
    """Ask search engines to leave personal pages alone."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in KEPT_FROM_ROBOTS)]
    return _text(lines, "public, max-age=86400")


@blueprint.get("/.well-known/security.txt")
@public
def security() -> ResponseReturnValue:
    """Say whom to tell about a hole (RFC 9116)."""
    expires = _midnight(tools().clock.now() + CONTACT_HOLDS)
    address = here().newsroom().contact_email
    lines = [
        f"Contact: mailto:{address}" if address else f"Contact: {link('/')}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        f"Preferred-Languages: {', '.join(LANGUAGES)}",
        f"Canonical: {link('/.well-known/security.txt')}",
    ]
    return _text(lines, "public, max-age=3600")


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _text(lines: list[str], cache: str) -> Response:
    answer = Response("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
    answer.headers["Cache-Control"] = cache
    return answer
