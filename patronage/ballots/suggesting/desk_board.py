"""The editors' board and list of topics."""

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms.fields.choices import SelectChoice

from patronage.ballots import topics
from patronage.ballots.models import Topic, TopicState
from patronage.ballots.refusals import NotUsableHere
from patronage.ballots.suggesting import backing, board
from patronage.ballots.suggesting.board import Card, Move
from patronage.ballots.suggesting.forms import MoveForm
from patronage.foundation.web import ids
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import tools
from patronage.foundation.web.languages import LANGUAGES

blueprint = Blueprint("ballots_board", __name__)
PAGE = 50
WORDS = {
    Move.SHOW: _l("Show"),
    Move.ACCEPT: _l("Short-list"),
    Move.MERGE: _l("Merge …"),
    Move.ASSIGN: _l("Assign …"),
    Move.HAND_BACK: _l("Unassign"),
    Move.PUBLISH: _l("Story is out …"),
    Move.DECLINE: _l("Say no …"),
}
PLACES = {Move.ASSIGN: "#assigning", Move.PUBLISH: "#publishing", Move.DECLINE: "#declining", Move.MERGE: "/merge"}


@blueprint.get("/desk/topics")
@staff("editor")
def show() -> ResponseReturnValue:
    """Show the board; or, asked for a state or for what is older, the list."""
    if {"state", "before", "list"} & set(request.args):
        return _list()
    with tools().database.reading() as session:
        found = board.board(session)
    forms = {card.topic.id: _form(card) for column in found.columns for card in column.cards}
    return render_template("ballots/suggesting/desk_board.html", board=found, forms=forms, languages=LANGUAGES)


def _list() -> ResponseReturnValue:
    wanted, before = request.args.get("state", ""), request.args.get("before", type=ids.read)
    query = select(Topic).order_by(Topic.id.desc()).limit(PAGE + 1)
    if wanted in set(TopicState):
        query = query.where(Topic.state == TopicState(wanted))
    if before is not None:
        query = query.where(Topic.id < before)
    with tools().database.reading() as session:
        found = session.scalars(query).all()
        backers = backing.counts(session, [topic.id for topic in found])
    return render_template(
        "ballots/suggesting/desk_list.html", found=found[:PAGE], backers=backers, states=TopicState, wanted=wanted,
        older=found[PAGE - 1].id if len(found) > PAGE else None, languages=LANGUAGES,
    )  # fmt: skip


@blueprint.post("/desk/topics/<int:topic_id>/move")
@staff("editor")
def move(topic_id: int) -> ResponseReturnValue:
    """Make the move chosen on the board; one that needs a word more leads to where it is asked for."""
    asked = request.form.get("to", "")
    to = Move(asked) if asked in set(Move) else None
    if to is None:
        raise NotUsableHere
    if to not in board.AT_ONCE:
        return redirect(f"/desk/topics/{topic_id}{PLACES[to]}", 303)
    with tools().database.transaction() as session:
        topic = _make(session, topic_id, to)
    flash(_("Moved: %(title)s", title=topic.title), "success")
    return redirect(f"/desk/topics#column-{topic.state.name.lower()}", 303)


def _make(session: Session, topic_id: int, to: Move) -> Topic:
    deed = {Move.SHOW: topics.show, Move.ACCEPT: topics.accept, Move.HAND_BACK: topics.hand_back}[to]
    return deed(session, topic_id, current_user.id, tools().clock.now())


def _form(card: Card) -> MoveForm:
    """Return the form of a card, whose field has an id of its own."""
    form = MoveForm(formdata=None)
    form.to.choices = [SelectChoice(each.value, WORDS[each]) for each in card.moves]
    form.to.id = f"to-{card.topic.id}"
    return form
