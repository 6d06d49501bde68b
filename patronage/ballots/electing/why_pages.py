"""The voter's page for saying why: a few lines for each topic they ticked, kept without their name."""

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy.orm import Session

from patronage.ballots import rounds, voting
from patronage.ballots.electing import whys
from patronage.ballots.electing.forms import why_fields
from patronage.ballots.models import Round
from patronage.ballots.refusals import NoSuchRound
from patronage.foundation.web.forms import PageForm
from patronage.foundation.web.guards import patron
from patronage.foundation.web.house import settings, tools

blueprint = Blueprint("ballots_whys", __name__)


@blueprint.route("/topics/<int:round_id>/why", methods=["GET", "POST"])
@patron
def why(round_id: int) -> ResponseReturnValue:
    """Take a voter's reasons, or show where they can be given."""
    with tools().database.reading() as session:
        round_ = session.get(Round, round_id)
        if round_ is None or not round_.asks_why or round_.opened_at is None:
            raise NoSuchRound
        form = form_for(session, round_, current_user.id, sent=request.method == "POST")
    if request.method == "GET" or form is None or not form.validate():
        page = render_template("ballots/electing/why.html", round=round_, form=form)
        return make_response(page, 422 if request.method == "POST" else 200)
    said = {int(field.name.removeprefix("why-")): field.data or "" for field in form}
    with tools().database.transaction() as session:
        kept = whys.give(session, round_id, current_user.id, said, tools().clock.at(session), _secret())
    flash(ngettext("Thank you. %(num)s reason is kept.", "Thank you. %(num)s reasons are kept.", kept), "success")
    return redirect(f"/topics/{round_id}/why", 303)


def form_for(session: Session, round_: Round, person_id: int, *, sent: bool = False) -> PageForm | None:
    """Return the form for the reasons somebody may still give, or None if there is nothing (more) to say."""
    if not rounds.takes_votes(round_, tools().clock.now()) or not whys.left_to_give(session, round_, person_id):
        return None
    ticked, _order = voting.own_ballot(session, round_.id, person_id, (), _secret())
    every = rounds.ballot_topics(session, round_.id)
    named = [(row.position, row.title) for row in every if row.position in (ticked or ())]
    fields = why_fields(named)
    return (fields() if sent else fields(formdata=None)) if named else None


def _secret() -> str:
    return settings().secret_key.get_secret_value()
