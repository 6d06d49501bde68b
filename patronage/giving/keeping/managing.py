"""The pages on which a patron stops in two clicks, goes on in one, or says that a single gift was meant."""

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from patronage.foundation.web.guards import patron
from patronage.foundation.web.house import settings, tools
from patronage.giving.keeping import changing, deeds, once
from patronage.giving.keeping.changing import Terms
from patronage.giving.keeping.deeds import Wish
from patronage.giving.keeping.forms import StopForm
from patronage.giving.keeping.models import DeedKind
from patronage.giving.keeping.pressing import ACCOUNT, amount, bounds_of, gift_of, own, press
from patronage.giving.models import Pledge

blueprint = Blueprint("giving_managing", __name__)


@blueprint.get("/account/pledges/<reference>/cancel")
@patron
def ask_to_cancel(reference: str) -> ResponseReturnValue:
    """Show what stopping means, and the button that does it; once, that one can also give less."""
    return _shown(StopForm(), own(reference))


@blueprint.post("/account/pledges/<reference>/cancel")
@patron
def cancel(reference: str) -> ResponseReturnValue:
    """Let a pledge end with the period that is paid; pressed twice, it is stopped once."""
    form, pledge = StopForm(), own(reference)
    if not form.validate():
        return _shown(form, pledge), 422
    if pledge.ends_at is not None:
        return redirect(ACCOUNT, 303)
    wish = Wish(DeedKind.STOP, {"why": (form.reason.data or "").strip() or None})
    return press(pledge, wish, _("Your pledge is stopped: nothing more is charged. A letter confirms it."))


@blueprint.post("/account/pledges/<reference>/less")
@patron
def give_less(reference: str) -> ResponseReturnValue:
    """Give less instead of stopping, as it was offered; pressed twice, it is halved once."""
    pledge = own(reference)
    offered = less_for(pledge)
    if offered is None:
        return redirect(ACCOUNT, 303)
    done = _("Thank you for staying. From the next payment on you give %(gift)s.", gift=gift_of(pledge, offered))
    return press(pledge, changing.give_less(offered), done)


@blueprint.post("/account/pledges/<reference>/resume")
@patron
def resume(reference: str) -> ResponseReturnValue:
    """Undo an arranged end, or a pause: at once, and charged again on the next day of payment."""
    pledge = own(reference)
    going_on = _("Your pledge goes on as before. Thank you!")
    if pledge.ends_at is not None:
        return press(pledge, Wish(DeedKind.GO_ON), going_on)
    if changing.rests(pledge):
        return press(pledge, Wish(DeedKind.UNPAUSE), going_on)
    return redirect(ACCOUNT, 303)


@blueprint.get("/account/pledges/<reference>/once")
@patron
def ask_if_once(reference: str) -> ResponseReturnValue:
    """Show what it means that a single gift was meant, and the button."""
    pledge = own(reference)
    with tools().database.reading() as session:
        payment = once.only_payment(session, pledge, tools().clock.now())
    if payment is None:
        raise once.NotOnceAnyMore
    given, gives_back = amount(pledge, payment.amount_minor), settings().meant_once == "refund"
    return render_template("giving/keeping/once.html", pledge=pledge, given=given, gives_back=gives_back)


@blueprint.post("/account/pledges/<reference>/once")
@patron
def make_it_once(reference: str) -> ResponseReturnValue:
    """Turn a pledge into a single gift; pressed twice, that happens once."""
    pledge = own(reference)
    return press(pledge, wish_for_once(pledge), _("It is a single gift now: nothing more is charged."))


def wish_for_once(pledge: Pledge) -> Wish:
    """Return the wish that `pledge` be a single gift, as the newsroom handles that. Raises `NotOnceAnyMore`."""
    with tools().database.reading() as session:
        return once.wish(session, pledge, settings().meant_once == "refund", tools().clock.now())


def less_for(pledge: Pledge) -> Terms | None:
    """Return the smaller gift to offer to whoever is about to stop, once; else None."""
    bounds = bounds_of(pledge)
    smallest = bounds.smallest_minor if bounds else settings().smallest_gift_minor
    with tools().database.reading() as session:
        was_asked = deeds.was_asked_to_stay(session, pledge.id)
    return None if was_asked else changing.less(pledge, smallest)


def _shown(form: StopForm, pledge: Pledge) -> str:
    offered = less_for(pledge)
    return render_template(
        "giving/keeping/cancel.html",
        form=form,
        pledge=pledge,
        gift=gift_of(pledge),
        until=changing.stays_until(pledge),
        less=gift_of(pledge, offered) if offered else None,
    )
