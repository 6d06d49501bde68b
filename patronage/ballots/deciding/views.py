"""The editors' pages after a vote: what is chosen, what voters are owed, and the letter that tells them."""

from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.ballots.deciding import decisions, previewing, promise, telling
from patronage.ballots.deciding.forms import NotesForm, decision_form, notes_form
from patronage.ballots.deciding.models import Telling, Tidings
from patronage.ballots.deciding.refusals import DepartureNeedsReason, NoteMissing, NothingToDecide, StoryIsOut
from patronage.ballots.deciding.result_page import Asked, desk_page
from patronage.ballots.frozen import Frozen
from patronage.ballots.models import Round, Topic
from patronage.ballots.refusals import NoSuchRound
from patronage.ballots.results import visible_results
from patronage.foundation.refused import Refused
from patronage.foundation.web import ids
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import tools
from patronage.foundation.web.languages import LANGUAGES

blueprint = Blueprint("ballots_deciding", __name__)
PAGE = 50


def result_page(session: Session, round_: Round, result: Frozen) -> str:
    """Return the page of a closed round; `?places=` asks what if there were so many, `?pick=` how fair a choice is."""
    picked = frozenset(request.args.getlist("pick", type=ids.read)) & set(result.titles)
    asked = Asked(request.args.get("places", type=ids.read), picked, "hours" in request.args)
    return desk_page(session, round_, result, asked)


@blueprint.get("/desk/rounds/<int:round_id>/decide")
@staff("editor")
def choose(round_id: int) -> ResponseReturnValue:
    """Show the topics of a closed round, and what is chosen."""
    with tools().database.reading() as session:
        return _choosing(session, round_id)


@blueprint.post("/desk/rounds/<int:round_id>/decide")
@staff("editor")
def decide(round_id: int) -> ResponseReturnValue:
    """Write the decisions down; a departure without its reason is said beside its topic."""
    try:
        with tools().database.transaction() as session:
            form = decision_form(_standing(session, round_id), filled=False)
            if not form.validate():
                return _choosing(session, round_id)
            decisions.decide(session, round_id, form.wanted(), current_user.id, tools().clock.now())
    except (DepartureNeedsReason, StoryIsOut) as refusal:
        with tools().database.reading() as session:
            return _choosing(session, round_id, refusal)
    current_app.extensions["patronage-rounds"].forget()
    flash(_("Written down, and public beside the result."), "success")
    return redirect(f"/desk/rounds/{round_id}", 303)


def _standing(session: Session, round_id: int) -> list[decisions.Decided]:
    round_ = session.get(Round, round_id)
    if round_ is None:
        raise NoSuchRound
    result = visible_results(session, round_, current_user).result
    if result is None:
        raise NothingToDecide
    return decisions.standing(session, round_id, result)


def _choosing(session: Session, round_id: int, problem: Refused | None = None) -> Response:
    lines = _standing(session, round_id)
    is_sent = request.method == "POST"
    form = decision_form(lines, filled=not is_sent)
    if is_sent:
        form.validate()
    for topic_id in getattr(problem, "topic_ids", ()):
        form.reason(topic_id).errors = [str(problem)]
    page = render_template(
        "ballots/deciding/decide.html", round=session.get_one(Round, round_id), lines=lines, form=form,
        problem=None if isinstance(problem, DepartureNeedsReason) else problem,
    )  # fmt: skip
    return make_response(page, 422 if is_sent else 200)


@blueprint.get("/desk/owed")
@staff("editor")
def list_owed() -> ResponseReturnValue:
    """List what voters are owed, longest waiting first, and beneath it what they were told."""
    before = request.args.get("before", type=ids.read)
    rows = select(Telling, Topic.title).join(Topic, Topic.id == Telling.topic_id)
    owed = rows.where(Telling.told_at.is_(None)).order_by(Telling.owed_since, Telling.id).limit(200)
    told = rows.where(Telling.told_at.is_not(None)).order_by(Telling.id.desc()).limit(PAGE + 1)
    if before is not None:
        told = told.where(Telling.id < before)
    with tools().database.reading() as session:
        waiting, past = session.execute(owed).all(), session.execute(told).all()
        promised = promise.running(session)
    older = past[PAGE - 1][0].id if len(past) > PAGE else None
    return render_template(
        "ballots/deciding/owed.html", waiting=waiting, past=past[:PAGE], older=older, promised=promised,
        tidings=Tidings, kept=promise.Kept,
    )  # fmt: skip


@blueprint.get("/desk/owed/<int:telling_id>")
@staff("editor")
def show(telling_id: int) -> ResponseReturnValue:
    """Show a letter as voters get it, with a form for the desk's words until it is sent."""
    with tools().database.reading() as session:
        return _page(session, telling_id, None)


@blueprint.post("/desk/owed/<int:telling_id>")
@staff("editor")
def write(telling_id: int) -> ResponseReturnValue:
    """Keep the desk's words, and show the letter with them."""
    form = notes_form()
    with tools().database.transaction() as session:
        if not form.validate():
            return _page(session, telling_id, form)
        telling.write_notes(session, telling_id, form.notes())
    flash(_("Kept. This is how the letter reads now; it has not been sent."), "success")
    return redirect(f"/desk/owed/{telling_id}#preview", 303)


@blueprint.post("/desk/owed/<int:telling_id>/send")
@staff("editor")
def send(telling_id: int) -> ResponseReturnValue:
    """Put the letters on their way."""
    try:
        with tools().database.transaction() as session:
            telling.send(session, telling_id, current_user.id, tools().clock.now())
    except NoteMissing as refusal:
        with tools().database.reading() as session:
            form = notes_form(dict(telling.found(session, telling_id).notes))
            form.written[0].errors = [str(refusal)]
            return _page(session, telling_id, form)
    current_app.extensions["patronage-rounds"].forget()
    flash(_("The letters are on their way."), "success")
    return redirect(f"/desk/owed/{telling_id}", 303)


@blueprint.get("/desk/owed/<int:telling_id>/letter")
@staff("editor")
def letter(telling_id: int) -> ResponseReturnValue:
    """Show the letter as a mail program would, in the language `lang`."""
    with tools().database.reading() as session:
        said = telling.letter(session, telling.found(session, telling_id))
    language = request.args.get("lang", "")
    answer = make_response(previewing.composed(said, language if language in LANGUAGES else "en", tools()).html)
    answer.headers["Content-Security-Policy"] = previewing.POLICY
    return answer


def _page(session: Session, telling_id: int, form: NotesForm | None) -> Response:
    row = telling.found(session, telling_id)
    said = telling.letter(session, row)
    page = render_template(
        "ballots/deciding/telling.html", telling=row, topic=session.get_one(Topic, row.topic_id), tidings=Tidings,
        form=form or notes_form(dict(row.notes)), people=telling.how_many(session, row), said=said.said,
        letters=[(LANGUAGES[code], code, previewing.composed(said, code, tools())) for code in LANGUAGES],
    )  # fmt: skip
    return make_response(page, 422 if form else 200)
