"""Gives the app the pages of the books, and the desk a page from which all of them are reached."""

from dataclasses import asdict, dataclass
from typing import Any

from flask import Blueprint, Flask, current_app, render_template
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from patronage.books.papers import desk, views
from patronage.foundation.web.guards import staff

blueprint = Blueprint("books", __name__)
DOORS = "patronage-books-doors"


@dataclass(frozen=True)
class Door:
    """A page of the books, as the desk's list of them names it; other rooms add theirs."""

    title: Any
    href: str
    text: Any


PAPERS = (
    Door(
        _l("Yearly statements"), "/desk/books/statements", _l("What every donor gave in a year: send them, list them.")
    ),
    Door(_l("Who issues receipts"), "/desk/books/entity", _l("Name, numbers and wording of the legal entity.")),
    Door(_l("Gift Aid"), "/desk/books/gift-aid", _l("The schedule on which a British charity reclaims tax.")),
)


def install(app: Flask) -> None:
    """Give `app` the pages of receipts and statements, and the account page its link to them."""
    for part in (blueprint, views.blueprint, desk.blueprint):
        app.register_blueprint(part)
    app.extensions.setdefault(DOORS, []).extend(PAPERS)
    app.extensions.setdefault("patronage-account-extras", []).append(views.on_account)


@blueprint.get("/desk/books")
@staff("bookkeeper")
def show() -> ResponseReturnValue:
    """List the pages of the books."""
    doors: list[Door] = current_app.extensions[DOORS]
    return render_template("books/desk.html", doors=[asdict(door) for door in doors])
