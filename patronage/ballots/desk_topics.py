"""The editors' pages of topics: what patrons suggest, what the desk adds, and the way of each to a story."""

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.ballots import topics
from patronage.ballots.forms import DeclineForm, StoryForm, TopicForm
from patronage.ballots.models import Topic, TopicState
from patronage.ballots.refusals import NoSuchTopic, NotAStoryAddress
from patronage.foundation.web import ids
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import tools
from patronage.foundation.web.languages import language
from patronage.people.models import Person

blueprint = Blueprint("ballots_topics", __name__)
PAGE = 50


@blueprint.get("/desk/topics")
@staff("editor")
def list_topics() -> ResponseReturnValue:
    """List topics, the latest first, all or those in one state; suggestions wait at the top of the desk's work."""
    wanted, before = request.args.get("state", ""), request.args.get("before", type=ids.read)
    query = select(Topic).order_by(Topic.id.desc()).limit(PAGE + 1)
    if wanted in set(TopicState):
        query = query.where(Topic.state == TopicState(wanted))
    if before is not None:
        query = query.where(Topic.id < before)
    with tools().database.reading() as session:
        found = session.scalars(query).all()
    return render_template(
        "ballots/desk_topics.html", found=found[:PAGE], states=TopicState, wanted=wanted,
        older=found[PAGE - 1].id if len(found) > PAGE else None,
    )  # fmt: skip


@blueprint.route("/desk/topics/new", methods=["GET", "POST"])
@staff("editor")
def new_topic() -> ResponseReturnValue:
    """Write down a topic of the desk's own."""
    form = TopicForm()
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


def _page(session: Session, topic_id: int, forms: dict[str, object]) -> ResponseReturnValue:
    topic = session.get(Topic, topic_id)
    if topic is None:
        raise NoSuchTopic
    person = session.get(Person, topic.suggested_by) if topic.suggested_by and topic.credit else None
    page = render_template(
        "ballots/desk_topic.html", topic=topic, person=person, states=TopicState,
        can_edit=topic.state in topics.EDITABLE, can_publish=topic.state in topics.PUBLISHABLE,
        form=forms.get("form") or TopicForm(formdata=None, obj=topic),
        decline=forms.get("decline") or DeclineForm(formdata=None),
        story=forms.get("story") or StoryForm(formdata=None),
    )  # fmt: skip
    return make_response(page, 422 if forms else 200)


@blueprint.post("/desk/topics/<int:topic_id>")
@staff("editor")
def edit(topic_id: int) -> ResponseReturnValue:
    """Change a topic's words."""
    form = TopicForm()
    with tools().database.transaction() as session:
        if not form.validate():
            return _page(session, topic_id, {"form": form})
        topics.edit(session, topic_id, _words(form), current_user.id, tools().clock.now())
    return _done(topic_id, _("Saved."))


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
        if not form.validate():
            return _page(session, topic_id, {"decline": form})
        topics.decline(session, topic_id, form.reason.data, current_user.id, tools().clock.now())
    return _done(topic_id, _("Declined. Whoever suggested it can read the reason."))


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
    return topics.Words(form.title.data, form.summary.data, language(), form.reporter_days.data)


def _done(topic_id: int, said: str) -> ResponseReturnValue:
    flash(said, "success")
    return redirect(f"/desk/topics/{topic_id}", 303)
