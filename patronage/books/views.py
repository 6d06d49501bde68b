"""Gives the app the pages of the books, and each of them the way to the others."""

from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, request
from flask_babel import lazy_gettext as _l

from patronage.books import journal_pages, month_pages, payout_pages
from patronage.books.papers import desk, views

DOORS = "patronage-books-doors"
HOME = "/desk/books"


@dataclass(frozen=True)
class Door:
    """A page of the books, as their menu names it; other rooms add theirs. `text` says what is behind it."""

    title: Any
    href: str
    text: Any = ""


OURS = (
    Door(_l("Month"), HOME),
    Door(_l("Payouts"), "/desk/books/payouts"),
    Door(_l("Statements"), "/desk/books/statements", _l("What every donor gave in a year: send them, list them.")),
    Door(_l("Gift Aid"), "/desk/books/gift-aid", _l("The schedule on which a British charity reclaims tax.")),
    Door(_l("Journal"), "/desk/books/journal"),
    Door(_l("Entity"), "/desk/books/entity", _l("Name, numbers and wording of the legal entity.")),
)
# The order of the menu; doors that are not named here come last.
ORDER = ("", "payouts", "payments", "refunds", "disputes", "gifts", "statements", "figures", "journal", "entity")
BELOW_HOME = ("/desk/books/months", "/desk/books/entries")


def install(app: Flask) -> None:
    """Give `app` the pages of the books, their menu, and the account page its link to receipts."""
    for part in (month_pages, payout_pages, journal_pages, views, desk):
        app.register_blueprint(part.blueprint)
    app.extensions.setdefault(DOORS, []).extend(OURS)
    app.extensions.setdefault(month_pages.LOOKS, [])
    app.extensions.setdefault("patronage-account-extras", []).append(views.on_account)
    app.jinja_env.filters.update(accounted=month_pages.accounted, month_name=month_pages.named)
    app.context_processor(_menu)


def _menu() -> dict[str, Any]:
    """Give pages of the books `books_nav`: (title, address, whether one is there)."""
    if request.path != HOME and not request.path.startswith(HOME + "/"):
        return {"books_nav": []}
    doors: list[Door] = sorted(current_app.extensions[DOORS], key=_place)
    return {"books_nav": [(door.title, door.href, _is_here(door.href)) for door in doors]}


def _place(door: Door) -> int:
    name = door.href.removeprefix(HOME).strip("/")
    return ORDER.index(name) if name in ORDER else len(ORDER)


def _is_here(href: str) -> bool:
    if href == HOME:
        return request.path == HOME or request.path.startswith(BELOW_HOME)
    return request.path == href or request.path.startswith((href + "/", href + "."))
