"""The administrator's pages of what can be given: currencies, amounts, tiers; seen before they are live."""

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import here, settings, tools
from patronage.giving import terms
from patronage.giving.memberships import pricing
from patronage.giving.memberships.forms_of_terms import CurrencyForm, TierForm, form_of_tier
from patronage.giving.memberships.pricing import Editor, NoSuchCurrency, NoSuchTier
from patronage.giving.terms import Bounds, Level, Terms, as_typed

blueprint = Blueprint("giving_terms", __name__)
OVERVIEW = "/desk/settings/giving"


@blueprint.get("/desk/settings/giving")
@staff("admin")
def show() -> ResponseReturnValue:
    """Show what can be given now."""
    with tools().database.reading() as session:
        every = [terms.read(session, own(), usual(), each) for each in terms.offered(session, own(), usual())]
        tiers = [(tier, pricing.prices_of(session, tier.id)) for tier in pricing.tiers(session)]
    return render_template("giving/memberships/terms.html", every=every, tiers=tiers)


@blueprint.route("/desk/settings/giving/currencies/new", methods=["GET", "POST"])
@staff("admin")
def new_currency() -> ResponseReturnValue:
    """Offer another currency."""
    form = CurrencyForm()
    if not form.is_submitted():
        form.largest.data = form.fee_fixed.data = ""
    return _currency(form, None)


@blueprint.route("/desk/settings/giving/currencies/<currency>", methods=["GET", "POST"])
@staff("admin")
def edit_currency(currency: str) -> ResponseReturnValue:
    """Show and change the bounds and amounts of a currency."""
    with tools().database.reading() as session:
        if currency not in terms.offered(session, own(), usual()):
            raise NoSuchCurrency
        known = terms.read(session, own(), usual(), currency)
    form = CurrencyForm().fill(known)
    form.currency.data = currency
    return _currency(form, currency)


def _currency(form: CurrencyForm, currency: str | None) -> ResponseReturnValue:
    """Show the form, what it would look like, or write it down."""
    is_valid = form.validate_on_submit()
    if is_valid and request.form.get("do") == "save":
        with tools().database.transaction() as session:
            pricing.keep_offering(session, own(), usual())
            pricing.offer_currency(session, form.currency.data, form.bounds, form.suggested, editor())
        return _done(_("Saved. Pages follow within a second."))
    preview = None
    if is_valid:
        with tools().database.reading() as session:
            levels = terms.levels(session, form.currency.data)
        preview = Terms(form.currency.data, form.suggested, levels, form.bounds, (form.currency.data,))
    page = render_template("giving/memberships/currency.html", form=form, currency=currency, preview=preview)
    return make_response(page, 422 if form.is_submitted() and not is_valid else 200)


@blueprint.post("/desk/settings/giving/currencies/<currency>/remove")
@staff("admin")
def drop_currency(currency: str) -> ResponseReturnValue:
    """Offer a currency no more."""
    with tools().database.transaction() as session:
        pricing.keep_offering(session, own(), usual())
        pricing.drop_currency(session, currency, editor())
    return _done(_("%(currency)s is not offered any more. Pledges in it go on.", currency=currency))


@blueprint.route("/desk/settings/giving/tiers/new", methods=["GET", "POST"])
@staff("admin")
def new_tier() -> ResponseReturnValue:
    """Add a tier."""
    return _tier(_tier_form(), None)


@blueprint.route("/desk/settings/giving/tiers/<int:tier_id>", methods=["GET", "POST"])
@staff("admin")
def edit_tier(tier_id: int) -> ResponseReturnValue:
    """Show and change a tier."""
    form = _tier_form()
    with tools().database.reading() as session:
        tier = next((each for each in pricing.tiers(session) if each.id == tier_id), None)
        if tier is None:
            raise NoSuchTier
        prices = pricing.prices_of(session, tier_id)
    if not form.is_submitted():
        form.name.data, form.benefits.data = tier.name, tier.benefits
        for currency, price in prices.items():
            if currency in form.currencies:
                form[f"monthly_{currency}"].data = as_typed(price.monthly_minor, currency)
                form[f"yearly_{currency}"].data = as_typed(price.yearly_minor, currency)
    return _tier(form, tier_id)


def _tier(form: TierForm, tier_id: int | None) -> ResponseReturnValue:
    is_valid = form.validate_on_submit()
    if is_valid and request.form.get("do") == "save":
        with tools().database.transaction() as session:
            pricing.save_tier(session, tier_id, form.name.data, form.benefits.data, form.prices, editor())
        return _done(_("Saved. Pages follow within a second."))
    preview: list[tuple[str, Level]] = []
    if is_valid:
        words = form.name.data, form.benefits.data
        preview = [
            (each, Level(*words, price.monthly_minor, price.yearly_minor)) for each, price in form.prices.items()
        ]
    page = render_template("giving/memberships/tier.html", form=form, tier_id=tier_id, preview=preview)
    return make_response(page, 422 if form.is_submitted() and not is_valid else 200)


@blueprint.post("/desk/settings/giving/tiers/<int:tier_id>/move")
@staff("admin")
def move_tier(tier_id: int) -> ResponseReturnValue:
    """Put a tier one place up or down."""
    with tools().database.transaction() as session:
        pricing.move_tier(session, tier_id, request.form.get("do") == "up", editor())
    return redirect(OVERVIEW, 303)


@blueprint.post("/desk/settings/giving/tiers/<int:tier_id>/remove")
@staff("admin")
def remove_tier(tier_id: int) -> ResponseReturnValue:
    """Remove a tier."""
    with tools().database.transaction() as session:
        pricing.remove_tier(session, tier_id, editor())
    return _done(_("The tier is removed. Nobody's pledge changes."))


def own() -> str:
    """Return the newsroom's own currency."""
    return here().newsroom().currency or settings().currency


def usual() -> Bounds:
    """Return the bounds that hold where no currency has its own."""
    return terms.bounds_of(settings())


def editor() -> Editor:
    """Return who is at the desk, and when."""
    return Editor(current_user.id, tools().clock.now())


def _tier_form() -> TierForm:
    with tools().database.reading() as session:
        return form_of_tier(tuple(terms.offered(session, own(), usual())))()


def _done(said: str) -> ResponseReturnValue:
    flash(said, "success")
    return redirect(OVERVIEW, 303)
