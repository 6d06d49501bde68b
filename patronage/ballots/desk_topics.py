"""The editors' page of one topic: its words, its way so far, and every move the rules allow."""

from typing import Any

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.ballots import topics
from patronage.ballots.forms import StoryForm, TopicForm
from patronage.ballots.models import Topic
from patronage.ballots.refusals import NoSuchTopic, NotAStoryAddress
from patronage.ballots.suggesting import backing, board, ideas, steps, trusting, waiting
from patronage.ballots.suggesting.board import Move
from patronage.ballots.suggesting.desk_waiting import WAITING
from patronage.ballots.suggesting.forms import AssigneeForm, DeclineForm, NoteForm
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import tools
from patronage.foundation.web.languages import LANGUAGES, language
from patronage.people.models import Person, Role, StaffRole

blueprint = Blueprint("ballots_topics", __name__)


@blueprint.route("/desk/topics/new", methods=["GET", "POST"])
@staff("editor")
def new_topic() -> ResponseReturnValue:
    """Write down a topic of the desk's own."""
    form = TopicForm()
    form.language.data = form.language.data or language()
    if not form.validate_on_submit():
        page = render_template("ballots/desk_new_topic.html", form=form)
        return make_response(page, 422 if form.is_submitted() else 200)
    with tools().database.transaction() as session:
        topics.create(session, _words(form), current_user.id, tools().clock.now())
    flash(_("Written down. It can stand on a ballot now."), "success")
    return redirect("/desk/topics", 303)


@blueprint.get("/desk/topics/<int:topic_id>")
@staff("editor")
def show(topic_id: int) -> ResponseReturnValue:
    """Show a topic and what can be done with it."""
    with tools().database.reading() as session:
        return _page(session, topic_id, {})


def _page(session: Session, topic_id: int, forms: dict[str, Any]) -> ResponseReturnValue:
    topic = session.get(Topic, topic_id)
    if topic is None:
        raise NoSuchTopic
    moves = board.moves(topic)
    page = render_template(
        "ballots/desk_topic.html", topic=topic, author=ideas.author(session, topic), moves=moves, all_moves=Move,
        backers=backing.counts(session, (topic_id,))[topic_id], way=steps.history(session, topic_id),
        similar=waiting.beside(session, topic) if Move.MERGE in moves else [], languages=LANGUAGES,
        trusted=trusting.is_trusted(session, topic.suggested_by), can_edit=topic.state in topics.EDITABLE,
        into=session.get(Topic, topic.merged_into) if topic.merged_into else None,
        forms={**_empty_forms(topic), **forms}, known=_known_assignees(session) if Move.ASSIGN in moves else [],
    )  # fmt: skip
    return make_response(page, 422 if forms else 200)


def _empty_forms(topic: Topic) -> dict[str, Any]:
    return {
        "words": TopicForm(formdata=None, obj=topic),
        "decline": DeclineForm(formdata=None),
        "story": StoryForm(formdata=None),
        "assign": AssigneeForm(formdata=None, assignee=topic.assignee),
        "note": NoteForm(formdata=None, desk_note=topic.desk_note),
    }


def _known_assignees(session: Session) -> list[str]:
    """Return whom a topic may be given to: editors who have a name here, and whoever was given one before."""
    editors = select(Person.name).join(StaffRole, StaffRole.person_id == Person.id).where(StaffRole.role == Role.EDITOR)
    before = select(Topic.assignee).where(Topic.assignee.is_not(None)).distinct().limit(50)
    return sorted({name for query in (editors, before) for name in session.scalars(query) if name})


@blueprint.post("/desk/topics/<int:topic_id>")
@staff("editor")
def edit(topic_id: int) -> ResponseReturnValue:
    """Change a topic's words."""
    form = TopicForm()
    with tools().database.transaction() as session:
        if not form.validate():
            return _page(session, topic_id, {"words": form})
        topics.edit(session, topic_id, _words(form), current_user.id, tools().clock.now())
    return _done(topic_id, _("Saved."))


@blueprint.post("/desk/topics/<int:topic_id>/show")
@staff("editor")
def show_to_all(topic_id: int) -> ResponseReturnValue:
    """Let every reader see a topic, so that patrons can back it."""
    with tools().database.transaction() as session:
        topics.show(session, topic_id, current_user.id, tools().clock.now())
    return _done(topic_id, _("Shown. Patrons can back it now."))


@blueprint.post("/desk/topics/<int:topic_id>/accept")
@staff("editor")
def accept(topic_id: int) -> ResponseReturnValue:
    """Take a suggestion up."""
    with tools().database.transaction() as session:
        topics.accept(session, topic_id, current_user.id, tools().clock.now())
    return _done(topic_id, _("Accepted. It can stand on a ballot now."))


@blueprint.post("/desk/topics/<int:topic_id>/decline")
@staff("editor")
def decline(topic_id: int) -> ResponseReturnValue:
    """Say no to a topic, with the reason."""
    form = DeclineForm()
    with tools().database.transaction() as session:
        topic = session.get(Topic, topic_id)
        if topic is None:
            raise NoSuchTopic
        if not form.validate():
            return _page(session, topic_id, {"decline": form})
        topics.decline(session, topic_id, form.said(topic.language), current_user.id, tools().clock.now())
    return _done(topic_id, _("Declined. Whoever suggested or backed it can read the reason."))


@blueprint.post("/desk/topics/<int:topic_id>/assign")
@staff("editor")
def assign(topic_id: int) -> ResponseReturnValue:
    """Write down who is on it."""
    form = AssigneeForm()
    with tools().database.transaction() as session:
        if not form.validate():
            return _page(session, topic_id, {"assign": form})
        topics.assign(session, topic_id, form.assignee.data, current_user.id, tools().clock.now())
    return _done(topic_id, _("Assigned."))


@blueprint.post("/desk/topics/<int:topic_id>/hand-back")
@staff("editor")
def hand_back(topic_id: int) -> ResponseReturnValue:
    """Write down that nobody is on it any more."""
    with tools().database.transaction() as session:
        topics.hand_back(session, topic_id, current_user.id, tools().clock.now())
    return _done(topic_id, _("Nobody is on it now."))


@blueprint.post("/desk/topics/<int:topic_id>/note")
@staff("editor")
def note(topic_id: int) -> ResponseReturnValue:
    """Keep a note for the desk's own eyes."""
    form = NoteForm()
    with tools().database.transaction() as session:
        if not form.validate():
            return _page(session, topic_id, {"note": form})
        topics.note(session, topic_id, form.desk_note.data)
    return _done(topic_id, _("Saved."))


@blueprint.post("/desk/topics/<int:topic_id>/publish")
@staff("editor")
def publish(topic_id: int) -> ResponseReturnValue:
    """Write down that the story is out; those who voted are told."""
    form = StoryForm()
    valid = form.validate()
    try:
        with tools().database.transaction() as session:
            if valid:
                topics.publish(session, topic_id, form.story_url.data, current_user.id, tools().clock.now())
    except NotAStoryAddress as refusal:
        form.story_url.errors, valid = [str(refusal)], False
    if not valid:
        with tools().database.reading() as session:
            return _page(session, topic_id, {"story": form})
    current_app.extensions["patronage-rounds"].forget()
    return _done(topic_id, _("Published. Now write to those who asked: the letter waits under “Promises”."))


def _words(form: TopicForm) -> topics.Words:
    spoken = form.language.data if form.language.data in LANGUAGES else language()
    return topics.Words(form.title.data, form.summary.data, spoken, form.reporter_days.data)


def _done(topic_id: int, said: str) -> ResponseReturnValue:
    """Say that it is done, and go back to where the editor was reading."""
    flash(said, "success")
    return redirect(WAITING if request.form.get("then") == "waiting" else f"/desk/topics/{topic_id}", 303)
