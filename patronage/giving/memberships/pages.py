"""Gives the app the pages of memberships: public ones of presents and other ways, and the desk's."""

from typing import Any

from flask import Flask
from flask_babel import lazy_gettext as _l

from patronage.books import views as books
from patronage.giving.memberships import (
    addresses,
    complimentary_desk,
    gifts_desk,
    letters,
    offers_desk,
    present_pages,
    terms_desk,
    ways_desk,
    ways_page,
)

PARTS = (terms_desk, present_pages, complimentary_desk, gifts_desk, offers_desk, ways_desk, ways_page)


def install(app: Flask) -> None:
    """Add the pages to `app`, and the address that a present's letter carries."""
    for part in PARTS:
        app.register_blueprint(part.blueprint)
    app.extensions.setdefault(books.DOORS, []).append(books.Door(_l("Gifts"), "/desk/books/gifts"))
    ways_page.keep_pages(app)
    app.extensions["patronage-letter-extras"][letters.PRESENT] = _redeem_address


def _redeem_address(data: dict[str, Any]) -> dict[str, Any]:
    """Make the address that redeems a present, which must not lie in the database."""
    return {"redeem_address": addresses.redeem_address(data["present"])}
