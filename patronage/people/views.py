"""The pages of signing in and out; known and unknown addresses are answered alike, to the letter and the statement."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, Response, current_app, make_response, redirect, render_template, request
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, current_user, login_user
from sqlalchemy.orm import Session
from werkzeug.local import LocalProxy

from patronage.foundation import jobs
from patronage.foundation.web import languages
from patronage.foundation.web.guards import patron, public
from patronage.foundation.web.house import tools
from patronage.foundation.web.limits import TooOften, allow, network
from patronage.people import asking_browser, people, sessions, signing_in
from patronage.people.duties import SEND_LINK
from patronage.people.forms import AddressForm, CodeForm, LanguageForm, LinkForm

LETTERS_TO_ONE_FROM_HERE = "5 per hour"
LETTERS_TO_ONE = "20 per hour"
LETTERS_FROM_HERE = "60 per hour"
CODES_FROM_HERE = "60 per hour"

blueprint = Blueprint("people", __name__)


def install(app: Flask) -> None:
    """Give `app` the pages of signing in, and the person behind each request."""
    app.register_blueprint(blueprint)
    app.config.update(PERMANENT_SESSION_LIFETIME=sessions.PATRONS, SESSION_REFRESH_EACH_REQUEST=False)
    manager = LoginManager()
    manager.session_protection = None  # our tokens are revocable rows; an address that changes signs nobody out
    manager.user_loader(_whose)
    # Not init_app: it looks into the session after every request, which would make each page for strangers personal.
    app.login_manager = manager  # type: ignore[attr-defined]  # where Flask-Login looks for it
    app.jinja_env.globals["signed_in"] = LocalProxy(_signed_in)
    app.extensions.setdefault("patronage-letter-extras", {})["people/sign_in"] = _link_and_code


def _whose(token: str) -> people.SignedIn | None:
    with tools().database.asking() as session:
        person = sessions.whose(session, token, tools().clock.now())
    if person:
        languages.prefer(person.language)
    return person


def _signed_in() -> Any:
    """Return who is signed in or None; templates call it `signed_in`, and only pages that ask look at the cookie."""
    return current_user._get_current_object() if current_user.is_authenticated else None


def _link_and_code(data: dict[str, Any]) -> dict[str, Any]:
    nonce = data["nonce"]
    code = signing_in.shown_code(signing_in.code_of(nonce))
    return {"url": signing_in.link_of(nonce), "code": code, "minutes": int(signing_in.LASTS.total_seconds() // 60)}


@blueprint.get("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    """Show the form; whoever is signed in already goes on to where they wanted."""
    next_path = signing_in.inside(request.args.get("next", ""))
    if current_app.config["SESSION_COOKIE_NAME"] in request.cookies and current_user.is_authenticated:
        return redirect(next_path or _home_of(current_user.roles), 303)
    return render_template("people/sign_in.html", form=AddressForm(next=next_path))


@blueprint.post("/sign-in")
@public
def ask() -> ResponseReturnValue:
    """Write the request down and say that a letter is on its way, whoever asked for whom, and however often."""
    form = AddressForm()
    if not form.validate():
        return render_template("people/sign_in.html", form=form), 422
    asking = asking_browser.for_address(form.email.data)
    _write_down(form.email.data, asking.browser, form.next.data or "")
    response = make_response(redirect("/sign-in/sent", 303))
    asking_browser.remember(response, asking)
    return response


def _write_down(email: str, browser: str, next_path: str) -> None:
    key, now = people.email_key(email), tools().clock.now()
    try:
        allow(LETTERS_FROM_HERE, "sign-in from", network())
        allow(LETTERS_TO_ONE_FROM_HERE, "sign-in from to", network(), key)
        allow(LETTERS_TO_ONE, "sign-in to", key)
    except TooOften:
        return  # the page says that letters stop after a few; a different answer would tell more
    with tools().database.transaction() as session:
        person = people.find(session, email)
        asked = signing_in.ask(session, person.id if person else None, now, next_path, browser=browser)
        jobs.put(session, SEND_LINK, {"sign_in": asked.id}, now)


@blueprint.get("/sign-in/sent")
@public
def sent() -> ResponseReturnValue:
    """Say where the letter went and take its code."""
    asking = asking_browser.remembered()
    if asking is None:
        return redirect("/sign-in", 303)
    return render_template("people/sign_in_sent.html", form=CodeForm(), email=asking.email)


@blueprint.post("/sign-in/code")
@public
def use_code() -> ResponseReturnValue:
    """Sign in whoever types the code of the letter into the browser that asked for it."""
    asking = asking_browser.remembered()
    if asking is None:
        return redirect("/sign-in", 303)
    form = CodeForm()
    if form.validate():
        allow(CODES_FROM_HERE, "sign-in code", network())
        now = tools().clock.now()
        with tools().database.transaction() as session:
            allowed = signing_in.use_code(session, asking.browser, form.code.data, now)
            person = _begin(session, allowed, now) if allowed else None
        if allowed and person:
            return _enter(person, allowed)
        form.code.errors = [str(signing_in.WrongCode())]
    return render_template("people/sign_in_sent.html", form=form, email=asking.email), 422


@blueprint.get("/sign-in/<token>")
@public
def link(token: str) -> ResponseReturnValue:
    """Show the button behind the link; looking uses nothing up, as mail scanners look at everything."""
    with tools().database.reading() as session:
        waiting = signing_in.look(session, token, tools().clock.now())
    is_foreign = waiting.is_bound and not waiting.was_asked_by(_browser())
    page = render_template(
        "people/sign_in_link.html",
        form=LinkForm(formdata=None, confirmed="yes" if is_foreign else ""),
        masked=signing_in.masked(waiting.email),
        is_foreign=is_foreign,
        is_known_browser=waiting.is_bound and not is_foreign,
    )
    return _unspoken(make_response(page))


@blueprint.post("/sign-in/<token>")
@public
def use_link(token: str) -> ResponseReturnValue:
    """Use the link up and sign this browser in; one that did not ask for it must have been asked back."""
    now, is_confirmed = tools().clock.now(), LinkForm().confirmed.data == "yes"  # read before anything is locked
    with tools().database.transaction() as session:
        waiting = signing_in.look(session, token, now)
        if waiting.is_bound and not waiting.was_asked_by(_browser()) and not is_confirmed:
            return _unspoken(make_response(redirect(request.path, 303)))
        allowed = signing_in.use_link(session, token, now)
        person = _begin(session, allowed, now)
    return _enter(person, allowed)


@blueprint.errorhandler(signing_in.LinkSpent)
def link_spent(_refusal: signing_in.LinkSpent) -> ResponseReturnValue:
    """Say that the link is of no use any more and where to get another; unknown, used and old links look alike."""
    return render_template("people/sign_in_spent.html"), 410


@blueprint.post("/sign-out")
@patron
def sign_out() -> ResponseReturnValue:
    """End this session, in every copy of its cookie."""
    with tools().database.transaction() as session:
        sessions.end(session, current_user.get_id())
    cookie.clear()
    return redirect("/", 303)


@blueprint.post("/account/language")
@patron
def choose_language() -> ResponseReturnValue:
    """Speak another language to this person, on pages and in letters."""
    form = LanguageForm()
    if not form.validate():
        raise people.NotSpokenHere
    with tools().database.transaction() as session:
        people.speak(session, current_user.id, form.language.data)
    return redirect("/account", 303)


def _browser() -> str:
    asking = asking_browser.remembered()
    return asking.browser if asking else ""


def _begin(session: Session, allowed: signing_in.Allowed, now: datetime) -> people.SignedIn:
    """Begin a session in place of whatever this browser held before, so that nobody can have planted it."""
    if "_user_id" in cookie:
        sessions.end(session, cookie["_user_id"])
    token = sessions.begin(session, allowed.person_id, now)
    person = sessions.whose(session, token, now)
    if person is None:
        raise LookupError("a session that has just begun is not there")
    return person


def _enter(person: people.SignedIn, allowed: signing_in.Allowed) -> Response:
    cookie.clear()
    cookie.permanent = True
    login_user(person)
    response = make_response(redirect(allowed.next_path or _home_of(person.roles), 303))
    asking_browser.forget(response)
    return _unspoken(response)


def _home_of(roles: frozenset[str]) -> str:
    return "/desk" if roles else "/account"


def _unspoken(response: Response) -> Response:
    """Keep the address of this page, which holds the link's token, out of other sites' logs.

    "no-referrer" would do more, but then browsers send `Origin: null` with our own form.
    """
    response.headers["Referrer-Policy"] = "same-origin"
    return response
