"""The editors' pages of suggestions: those that wait to be read, whom to trust, and merging what asks for the same."""

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session
from wtforms.fields.choices import SelectChoice

from patronage.ballots import topics
from patronage.ballots.models import Topic, TopicState
from patronage.ballots.refusals import NoSuchTopic
from patronage.ballots.suggesting import merging, trusting, waiting
from patronage.ballots.suggesting.forms import DeclineForm, IntoForm
from patronage.ballots.suggesting.refusals import NotToBeMerged
from patronage.foundation.web import ids
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import tools
from patronage.foundation.web.languages import LANGUAGES

blueprint = Blueprint("ballots_waiting", __name__)
WAITING = "/desk/topics/waiting"


@blueprint.get(WAITING)
@staff("editor")
def list_waiting() -> ResponseReturnValue:
    """Show the suggestions that wait, each with what is similar and what can be said to it."""
    after = request.args.get("after", type=ids.read)
    with tools().database.reading() as session:
        found, more = waiting.waiting(session, after)
    forms = {each.topic.id: _decline_form(each.topic.id) for each in found}
    return render_template(
        "ballots/suggesting/desk_waiting.html", found=found, forms=forms, languages=LANGUAGES,
        after=found[-1].topic.id if more else None, is_first=after is None,
    )  # fmt: skip


@blueprint.post("/desk/topics/<int:topic_id>/trust")
@staff("editor")
def trust(topic_id: int) -> ResponseReturnValue:
    """Show a suggestion, and trust whoever made it from now on; or (`trusted`: "no") trust them no more."""
    is_trusted, now = request.form.get("trusted") != "no", tools().clock.now()
    with tools().database.transaction() as session:
        if is_trusted:
            trusting.trust(session, topic_id, current_user.id, now)
            _show_if_it_waits(session, topic_id)
        else:
            trusting.trust_no_more(session, topic_id, current_user.id, now)
    said = _("Shown. What this patron suggests appears at once from now on.")
    flash(said if is_trusted else _("What this patron suggests waits for the desk again."), "success")
    return redirect(WAITING if request.form.get("then") == "waiting" else f"/desk/topics/{topic_id}", 303)


def _show_if_it_waits(session: Session, topic_id: int) -> None:
    topic = session.get(Topic, topic_id)
    if topic is not None and topic.state is TopicState.SUGGESTED:
        topics.show(session, topic_id, current_user.id, tools().clock.now())


@blueprint.get("/desk/topics/<int:topic_id>/merge")
@staff("editor")
def foresee(topic_id: int) -> ResponseReturnValue:
    """Ask what a suggestion is to be merged into, and show what that would do (`into`)."""
    into_id = request.args.get("into", type=ids.read)
    with tools().database.reading() as session:
        topic = session.get(Topic, topic_id)
        if topic is None:
            raise NoSuchTopic
        if topic.state is not TopicState.SUGGESTED:
            raise NotToBeMerged
        form = IntoForm(formdata=None, into=into_id)
        form.into.choices = [SelectChoice(each.id, each.title) for each in waiting.targets(session, topic)]
        foreseen = merging.foresee(session, topic_id, into_id) if into_id is not None else None
        into = session.get(Topic, into_id) if into_id is not None else None
    return render_template(
        "ballots/suggesting/desk_merge.html", topic=topic, form=form, into=into, foreseen=foreseen, languages=LANGUAGES
    )


@blueprint.post("/desk/topics/<int:topic_id>/merge")
@staff("editor")
def merge(topic_id: int) -> ResponseReturnValue:
    """Merge a suggestion into `into`; those who back either and asked for it are told."""
    into_id = request.form.get("into", type=ids.read)
    if into_id is None:
        raise NoSuchTopic
    with tools().database.transaction() as session:
        into = merging.merge(session, topic_id, into_id, current_user.id, tools().clock.now())
    flash(_("Merged. Its address leads to this topic now."), "success")
    return redirect(f"/desk/topics/{into.id}", 303)


def _decline_form(topic_id: int) -> DeclineForm:
    """Return the form of one suggestion among several, whose fields have ids of their own."""
    form = DeclineForm(formdata=None)
    form.common.id, form.reason.id = f"common-{topic_id}", f"reason-{topic_id}"
    return form
