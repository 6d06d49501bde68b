"""Gives the app the pages of giving, and Stripe its door."""

from datetime import date

from babel.dates import format_date
from flask import Flask
from flask_babel import get_locale

from patronage.books import month_pages
from patronage.books import views as books
from patronage.foundation.web.house import House
from patronage.foundation.web.kept_pages import KeptPages
from patronage.giving.asking import support, thanks
from patronage.giving.dunning import late_pages, mend_pages
from patronage.giving.intake import unapplied, webhook
from patronage.giving.keeping import altering, manage_link, managing
from patronage.giving.memberships import pages as memberships
from patronage.giving.returning import dispute_pages, payment_pages
from patronage.giving.terms import KnownTerms


def install(app: Flask) -> None:
    """Give `app` the pages of giving and cancelling, the thanks, and the webhook."""
    app.extensions["patronage-support-pages"] = KeptPages()
    house: House = app.extensions["patronage"]
    app.extensions["patronage-terms"] = KnownTerms(house.tools.database, house.settings)
    app.extensions.setdefault(thanks.EXTRAS, [])
    app.jinja_env.filters["iso_day"] = _iso_day
    mend_pages.furnish(app)
    manage_link.add_to_letters(app)
    app.extensions.setdefault(books.DOORS, []).extend(payment_pages.DOORS)
    app.extensions.setdefault(month_pages.LOOKS, []).append(unapplied.look)
    for part in (
        support,
        thanks,
        mend_pages,
        late_pages,
        managing,
        altering,
        manage_link,
        payment_pages,
        dispute_pages,
        webhook,
    ):
        app.register_blueprint(part.blueprint)
    memberships.install(app)


def _iso_day(written: str) -> str:
    """Return an ISO date, as letters carry it, the way people write it."""
    return str(format_date(date.fromisoformat(written), "d MMMM y", locale=str(get_locale() or "en")))
