"""The public pages of a present: buying it, what became of it, its card, redeeming it by a button."""

from datetime import date, datetime, time

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from patronage.foundation.refused import Refused
from patronage.foundation.web.errors import STATUS
from patronage.foundation.web.guards import public
from patronage.foundation.web.house import here, settings, tools
from patronage.foundation.web.languages import language
from patronage.foundation.web.limits import TooOften, allow, network
from patronage.giving import signed
from patronage.giving.asking import checkouts, counting, paying_browser, thanks
from patronage.giving.asking.thanks import Stand, Thanked
from patronage.giving.duties import policy_of
from patronage.giving.gateway import GatewayRefused, GatewayUnknown
from patronage.giving.memberships import addresses, presents
from patronage.giving.memberships.forms import PresentForm, RedeemForm, said_of
from patronage.giving.memberships.models import Present
from patronage.giving.memberships.presents import Wish
from patronage.giving.models import Interval
from patronage.giving.pledging import Offer
from patronage.giving.terms import KnownTerms, Terms
from patronage.people.people import email_key

blueprint = Blueprint("giving_presents", __name__)
MAILED_AT = time(9)  # in the newsroom's zone, when people look into their mail; what is for today leaves at once
TRIES = "30 per hour"


@blueprint.get("/support/present")
@public
def show() -> ResponseReturnValue:
    """Show what can be given to somebody else."""
    known = _terms(request.args.get("currency", ""))
    return _drawn(_form(known), known)


@blueprint.post("/support/present")
@public
def buy() -> ResponseReturnValue:
    """Write the present down and lead on to Stripe's page."""
    known = _terms(request.form.get("currency", ""))
    form = _form(known)
    if not form.validate():
        return _drawn(form, known), 422
    held = paying_browser.token() or paying_browser.new_token()
    try:
        counting.count(email_key(form.email.data))
        way = checkouts.Way(addresses.given_address, addresses.back_address)
        wish = _wish(form)
        url = checkouts.page_for(
            tools(), form.email.data, _offer(form, known, wish), paying_browser.asker(held), way,
            lambda session, pledge: presents.write_down(session, pledge, form.choice, wish),
        )  # fmt: skip
    except (TooOften, GatewayUnknown, GatewayRefused) as refusal:
        return _drawn(form, known, str(refusal)), STATUS[refusal.why]
    response = make_response(redirect(url, 303))
    paying_browser.remember(response, held)
    return response


def _form(known: Terms) -> PresentForm:
    return PresentForm().offer_on(presents.choices(known), known.currency, language(), _today())


def _wish(form: PresentForm) -> Wish:
    day, today = form.deliver_on.data, _today()
    mailed = datetime.combine(max(day, today), time() if day <= today else MAILED_AT, settings().zone)
    return Wish(
        form.giver_name.data, form.recipient_name.data, form.recipient_email.data, form.message.data, language(), mailed
    )


def _offer(form: PresentForm, known: Terms, wish: Wish) -> Offer:
    newsroom = here().newsroom().name
    description = str(_("A membership of %(newsroom)s for %(name)s", newsroom=newsroom, name=wish.recipient_name))
    return Offer(
        Interval.ONCE, form.choice.amount_minor, known.currency, language=language(), description=description,
        apart=repr((form.choice.key, wish)),
    )  # fmt: skip


def _drawn(form: PresentForm, known: Terms, problem: str | None = None) -> str:
    return render_template("giving/memberships/present.html", form=form, terms=known, problem=problem)


@blueprint.get("/support/present/given")
@public
def given() -> ResponseReturnValue:
    """Show the buyer what became of the present, and the card to print."""
    return _given_page(addresses.given(request.args.get("pledge", "")))


@blueprint.post("/support/present/again")
@public
def send_again() -> ResponseReturnValue:
    """Mail the present once more, to the address it was bought for."""
    reference = addresses.given(request.form.get("pledge", ""))
    _thanked, present = _known(reference)
    try:
        allow(TRIES, "present again", network())
        with tools().database.transaction() as session:
            presents.send_again(session, present.reference, tools().clock.now())
    except Refused as refusal:
        return _given_page(reference, str(refusal), STATUS[refusal.why])
    return redirect(addresses.given_path(reference) + "&sent=1", 303)


def _given_page(reference: str, problem: str | None = None, status: int = 200) -> Response:
    thanked, present = _known(reference)
    response = make_response(
        render_template(
            "giving/memberships/given.html", present=present, pledge=thanked.pledge, stand=thanked.stand,
            stands=Stand, said=_said(present), redeem=addresses.redeem_address(present.reference),
            here=addresses.given_path(reference), key=request.values.get("pledge", ""), problem=problem,
            status_url=signed.thanks_path(reference).replace("/thanks?", "/thanks/status?"),
            was_sent="sent" in request.args, most_sent=presents.MOST_SENT,
        )
    )  # fmt: skip
    response.headers["Referrer-Policy"] = "same-origin"
    response.status_code = status
    return response


def _known(reference: str) -> tuple[Thanked, Present]:
    with tools().database.reading() as session:
        thanked = thanks.find(session, reference)
        present = presents.of_pledge(session, thanked.pledge.id)
    return thanked, present


@blueprint.get("/support/present/redeem")
@public
def ask() -> ResponseReturnValue:
    """Show the present; nothing is redeemed by looking at it."""
    return _redeem_page(addresses.redeemed(request.args.get("present", "")))


@blueprint.post("/support/present/redeem")
@public
def redeem() -> ResponseReturnValue:
    """Make whoever presses the button a patron for the time of the present."""
    value = request.form.get("present", "")
    reference, form = addresses.redeemed(value), RedeemForm()
    if not form.validate():
        return _redeem_page(reference, form, status=422)
    try:
        allow(TRIES, "redeem from", network())
        with tools().database.transaction() as session:
            presents.redeem(session, reference, form.email.data, policy_of(settings()), tools().clock.now())
    except TooOften as refusal:
        return _redeem_page(reference, form, str(refusal), STATUS[refusal.why])
    return redirect(f"{addresses.REDEEM}?present={value}", 303)


def _redeem_page(
    reference: str, form: RedeemForm | None = None, problem: str | None = None, status: int = 200
) -> Response:
    with tools().database.reading() as session:
        present = presents.find(session, reference)
        until = presents.membership_until(session, present)
    form = form or RedeemForm(formdata=None, email=present.recipient_email)
    response = make_response(
        render_template(
            "giving/memberships/redeem.html", present=present, said=_said(present), form=form, until=until,
            key=request.values.get("present", ""), problem=problem,
        )
    )  # fmt: skip
    response.headers["Referrer-Policy"] = "same-origin"
    response.status_code = status
    return response


def _said(present: Present) -> str:
    return said_of(presents.Choice("", present.months, present.tier_name, 0))


def _today() -> date:
    return tools().clock.now().astimezone(settings().zone).date()


def _terms(wanted: str) -> Terms:
    known: KnownTerms = current_app.extensions["patronage-terms"]
    return known(here().newsroom().currency or settings().currency, wanted)[0]
