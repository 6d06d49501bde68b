"""Puts together what leaves the house: the read API, its document, the feeds, the pages of tokens and hooks."""

from flask import Flask

from patronage.foundation.web.kept_pages import KeptPages
from patronage.newsroom import feeds
from patronage.newsroom.api import desk, document, views
from patronage.newsroom.hooks import views as hooks


def install(app: Flask) -> None:
    """Add to `app` what programs outside read and are told, and the desk's pages for it."""
    for part in (views.blueprint, document.blueprint, desk.blueprint, hooks.blueprint):
        app.register_blueprint(part)
    app.extensions[document.PAGES] = KeptPages()
    feeds.install(app)
