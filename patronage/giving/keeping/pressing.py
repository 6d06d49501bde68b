"""What the pages of a pledge share: whose it is, how it is named, and what is said after a button was pressed."""

from datetime import datetime

from babel.dates import format_date
from flask import current_app, flash, redirect
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from patronage.foundation.money import shown
from patronage.foundation.web.house import here, settings, tools
from patronage.foundation.web.languages import language
from patronage.giving import wording
from patronage.giving.duties import policy_of
from patronage.giving.keeping import deeds, owning
from patronage.giving.keeping.changing import Terms
from patronage.giving.keeping.deeds import Wish
from patronage.giving.models import Pledge
from patronage.giving.terms import Bounds, KnownTerms

ACCOUNT = "/account"


def own(reference: str) -> Pledge:
    """Return the running regular pledge `reference` of whoever is signed in. Raises `NotYourPledge`, `OverAlready`."""
    with tools().database.reading() as session:
        return owning.own(session, current_user.id, reference)


def press(pledge: Pledge, wish: Wish, done: str) -> ResponseReturnValue:
    """Do what is wished, and lead to the account, which says that it is `done`, or that we are finding out."""
    if deeds.do(tools(), policy_of(settings()), pledge, wish):
        flash(done, "success")
    else:
        flash(finding_out(), "warning")
    return redirect(ACCOUNT, 303)


def finding_out() -> str:
    """Return what is said when Stripe did not answer."""
    return str(
        _(
            "Our payment provider did not answer, so we do not know yet whether that was done. "
            "We are finding out, and see to it that it is; it takes some minutes. You need do nothing."
        )
    )


def gift_of(pledge: Pledge, terms: Terms | None = None) -> str:
    """Return what a pledge gives, or would on other `terms`: "€5 every month"."""
    total = terms.total_minor if terms else pledge.amount_minor + pledge.fee_cover_minor
    return wording.gift(terms.interval if terms else pledge.interval, total, pledge.currency, language())


def amount(pledge: Pledge, minor: int) -> str:
    """Return an amount in the currency of `pledge`, as people write it."""
    return shown(minor, pledge.currency, language())


def day_of(moment: datetime) -> str:
    """Return the day of `moment` in the newsroom's zone, as people write it."""
    return str(format_date(moment.astimezone(settings().zone), "d MMMM y", locale=language()))


def bounds_of(pledge: Pledge) -> Bounds | None:
    """Return how large a gift in the currency of `pledge` may be, where the newsroom still takes that currency."""
    known: KnownTerms = current_app.extensions["patronage-terms"]
    found, _version = known(here().newsroom().currency or settings().currency, pledge.currency)
    return found.bounds if found.currency == pledge.currency else None
