"""The pages on which a patron stops in two clicks and goes on in one."""

import secrets

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from patronage.foundation.web.guards import patron
from patronage.foundation.web.house import settings, tools
from patronage.foundation.web.languages import language
from patronage.giving import wording
from patronage.giving.duties import policy_of
from patronage.giving.keeping import stopping
from patronage.giving.keeping.forms import StopForm
from patronage.giving.models import Pledge

blueprint = Blueprint("giving_managing", __name__)


@blueprint.get("/account/pledges/<reference>/cancel")
@patron
def ask_to_cancel(reference: str) -> ResponseReturnValue:
    """Show what stopping means, and the button that does it."""
    return _shown(StopForm(), _own(reference))


@blueprint.post("/account/pledges/<reference>/cancel")
@patron
def cancel(reference: str) -> ResponseReturnValue:
    """Let a pledge end with the period that is paid; pressed twice, it is stopped once."""
    form, pledge = StopForm(), _own(reference)
    if not form.validate():
        return _shown(form, pledge), 422
    if pledge.ends_at is None:
        stopping.stop(tools(), policy_of(settings()), pledge, form.reason.data or "", _key("end", pledge))
        flash(_("Your pledge is stopped: nothing more is charged. A letter confirms it."), "success")
    return redirect("/account", 303)


@blueprint.post("/account/pledges/<reference>/resume")
@patron
def resume(reference: str) -> ResponseReturnValue:
    """Undo an arranged end."""
    pledge = _own(reference)
    if pledge.ends_at is not None:
        stopping.go_on(tools(), policy_of(settings()), pledge, _key("resume", pledge))
        flash(_("Your pledge goes on as before. Thank you!"), "success")
    return redirect("/account", 303)


def _own(reference: str) -> Pledge:
    with tools().database.reading() as session:
        return stopping.own(session, current_user.id, reference)


def _key(deed: str, pledge: Pledge) -> str:
    """Return a key for one press of a button, which the library's own retries share.

    Setting or lifting an end twice is harmless, while Stripe would repeat a 500 for a day to a key it has seen.
    """
    return f"{deed}-{pledge.reference}-{secrets.token_hex(8)}"


def _shown(form: StopForm, pledge: Pledge) -> str:
    total = pledge.amount_minor + pledge.fee_cover_minor
    gift = wording.gift(pledge.interval, total, pledge.currency, language())
    return render_template("giving/cancel.html", form=form, pledge=pledge, gift=gift)
