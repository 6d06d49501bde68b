"""The pages of ideas for readers and patrons: the list, one idea and its way, backing it, and suggesting one."""

from flask import Blueprint, Flask, Response, current_app, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from patronage.ballots import topics
from patronage.ballots.models import Topic, TopicState
from patronage.ballots.suggesting import backing, desk_board, desk_waiting, ideas, steps, way_out
from patronage.ballots.suggesting.forms import BackingForm, SuggestionForm
from patronage.ballots.suggesting.ideas import Idea, Shelf
from patronage.ballots.suggesting.models import Milestone
from patronage.foundation.web import ids
from patronage.foundation.web.guards import patron, public
from patronage.foundation.web.house import tools
from patronage.foundation.web.kept_answers import KEPT
from patronage.foundation.web.kept_pages import CACHE_CONTROL
from patronage.foundation.web.languages import LANGUAGES, language
from patronage.foundation.web.limits import allow
from patronage.giving import standing

blueprint = Blueprint("ballots_ideas", __name__)
SUGGESTIONS = "10 per day"
BACKINGS = "100 per day"
SHORTEST_COMPARED = 4


def install(app: Flask) -> None:
    """Give `app` the pages of ideas, and letters about them the way out of such letters."""
    for part in (blueprint, way_out.blueprint, desk_board.blueprint, desk_waiting.blueprint):
        app.register_blueprint(part)
    way_out.add_to_letters(app)


@blueprint.get("/topics/ideas")
@public
def list_ideas() -> ResponseReturnValue:
    """List what patrons suggested, a page at a time; the same for everybody, and nothing of any vote."""
    asked = request.args.get("show", Shelf.OPEN.value)
    which = Shelf(asked) if asked in set(Shelf) else Shelf.OPEN
    newest, page = request.args.get("sort") == "new", _page()
    with tools().database.reading() as session:
        found, more = ideas.shelf(session, which, page, by_backers=not newest)
    drawn = render_template(
        "ballots/suggesting/ideas.html", found=found, more=more, page=page, which=which, shelves=Shelf, newest=newest
    )
    return _for_all_strangers(make_response(drawn))


def _for_all_strangers(answer: Response) -> ResponseReturnValue:
    """Let an answer be sent to all strangers for a second, and tell those who come back that nothing is new."""
    request.environ[KEPT] = True
    answer.headers["Cache-Control"] = CACHE_CONTROL
    answer.vary.add("Accept-Language")
    answer.add_etag()
    return answer.make_conditional(request)


@blueprint.get("/topics/ideas/<int:topic_id>")
@public
def show(topic_id: int) -> ResponseReturnValue:
    """Show an idea and its way so far, to patrons with what they can do; one that was merged leads on."""
    me = current_user.id if _is_signed_in() else None
    with tools().database.reading() as session:
        chain = steps.chain(session, topic_id)
        if len(chain) > 1:
            return redirect(f"/topics/ideas/{chain[-1]}?from={topic_id}", 303)
        page = _idea_page(session, topic_id, me)
    answer = make_response(page)
    answer.vary.add("Cookie")
    return answer


def _idea_page(session: Session, topic_id: int, me: int | None) -> str:
    told = ideas.tell(session, topic_id, me)
    may = me is not None and standing.is_patron(session, me, tools().clock.now())
    return render_template(
        "ballots/suggesting/idea.html", told=told, me=me, may=may, form=BackingForm(formdata=None),
        came_from=_merged_from(session, topic_id), milestones=Milestone, languages=LANGUAGES,
    )  # fmt: skip


def _merged_from(session: Session, topic_id: int) -> str | None:
    """Return the title of the merged idea whose address led here, if one did."""
    before = request.args.get("from", type=ids.read)
    if before is None or before == topic_id or topic_id not in steps.chain(session, before):
        return None
    topic = session.get(Topic, before)
    return topic.title if topic else None


@blueprint.post("/topics/ideas/<int:topic_id>/back")
@patron
def back(topic_id: int) -> ResponseReturnValue:
    """Back an idea; a second time changes nothing."""
    allow(BACKINGS, "back an idea", str(current_user.id))
    tell = BackingForm().tell.data
    with tools().database.transaction() as session:
        topic = backing.back(session, topic_id, current_user.id, tools().clock.now(), tell=tell)
    flash(_("You back this idea now. Nobody is shown who backs it."), "success")
    return redirect(f"/topics/ideas/{topic.id}", 303)


@blueprint.post("/topics/ideas/<int:topic_id>/unback")
@patron
def unback(topic_id: int) -> ResponseReturnValue:
    """Back an idea no longer."""
    with tools().database.transaction() as session:
        topic = backing.take_back(session, topic_id, current_user.id)
    flash(_("You no longer back this idea, and get no letters about it."), "success")
    is_hidden = topic.shown_at is None or topic.state is TopicState.DECLINED
    return redirect("/topics/suggest" if is_hidden else f"/topics/ideas/{topic.id}", 303)


@blueprint.post("/topics/ideas/<int:topic_id>/tell")
@patron
def tell(topic_id: int) -> ResponseReturnValue:
    """Be told of every step from now on (`wanted`: "yes"), or no more."""
    wanted = request.form.get("wanted") == "yes"
    with tools().database.transaction() as session:
        topic = backing.tell(session, topic_id, current_user.id, wanted=wanted)
    flash(_("You will be told of every step.") if wanted else _("You get no more letters about this idea."), "success")
    return redirect(f"/topics/ideas/{topic.id}", 303)


@blueprint.post("/topics/ideas/<int:topic_id>/credit")
@patron
def credit(topic_id: int) -> ResponseReturnValue:
    """Be named as the one who suggested it (`agrees`: "yes"), or no more."""
    agrees = request.form.get("agrees") == "yes"
    with tools().database.transaction() as session:
        ideas.name_author(session, topic_id, current_user.id, agrees=agrees)
    flash(_("You are named from now on.") if agrees else _("Your name is gone from this idea."), "success")
    return redirect(f"/topics/ideas/{topic_id}", 303)


@blueprint.route("/topics/suggest", methods=["GET", "POST"])
@patron
def suggest() -> ResponseReturnValue:
    """Take a patron's suggestion, after showing those that are similar; and show what became of earlier ones."""
    form = SuggestionForm()
    form.language.data = form.language.data or language()
    with tools().database.reading() as session:
        is_sound = form.validate_on_submit()
        alike = ideas.alike(session, form.title.data, current_user.id) if is_sound else []
        offered = [idea.topic.id for idea in alike]
        if not is_sound or not form.has_seen(offered):
            return _suggest_page(session, form, alike)
    return _take(form)


def _suggest_page(session: Session, form: SuggestionForm, alike: list[Idea]) -> ResponseReturnValue:
    form.seen.data = ",".join(str(idea.topic.id) for idea in alike)
    page = render_template(
        "ballots/suggesting/suggest.html", form=form, alike=alike, mine=ideas.suggested_by(session, current_user.id),
        may=standing.is_patron(session, current_user.id, tools().clock.now()),
        backed=ideas.backed_by(session, current_user.id),
    )  # fmt: skip
    return make_response(page, 422 if form.errors else 200)


def _take(form: SuggestionForm) -> ResponseReturnValue:
    allow(SUGGESTIONS, "suggest a topic", str(current_user.id))
    words = topics.Words(form.title.data, form.summary.data, form.language.data)
    with tools().database.transaction() as session:
        topic = topics.suggest(
            session, current_user.id, words, form.credit.data, tools().clock.now(), tell=form.tell.data
        )
    if topic.shown_at:
        flash(_("Thank you. Your idea is up, and others can back it."), "success")
        return redirect(f"/topics/ideas/{topic.id}", 303)
    flash(_("Thank you. The desk reads every suggestion, and you will find the answer here."), "success")
    return redirect("/topics/suggest", 303)


@blueprint.get("/topics/suggest/similar")
@patron
def similar() -> ResponseReturnValue:
    """Answer with the part of the page that shows what is similar to `title`, for js/similar.js."""
    title = topics.clean(request.args.get("title", "")[: topics.LONGEST_TITLE])
    with tools().database.reading() as session:
        alike = ideas.alike(session, title, current_user.id) if len(title) >= SHORTEST_COMPARED else []
    return render_template("ballots/suggesting/similar.html", alike=alike)


def _is_signed_in() -> bool:
    """Tell whether somebody is signed in, asking nobody where there is no cookie."""
    has_cookie = current_app.config["SESSION_COOKIE_NAME"] in request.cookies
    return has_cookie and bool(current_user.is_authenticated)


def _page() -> int:
    page = request.args.get("page", type=ids.read) or 1
    return min(max(page, 1), ideas.MOST_PAGES)
