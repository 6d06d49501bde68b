"""The editors' pages of a draft: draw it up, choose its topics, see it as voters will, and what is still missing."""

from dataclasses import replace

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session
from wtforms.fields.choices import SelectChoice

from patronage.ballots import rounds, showing, topics
from patronage.ballots.electing import drafting, obstacles
from patronage.ballots.electing.forms import RoundForm
from patronage.ballots.forms import AddTopicForm, BallotForm
from patronage.ballots.known_rounds import Phase
from patronage.ballots.models import Round, RoundState
from patronage.ballots.refusals import AlreadyOpen, NoSuchRound
from patronage.foundation.order import moved
from patronage.foundation.web import ids
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import settings, tools

blueprint = Blueprint("ballots_drafts", __name__)


@blueprint.route("/desk/rounds/new", methods=["GET", "POST"])
@staff("editor")
def new_round() -> ResponseReturnValue:
    """Draw up a round."""
    now = tools().clock.now()
    if request.method == "GET":
        with tools().database.reading() as session:
            return _new_page(drafting.usual(session, now))
    with tools().database.transaction() as session:
        form = drafting.sent(session)
        terms = drafting.decided(form)
        if terms is None:
            return make_response(_new_page(form), 422)
        drafted = rounds.draft(session, terms, current_user.id, now)
    flash(_("Drafted. Now choose its topics."), "success")
    return redirect(f"/desk/rounds/{drafted.id}", 303)


@blueprint.post("/desk/rounds/<int:round_id>")
@staff("editor")
def change(round_id: int) -> ResponseReturnValue:
    """Change what a draft asks, whom, when, and what it promises."""
    with tools().database.transaction() as session:
        form = drafting.sent(session)
        terms = drafting.decided(form)
        if terms is None:
            return page(session, _draft(session, round_id), form)
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


@blueprint.get("/desk/rounds/<int:round_id>/preview")
@staff("editor")
def preview(round_id: int) -> ResponseReturnValue:
    """Show the draft on the very page a stranger will see, or (`as=patron`) a patron, with nothing to be sent."""
    with tools().database.reading() as session:
        round_ = _draft(session, round_id)
        ballot = showing.strangers_ballot(session, round_, tools().clock.now())
    ballot = replace(ballot, phase=Phase.OPEN)
    if request.args.get("as") == "patron":
        form = BallotForm(formdata=None)
        return render_template("ballots/ballot.html", ballot=ballot, form=form, problem=None, preview="patron")
    return render_template("ballots/asked.html", ballot=ballot, phases=Phase, preview="stranger")


def page(session: Session, round_: Round, form: RoundForm | None = None, problem: str | None = None) -> Response:
    """Return the page of a draft: its `form` as sent with what is wrong in it, or as it stands."""
    chosen = rounds.ballot_topics(session, round_.id)
    taken = {row.topic_id for row in chosen}
    free = [topic for topic in topics.usable(session) if topic.id not in taken]
    add = AddTopicForm(formdata=None)
    add.topic.choices = [SelectChoice(topic.id, topic.title) for topic in free]
    drawn = render_template(
        "ballots/desk_draft.html", round=round_, form=form or drafting.filled(session, round_), add=add, chosen=chosen,
        free=free, zone=settings().timezone, problem=problem,
        obstacles=obstacles.standing(session, round_, tools().clock.now()),
    )  # fmt: skip
    return make_response(drawn, 422 if form or problem else 200)


def _new_page(form: RoundForm) -> str:
    return render_template("ballots/desk_new_round.html", form=form, zone=settings().timezone)


def _draft(session: Session, round_id: int) -> Round:
    found = session.get(Round, round_id)
    if found is None:
        raise NoSuchRound
    if found.state is not RoundState.DRAFT:
        raise AlreadyOpen
    return found


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
