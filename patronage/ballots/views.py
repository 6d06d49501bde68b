"""The pages of voting: what is asked, the ballot, its receipt, the result."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.orm import Session

from patronage.ballots import desk, desk_topics, extras, rounds, showing, voting
from patronage.ballots.deciding import result_page
from patronage.ballots.deciding import views as deciding
from patronage.ballots.electing import draft_pages, open_pages, way_out, why_pages
from patronage.ballots.forms import BallotForm
from patronage.ballots.known_rounds import KnownRounds, Phase, Snapshot, known
from patronage.ballots.refusals import NoSuchRound, NotAChoice, NotASubmission, TooManyTicks
from patronage.ballots.results import visible_results
from patronage.ballots.sealing import views as seals
from patronage.ballots.suggesting import views as suggesting
from patronage.foundation.web.guards import patron, public
from patronage.foundation.web.house import here, settings, tools
from patronage.foundation.web.kept_pages import KeptPages
from patronage.foundation.web.languages import language

blueprint = Blueprint("ballots", __name__)


def install(app: Flask) -> None:
    """Give `app` the pages of voting, and other rooms' pages the open ballot."""
    for part in (blueprint, desk.blueprint, desk_topics.blueprint):
        app.register_blueprint(part)
    for page in (draft_pages, open_pages, way_out, why_pages):
        app.register_blueprint(page.blueprint)
    way_out.add_to_letters(app)
    app.register_blueprint(deciding.blueprint)
    app.register_blueprint(seals.blueprint)
    suggesting.install(app)
    app.extensions["patronage-rounds"] = KnownRounds(app.extensions["patronage"].tools.database)
    app.extensions["patronage-ballot-pages"] = KeptPages()
    app.extensions.setdefault("patronage-thanks-extras", []).append(extras.on_thanks)
    app.extensions.setdefault("patronage-account-extras", []).extend((extras.on_account, extras.stories_on_account))


@blueprint.get("/topics")
@public
def list_rounds() -> ResponseReturnValue:
    """Show what is voted on, what was, and what came of it; the same for everybody."""
    now = tools().clock.now()
    return _kept(("topics", *_known().mark(now)), lambda session: _list_page(session, now))


def _list_page(session: Session, now: datetime) -> str:
    return render_template("ballots/topics.html", lines=showing.listed(session, now), phases=Phase)


@blueprint.get("/topics/<int:round_id>")
@public
def show(round_id: int) -> ResponseReturnValue:
    """Show the ballot to whoever is signed in, what is asked to strangers, and the result to everybody."""
    now = tools().clock.now()
    seen = _known().rounds.get(round_id)
    if seen is None:
        raise NoSuchRound
    phase = seen.phase(now)
    if phase is Phase.CLOSED:
        return _kept(("result", round_id, _known().stories), lambda session: _result_page(session, round_id))
    if current_app.config["SESSION_COOKIE_NAME"] in request.cookies and current_user.is_authenticated:
        return _ballot_page(round_id, now)
    answer = _kept(
        ("asked", round_id, phase, seen.electorate_size), lambda session: _strangers_page(session, round_id, now)
    )
    answer.vary.add("Cookie")
    return answer


def _result_page(session: Session, round_id: int) -> str:
    round_ = showing.public_round(session, round_id)
    result = visible_results(session, round_, None).result
    if result is None:
        raise NoSuchRound
    return result_page.public_page(session, round_, result)


def _strangers_page(session: Session, round_id: int, now: datetime) -> str:
    ballot = showing.strangers_ballot(session, showing.public_round(session, round_id), now)
    return render_template("ballots/asked.html", ballot=ballot, phases=Phase)


def _ballot_page(round_id: int, now: datetime, problem: str | None = None) -> ResponseReturnValue:
    with tools().database.reading() as session:
        round_ = showing.public_round(session, round_id)
        ballot = showing.ballot_of(session, round_, current_user.id, now, _secret())
    if problem:
        ballot = replace(ballot, ticked={row.position for row in ballot.choices if str(row.position) in _choices()})
    if known(round_).phase(now) is not Phase.OPEN or not ballot.may_vote:
        return render_template("ballots/not_now.html", ballot=ballot, phases=Phase)
    form = BallotForm(formdata=None, submission=ballot.submission)
    page = render_template("ballots/ballot.html", ballot=ballot, form=form, problem=problem)
    return make_response(page, 422 if problem else 200)


@blueprint.post("/topics/<int:round_id>")
@patron
def vote(round_id: int) -> ResponseReturnValue:
    """Put a ballot into the box, or in place of this voter's earlier one."""
    submission = request.form.get("submission", "")
    try:
        with tools().database.transaction() as session:
            now = tools().clock.at(session)
            voting.cast(session, round_id, current_user.id, _choices(), submission, now, _secret())
    except (TooManyTicks, NotAChoice, NotASubmission) as refusal:
        return _ballot_page(round_id, tools().clock.now(), str(refusal))
    return redirect(url_for("ballots.received", round_id=round_id, ballot=submission), 303)


@blueprint.get("/topics/<int:round_id>/received")
@patron
def received(round_id: int) -> ResponseReturnValue:
    """Say that the ballot is in, what it says, and give its voter the receipt."""
    submission = request.args.get("ballot", "")[: voting.LONGEST_SUBMISSION]
    with tools().database.reading() as session:
        round_ = showing.public_round(session, round_id)
        if round_.certified_at or not voting.has_voted(session, round_id, current_user.id):
            return redirect(f"/topics/{round_id}", 303)  # once certified nobody can tell whose a ballot is
        receipt = voting.receipt_for(session, round_id, current_user.id, submission, _secret())
        titles = {str(row.position): row.title for row in rounds.ballot_topics(session, round_id)}
        form = why_pages.form_for(session, round_, current_user.id) if receipt and round_.asks_why else None
    ticked = [titles[each] for each in receipt.choices.split(",") if each] if receipt else []
    can_change = rounds.takes_votes(round_, tools().clock.now())
    return render_template(
        "ballots/received.html", round=round_, receipt=receipt, ticked=ticked, can_change=can_change, form=form
    )


def _choices() -> list[str]:
    return request.form.getlist("choices")


def _secret() -> str:
    return settings().secret_key.get_secret_value()


def _known() -> Snapshot:
    seen: KnownRounds = current_app.extensions["patronage-rounds"]
    return seen()


def _kept(key: tuple[object, ...], draw: Any) -> Response:
    """Answer with a page that is the same for every stranger; `draw(session)` draws it when it is not known yet."""
    pages: KeptPages = current_app.extensions["patronage-ballot-pages"]

    def drawn() -> str:
        with tools().database.reading() as session:
            return str(draw(session))

    return pages.answer((*key, language(), here().newsroom().version), drawn)
