"""The editors' pages of rounds: draw one up, open it, close it, read what came of it; never a count before closing."""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms.fields.choices import SelectChoice

from patronage.ballots import moments, result_csv, rounds, topics
from patronage.ballots.deciding import views as deciding
from patronage.ballots.forms import AddTopicForm, RoundForm
from patronage.ballots.known_rounds import Phase, known
from patronage.ballots.models import Round, RoundState
from patronage.ballots.refusals import DatesOutOfOrder, NoSuchRound
from patronage.ballots.results import visible_results
from patronage.foundation.order import moved
from patronage.foundation.refused import Refused
from patronage.foundation.web import ids
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import settings, tools

blueprint = Blueprint("ballots_desk", __name__)
PROMISE = _l("We report the winners, or say here why not.")
USUAL_DAYS, USUAL_HOUR = 14, 18  # how long a vote lasts unless the editor says otherwise, and when it closes that day


@blueprint.get("/desk/rounds")
@staff("editor")
def list_rounds() -> ResponseReturnValue:
    """List all rounds, the latest first."""
    now = tools().clock.now()
    with tools().database.reading() as session:
        found = session.scalars(select(Round).order_by(Round.id.desc()).limit(100)).all()
    lines = [(round_, round_.opened_at and known(round_).phase(now)) for round_ in found]
    return render_template("ballots/desk_rounds.html", lines=lines)


@blueprint.route("/desk/rounds/new", methods=["GET", "POST"])
@staff("editor")
def new_round() -> ResponseReturnValue:
    """Draw up a round."""
    form = RoundForm()
    if not form.is_submitted():
        form = _usual(tools().clock.now())
    terms = _terms(form) if form.validate_on_submit() else None
    if terms is None:
        return _answer(render_template("ballots/desk_new_round.html", form=form, zone=settings().timezone), form)
    with tools().database.transaction() as session:
        drafted = rounds.draft(session, terms, current_user.id, tools().clock.now())
    flash(_("Drafted. Now choose its topics."), "success")
    return redirect(f"/desk/rounds/{drafted.id}", 303)


@blueprint.get("/desk/rounds/<int:round_id>")
@staff("editor")
def show(round_id: int) -> ResponseReturnValue:
    """Show a draft to be worked on, an open round with its turnout rounded, or a closed one with its result."""
    with tools().database.reading() as session:
        return _page(session, round_id)


def _page(session: Session, round_id: int, form: RoundForm | None = None, problem: str | None = None) -> Response:
    round_ = _round(session, round_id)
    if round_.state is RoundState.DRAFT:
        return _draft_page(session, round_, form, problem)
    seen = visible_results(session, round_, current_user)
    if seen.result:
        return make_response(deciding.result_page(session, round_, seen.result), 422 if problem else 200)
    page = render_template(
        "ballots/desk_round.html", round=round_, seen=seen, phase=known(round_).phase(tools().clock.now()),
        phases=Phase, topics=rounds.ballot_topics(session, round_id),
    )  # fmt: skip
    return make_response(page, 422 if problem else 200)


def _draft_page(session: Session, round_: Round, form: RoundForm | None, problem: str | None) -> Response:
    chosen = rounds.ballot_topics(session, round_.id)
    taken = {row.topic_id for row in chosen}
    free = [topic for topic in topics.usable(session) if topic.id not in taken]
    add = AddTopicForm(formdata=None)
    add.topic.choices = [SelectChoice(topic.id, topic.title) for topic in free]
    page = render_template(
        "ballots/desk_draft.html", round=round_, form=form or _filled(round_), add=add, chosen=chosen, free=free,
        zone=settings().timezone, problem=problem,
    )  # fmt: skip
    return make_response(page, 422 if form or problem else 200)


@blueprint.post("/desk/rounds/<int:round_id>")
@staff("editor")
def change(round_id: int) -> ResponseReturnValue:
    """Change what a draft asks, promises, and when."""
    form = RoundForm()
    terms = _terms(form) if form.validate() else None
    with tools().database.transaction() as session:
        if terms is None:
            return _page(session, round_id, form)
        rounds.change(session, round_id, terms, current_user.id, tools().clock.now())
    flash(_("Saved."), "success")
    return redirect(f"/desk/rounds/{round_id}", 303)


@blueprint.post("/desk/rounds/<int:round_id>/topics")
@staff("editor")
def change_topics(round_id: int) -> ResponseReturnValue:
    """Add a topic to the draft (`topic`), or take one out or move it (`do`: "remove:12", "up:12", "down:12")."""
    with tools().database.transaction() as session:
        rounds.locked(session, round_id)
        order = _changed(rounds.topic_ids(session, round_id))
        rounds.set_topics(session, round_id, order, current_user.id, tools().clock.now())
    return redirect(f"/desk/rounds/{round_id}#topics", 303)


def _changed(order: list[int]) -> list[int]:
    deed, _colon, named = request.form.get("do", "").partition(":")
    try:
        topic_id = ids.read(named)
    except ValueError:
        topic_id = 0
    if deed == "remove":
        return [each for each in order if each != topic_id]
    if deed in {"up", "down"}:
        return moved(order, topic_id, -1 if deed == "up" else 1)
    added = request.form.get("topic", type=ids.read)
    return order if added is None else [*order, added]


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
    with tools().database.transaction() as session:
        rounds.close_round(session, round_id, _secret(), current_user.id, tools().clock.at(session))
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


def _terms(form: RoundForm) -> rounds.Terms | None:
    """Return what the form says, or None after writing beside the fields what is wrong with the dates."""
    opens, closes = _moment(form.opens), _moment(form.closes)
    if opens is None or closes is None:
        return None
    if closes <= opens:
        form.closes.errors = [*form.closes.errors, str(DatesOutOfOrder.reason)]
        return None
    return rounds.Terms(
        form.title.data, form.promise.data, form.places.data, opens, closes, most_ticks=form.most_ticks.data
    )


def _moment(field: Any) -> datetime | None:
    try:
        return moments.read(field.data, settings().zone)
    except Refused as refusal:
        field.errors = [*field.errors, str(refusal)]
        return None


def _usual(now: datetime) -> RoundForm:
    """Return the form of a vote that opens now and closes two weeks later, in the evening of the newsroom's zone."""
    zone = settings().zone
    evening = (now.astimezone(zone) + timedelta(days=USUAL_DAYS)).replace(hour=USUAL_HOUR, minute=0)
    return RoundForm(
        formdata=None, places=2, most_ticks=rounds.MOST_TICKS, promise=str(PROMISE), opens=moments.typed(now, zone),
        closes=moments.typed(evening, zone),
    )  # fmt: skip


def _filled(round_: Round) -> RoundForm:
    zone = settings().zone
    return RoundForm(
        formdata=None, obj=round_, opens=moments.typed(round_.opens_at, zone),
        closes=moments.typed(round_.closes_at, zone),
    )  # fmt: skip


def _answer(page: str, form: RoundForm) -> Response:
    return make_response(page, 422 if form.is_submitted() else 200)


def _secret() -> str:
    return settings().secret_key.get_secret_value()
