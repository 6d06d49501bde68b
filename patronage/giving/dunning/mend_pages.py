"""The pages on which a late payment is mended, at a signed address: opening them changes nothing, buttons do."""

import secrets
from typing import Any

from flask import Blueprint, Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select

from patronage.foundation.web.guards import patron, public
from patronage.foundation.web.house import link, settings, tools
from patronage.foundation.web.limits import allow
from patronage.giving import signed
from patronage.giving.dunning import mending, orders, reasons, telling
from patronage.giving.dunning.forms import MendForm
from patronage.giving.dunning.mending import Due, NothingDue
from patronage.giving.dunning.models import Retried
from patronage.giving.duties import policy_of
from patronage.giving.gateway import GatewayRefused
from patronage.giving.keeping import cards
from patronage.giving.models import Pledge
from patronage.giving.signed import NoSuchPledge

blueprint = Blueprint("giving_mending", __name__)
AT_ONCE = "10 per hour"  # tries a pledge: more of them would only make its bank suspicious
AT_STRIPE = "20 per hour"  # pages at Stripe asked for a pledge: whoever has the address could ask without end


def furnish(app: Flask) -> None:
    """Have the letters of this room carry signed ways, and pages and letters the reasons in their language."""
    app.jinja_env.filters["payment_failure"] = lambda code: reasons.of(code).sentence
    for kind in (telling.FAILED, telling.GIVEN_UP, telling.EXPIRES, telling.NOTICE):
        app.extensions["patronage-letter-extras"][kind] = _for_letters


def _for_letters(data: dict[str, Any]) -> dict[str, Any]:
    reference = data["pledge_reference"]
    return {
        "reason": reasons.of(data.get("code")).sentence,
        "mend_path": signed.mend_path(reference),
        "manage_path": signed.manage_path(reference),
    }


@blueprint.get(signed.MEND)
@public
def show() -> ResponseReturnValue:
    """Show what is due, why, when it is tried next, and the ways to pay it."""
    if "pledge" not in request.args:
        return redirect("/support", 303)
    given = request.args["pledge"]
    due, now = _due(given), tools().clock.now()
    form = MendForm(formdata=None, pledge=given, press=secrets.token_hex(16), card=request.args.get("card", "")[:8])
    return render_template(
        "giving/dunning/mend.html",
        due=due,
        form=form,
        reason=reasons.of(due.pledge.failure_code),
        total=due.pledge.amount_minor + due.pledge.fee_cover_minor,
        is_still_patron=due.pledge.patron_until is not None and due.pledge.patron_until > now,
        here=signed.mend_path(due.pledge.reference),
        manage_path=signed.manage_path(due.pledge.reference),
    )


@blueprint.post(f"{signed.MEND}/again")
@public
def pay_again() -> ResponseReturnValue:
    """Have what is due paid now; pressed twice, it is tried once."""
    form = MendForm()
    reference = signed.mended(form.pledge.data or "")
    allow(AT_ONCE, "mend", reference)
    press = form.press.data if form.validate() and form.press.data else secrets.token_hex(16)
    try:
        with tools().database.transaction() as session:
            retry = mending.begin(session, reference, press, tools().clock.now())
    except NothingDue:  # it came in meanwhile, and the page says so
        return redirect(signed.mend_path(reference), 303)
    outcome = mending.go_through(tools(), policy_of(settings()), retry, new_card=form.card.data == "new")
    if outcome == Retried.PENDING and (page := _page_to_confirm(reference)):
        return redirect(page, 303)
    return redirect(signed.mend_path(reference), 303)


@blueprint.post(f"{signed.MEND}/card")
@public
def new_card() -> ResponseReturnValue:
    """Go to Stripe's page for a new card, and come back here."""
    due = _due(MendForm().pledge.data or "")
    allow(AT_STRIPE, "mend at stripe", due.pledge.reference)
    if not due.can_be_mended or not due.pledge.stripe_customer_id:
        raise NothingDue
    back = link(signed.mend_path(due.pledge.reference, came_back=True))
    return redirect(cards.page_for(tools(), due.pledge, back), 303)


@blueprint.post(f"{signed.MEND}/confirm")
@public
def confirm() -> ResponseReturnValue:
    """Go to Stripe's page of the invoice, where the bank can ask its question."""
    due = _due(MendForm().pledge.data or "")
    allow(AT_STRIPE, "mend at stripe", due.pledge.reference)
    return redirect(_page_to_confirm(due.pledge.reference) or signed.mend_path(due.pledge.reference), 303)


@blueprint.get("/account/pledges/<reference>/mend")
@patron
def mend_own(reference: str) -> ResponseReturnValue:
    """Lead to the page of one's own pledge."""
    mine = select(Pledge.id).where(Pledge.reference == reference, Pledge.person_id == current_user.id)
    with tools().database.reading() as session:
        if session.scalar(mine) is None:
            raise NoSuchPledge
    return redirect(signed.mend_path(reference), 303)


def _due(given: str) -> Due:
    reference = signed.mended(given)
    with tools().database.reading() as session:
        return mending.due(session, reference)


def _page_to_confirm(reference: str) -> str | None:
    with tools().database.reading() as session:
        due = mending.due(session, reference)
    if not due.can_be_mended or due.failed is None:
        return None
    try:
        return orders.page_to_confirm(tools().payments, due.failed.invoice_id)
    except GatewayRefused:
        return None
