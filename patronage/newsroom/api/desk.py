"""The administrator's page of API tokens: made, shown once, revoked."""

from datetime import timedelta

from flask import Blueprint, flash, make_response, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from wtforms import SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from patronage.ballots.forms import squeezed
from patronage.foundation.web.forms import PageForm
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import tools
from patronage.newsroom.api import tokens
from patronage.newsroom.api.tokens import Scope

blueprint = Blueprint("newsroom_api_desk", __name__)
LIST = "/desk/settings/tokens"
FOR_EVER = "0"


class TokenForm(PageForm):
    """What a new token is for."""

    name = StringField(
        _l("Who or what uses it"), [DataRequired(_l("Write who or what uses it.")), Length(max=80)], filters=[squeezed]
    )
    scopes = SelectMultipleField(
        _l("What it opens"),
        [DataRequired(_l("Tick at least one."))],
        choices=[
            SelectChoice(Scope.RESULTS.value, _l("Votes and their results (results:read)")),
            SelectChoice(Scope.STORIES.value, _l("Stories that came of votes (stories:read)")),
        ],
        default=[Scope.RESULTS.value],
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )
    days = SelectField(
        _l("How long it holds"),
        choices=[
            SelectChoice("90", _l("90 days")),
            SelectChoice("365", _l("A year")),
            SelectChoice(FOR_EVER, _l("Until it is revoked")),
        ],
        default="365",
    )


@blueprint.route(LIST, methods=["GET", "POST"])
@staff("admin")
def edit() -> ResponseReturnValue:
    """List the tokens; make one, which is shown this once."""
    form, made, now = TokenForm(), None, tools().clock.now()
    if form.validate_on_submit():
        days = int(form.days.data)
        until = now + timedelta(days=days) if days else None
        with tools().database.transaction() as session:
            made = tokens.issue(session, form.name.data, form.scopes.data, until, current_user.id, now)
        form = TokenForm(formdata=None)
    with tools().database.reading() as session:
        rows = tokens.every(session)
    page = render_template("newsroom/api/tokens.html", form=form, rows=rows, made=made, now=now)
    return make_response(page, 422 if form.is_submitted() and not made else 200)


@blueprint.post(f"{LIST}/<int:token_id>/revoke")
@staff("admin")
def revoke(token_id: int) -> ResponseReturnValue:
    """End a token."""
    with tools().database.transaction() as session:
        tokens.revoke(session, token_id, current_user.id, tools().clock.now())
    flash(_("Revoked. It opens nothing any more."), "success")
    return redirect(LIST, 303)
