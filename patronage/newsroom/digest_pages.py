"""The page on which each member of staff says which digests they want."""

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import settings, tools
from patronage.newsroom import digests
from patronage.newsroom.forms import DigestForm

blueprint = Blueprint("newsroom_digests", __name__)


@blueprint.get("/desk/digests")
@staff("editor")
def show() -> ResponseReturnValue:
    """Show what somebody gets, and when."""
    with tools().database.reading() as session:
        closing, weekly = digests.chosen(session, current_user.id)
    form = DigestForm(formdata=None, at_closing=closing, weekly=weekly)
    return render_template("newsroom/digests.html", form=form, zone=settings().timezone)


@blueprint.post("/desk/digests")
@staff("editor")
def choose() -> ResponseReturnValue:
    """Keep what somebody wants."""
    form = DigestForm()
    with tools().database.transaction() as session:
        digests.choose(session, current_user.id, closing=form.at_closing.data, weekly=form.weekly.data)
    flash(_("Saved."), "success")
    return redirect("/desk/digests", 303)
