"""The editors' pages of rounds: draw one up, open it, close it, read what came of it; never a count before closing."""

from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.ballots import result_csv, rounds
from patronage.ballots.deciding import views as deciding
from patronage.ballots.electing import draft_pages, open_pages
from patronage.ballots.keys import KeyDoesNotOpen
from patronage.ballots.known_rounds import Phase, known
from patronage.ballots.models import Round, RoundState
from patronage.ballots.refusals import NoSuchRound
from patronage.ballots.results import visible_results
from patronage.foundation.refused import Refused
from patronage.foundation.web import languages
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import settings, tools

blueprint = Blueprint("ballots_desk", __name__)


@blueprint.get("/desk/rounds")
@staff("editor")
def list_rounds() -> ResponseReturnValue:
    """List all rounds, the latest first."""
    now = tools().clock.now()
    with tools().database.reading() as session:
        found = session.scalars(select(Round).order_by(Round.id.desc()).limit(100)).all()
    lines = [(round_, round_.opened_at and known(round_).phase(now)) for round_ in found]
    return render_template("ballots/desk_rounds.html", lines=lines)


@blueprint.get("/desk/rounds/<int:round_id>")
@staff("editor")
def show(round_id: int) -> ResponseReturnValue:
    """Show a draft to be worked on, an open round with its turnout rounded, or a closed one with its result."""
    with tools().database.reading() as session:
        return _page(session, round_id)


def _page(session: Session, round_id: int, problem: str | None = None) -> Response:
    round_ = _round(session, round_id)
    if round_.state is RoundState.DRAFT:
        return draft_pages.page(session, round_, problem=problem)
    seen = visible_results(session, round_, current_user)
    if seen.result:
        return make_response(deciding.result_page(session, round_, seen.result), 422 if problem else 200)
    page = render_template(
        "ballots/desk_round.html", round=round_, seen=seen, phase=known(round_).phase(tools().clock.now()),
        phases=Phase, topics=rounds.ballot_topics(session, round_id), told=open_pages.told(session, round_),
    )  # fmt: skip
    return make_response(page, 422 if problem else 200)


@blueprint.post("/desk/rounds/<int:round_id>/open")
@staff("editor")
def open_round(round_id: int) -> ResponseReturnValue:
    """Open the round; what stands in its way is said on its page."""
    now = tools().clock.now()
    try:
        with tools().database.transaction() as session:
            rounds.open_round(session, round_id, _secret(), current_user.id, now)
    except Refused as refusal:
        with tools().database.reading() as session:
            return _page(session, round_id, problem=str(refusal))
    current_app.extensions["patronage-rounds"].forget()
    flash(_("The vote is announced. Its topics and rules are fixed from now on."), "success")
    return redirect(f"/desk/rounds/{round_id}", 303)


@blueprint.post("/desk/rounds/<int:round_id>/close")
@staff("editor")
def close_round(round_id: int) -> ResponseReturnValue:
    """Close the round before its time, or when the worker does not; the result is frozen with it."""
    try:
        with tools().database.transaction() as session:
            rounds.close_round(session, round_id, _secret(), current_user.id, tools().clock.at(session))
    except KeyDoesNotOpen as refusal:
        flash(languages.said(refusal), "danger")
    else:
        current_app.extensions["patronage-rounds"].forget()
        flash(_("The vote is closed and its result is frozen."), "success")
    return redirect(f"/desk/rounds/{round_id}", 303)


@blueprint.get("/desk/rounds/<int:round_id>/result.csv")
@staff("editor")
def result_as_csv(round_id: int) -> ResponseReturnValue:
    """Send the result as CSV; before closing there is none."""
    with tools().database.reading() as session:
        result = visible_results(session, _round(session, round_id), current_user).result
    if result is None:
        raise NoSuchRound
    answer = make_response(result_csv.written(result))
    answer.content_type = "text/csv; charset=utf-8"
    answer.headers["Content-Disposition"] = f'attachment; filename="round-{round_id}.csv"'
    return answer


def _round(session: Session, round_id: int) -> Round:
    found = session.get(Round, round_id)
    if found is None:
        raise NoSuchRound
    return found


def _secret() -> str:
    return settings().secret_key.get_secret_value()
