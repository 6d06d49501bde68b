"""The page of one pledge that letters lead to: no sign-in, nothing but this pledge; looking at it changes nothing."""

from typing import Any

from flask import Blueprint, Flask, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from patronage.foundation.web.guards import public
from patronage.foundation.web.house import settings, tools
from patronage.giving import signed
from patronage.giving.dunning import lateness
from patronage.giving.duties import policy_of
from patronage.giving.keeping import changing, deeds, once, owning
from patronage.giving.keeping.deeds import Wish
from patronage.giving.keeping.forms import SignedForm
from patronage.giving.keeping.managing import less_for, wish_for_once
from patronage.giving.keeping.models import DeedKind
from patronage.giving.keeping.pressing import gift_of
from patronage.giving.models import Interval, Pledge, PledgeState

blueprint = Blueprint("giving_manage_link", __name__)

# Letters about a regular pledge lead to it without signing in; the address is made when they are sent, and not kept.
LETTERS = (
    "receipt", "second_pledge", "pledge_ending", "pledge_resumed", "pledge_changed", "pledge_paused", "pause_ends",
    "deed_refused",
)  # fmt: skip
STOP, GO_ON, LESS, ONCE = "stop", "go on", "less", "once"


def add_to_letters(app: Flask) -> None:
    """Give letters about regular pledges the address of this page."""
    for kind in LETTERS:
        app.extensions["patronage-letter-extras"].setdefault(f"giving/{kind}", _way_here)


def _way_here(facts: dict[str, Any]) -> dict[str, str]:
    if facts["interval"] == Interval.ONCE:
        return {}
    return {"manage_path": signed.manage_path(facts["pledge_reference"])}


@blueprint.get(signed.MANAGE)
@public
def look() -> ResponseReturnValue:
    """Show a pledge, and the buttons for what can be done with it."""
    given = request.args.get("pledge", "")
    return _drawn(SignedForm(formdata=None, pledge=given), _pledge(given))


@blueprint.post(signed.MANAGE)
@public
def act() -> ResponseReturnValue:
    """Do what the button says; pressed twice, it is done once. The page then shows how it is."""
    form = SignedForm()
    pledge = _pledge(form.pledge.data or "")
    if not form.validate():
        response = _drawn(form, pledge)
        response.status_code = 422
        return response
    wish = None if pledge.state == PledgeState.ENDED else _wish(form, pledge)
    if wish is not None:
        deeds.do(tools(), policy_of(settings()), pledge, wish)
    return redirect(signed.manage_path(pledge.reference), 303)


def _pledge(given: str) -> Pledge:
    """Return the pledge whose signed reference was `given`. Raises `NoSuchPledge`, `NotYourPledge`."""
    reference = signed.managed(given)
    with tools().database.reading() as session:
        return owning.by_reference(session, reference)


def _wish(form: SignedForm, pledge: Pledge) -> Wish | None:
    """Return what the button asks for, or None where it is so already."""
    if form.deed.data == STOP and pledge.ends_at is None:
        return Wish(DeedKind.STOP, {"why": (form.reason.data or "").strip() or None})
    if form.deed.data == GO_ON and pledge.ends_at is not None:
        return Wish(DeedKind.GO_ON)
    if form.deed.data == GO_ON and changing.rests(pledge):
        return Wish(DeedKind.UNPAUSE)
    if form.deed.data == LESS and (offered := less_for(pledge)):
        return changing.give_less(offered)
    return wish_for_once(pledge) if form.deed.data == ONCE else None


def _drawn(form: SignedForm, pledge: Pledge) -> Response:
    now = tools().clock.now()
    with tools().database.reading() as session:
        is_unsettled = deeds.unsettled(session, pledge.id)
        can_be_once = not is_unsettled and once.only_payment(session, pledge, now) is not None
    offered = None if is_unsettled else less_for(pledge)
    response = make_response(
        render_template(
            "giving/keeping/signed.html",
            form=form,
            pledge=pledge,
            gift=gift_of(pledge),
            less=gift_of(pledge, offered) if offered else None,
            is_unsettled=is_unsettled,
            rests=changing.rests(pledge),
            mend_path=signed.mend_path(pledge.reference) if lateness.can_be_mended(pledge) else None,
            can_be_once=can_be_once,
            was_once=once.was_once(pledge),
            gives_back=settings().meant_once == "refund",
            next_on=changing.next_charge(pledge),
            until=changing.stays_until(pledge),
        )
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "same-origin"  # the signed address stays out of other sites' logs
    return response
