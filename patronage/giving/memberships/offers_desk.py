"""The administrator's page of offers by code: all of them with their uses, a new one, an end to one."""

from flask import Blueprint, flash, make_response, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import tools
from patronage.foundation.web.languages import language
from patronage.giving import terms
from patronage.giving.memberships import offer_words, offers, pricing
from patronage.giving.memberships.complimentary import DayHasPassed
from patronage.giving.memberships.complimentary_desk import end_of
from patronage.giving.memberships.forms_of_ways import OfferForm
from patronage.giving.memberships.models import CodeOffer
from patronage.giving.memberships.offers import CodeTaken, Reduction
from patronage.giving.memberships.terms_desk import editor, own, usual
from patronage.giving.models import Interval

blueprint = Blueprint("giving_offers", __name__)
LIST = "/desk/settings/offers"


@blueprint.route("/desk/settings/offers", methods=["GET", "POST"])
@staff("admin")
def make() -> ResponseReturnValue:
    """List offers, and make one."""
    with tools().database.reading() as session:
        currencies = tuple(terms.offered(session, own(), usual()))
        tiers = [(tier.id, tier.name) for tier in pricing.tiers(session)]
    form = OfferForm().offer_on(currencies, tiers)
    if not form.validate_on_submit():
        return _page(form)
    try:
        with tools().database.transaction() as session:
            offers.make(session, _terms(form), editor())
    except CodeTaken as refusal:
        form.code.errors = [str(refusal)]
        return _page(form)
    except DayHasPassed as refusal:
        form.valid_until.errors = [str(refusal)]
        return _page(form)
    flash(_("The code %(code)s is good from now on.", code=form.code.data), "success")
    return redirect(LIST, 303)


@blueprint.post("/desk/settings/offers/<int:offer_id>/withdraw")
@staff("admin")
def withdraw(offer_id: int) -> ResponseReturnValue:
    """Let a code be good for nothing any more."""
    with tools().database.transaction() as session:
        offers.withdraw(session, offer_id, editor())
    flash(_("Withdrawn. Pledges that began with it keep what they have."), "success")
    return redirect(LIST, 303)


def _terms(form: OfferForm) -> offers.Terms:
    gives = form.gives.data
    return offers.Terms(
        code=form.code.data, interval=Interval(form.interval.data), months=form.months.data,
        percent_off=form.percent.data if gives == "percent" else None,
        amount_off_minor=form.amount_minor if gives == "amount" else None,
        currency=form.currency.data if gives == "amount" else None,
        is_trial=gives == "trial", tier_id=form.tier.data or None,
        valid_until=end_of(form.valid_until.data) if form.valid_until.data else None, most_uses=form.most_uses.data,
    )  # fmt: skip


def _page(form: OfferForm) -> ResponseReturnValue:
    now = tools().clock.now()
    with tools().database.reading() as session:
        rows = offers.every(session, now)
    said = {offer.id: offer_words.gives(_reduction(offer), language()) for offer, _name, _times in rows}
    page = render_template("giving/memberships/offers.html", form=form, rows=rows, said=said, now=now)
    return make_response(page, 422 if form.is_submitted() else 200)


def _reduction(offer: CodeOffer) -> Reduction:
    return Reduction(
        offer.id, offer.code, offer.interval, offer.currency or own(), offer.months, offer.percent_off,
        offer.amount_off_minor, offer.is_trial,
    )  # fmt: skip
