"""The public page of the newsroom's other ways to be supported: the same bytes for every stranger."""

from flask import Blueprint, Flask, current_app, render_template
from flask.typing import ResponseReturnValue

from patronage.foundation.web.guards import public
from patronage.foundation.web.house import House, here
from patronage.foundation.web.kept_pages import KeptPages
from patronage.foundation.web.languages import language
from patronage.giving.memberships.ways import KnownWays

blueprint = Blueprint("giving_ways", __name__)
PAGES, WAYS = "patronage-ways-pages", "patronage-ways"


def keep_pages(app: Flask) -> None:
    """Give `app` a place for its drawn pages, and for what they are drawn from."""
    house: House = app.extensions["patronage"]
    app.extensions[PAGES] = KeptPages()
    app.extensions[WAYS] = KnownWays(house.tools.database)


@blueprint.get("/ways-to-give")
@public
def show() -> ResponseReturnValue:
    """Show the ways, each with what can be copied, and a code for bank transfers."""
    known: KnownWays = current_app.extensions[WAYS]
    pages: KeptPages = current_app.extensions[PAGES]
    ways, version = known()
    key = (language(), here().newsroom().version, version)
    return pages.answer(key, lambda: render_template("giving/memberships/ways.html", ways=ways))
