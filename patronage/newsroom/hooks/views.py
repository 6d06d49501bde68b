"""The administrator's pages of hooks: addresses that are told, their secrets, and the log of what was sent."""

from flask import Blueprint, flash, make_response, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.foundation.web import languages
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import settings, tools
from patronage.newsroom.hooks import keeping, sending, wording
from patronage.newsroom.hooks.forms import NAMES, HookForm, NewHookForm
from patronage.newsroom.hooks.keeping import Editor, NotAnAddressToTell, Wanted
from patronage.newsroom.hooks.models import Attempt, Delivery, HookKind

blueprint = Blueprint("newsroom_hooks", __name__)
LIST = "/desk/settings/hooks"
LOGGED = 30


@blueprint.get(LIST)
@staff("admin")
def list_hooks() -> ResponseReturnValue:
    """List the addresses that are told."""
    with tools().database.reading() as session:
        rows = keeping.every(session)
    return render_template("newsroom/hooks/list.html", rows=rows)


@blueprint.route(f"{LIST}/new", methods=["GET", "POST"])
@staff("admin")
def new() -> ResponseReturnValue:
    """Add an address; its signing secret is shown this once."""
    form = NewHookForm()
    if form.validate_on_submit():
        try:
            with tools().database.transaction() as session:
                hook, key = keeping.add(session, HookKind(form.kind.data), _wanted(form), _editor())
        except NotAnAddressToTell as refusal:
            form.url.errors = [languages.said(refusal)]
        else:
            if key is None:
                flash(_("Added. Send a test to see whether it arrives."), "success")
                return redirect(_place(hook.id), 303)
            return make_response(render_template("newsroom/hooks/secret.html", hook=hook, secret=key, is_new=True))
    return make_response(
        render_template("newsroom/hooks/new.html", form=form), 422 if form.is_submitted() else 200
    )  # fmt: skip


@blueprint.route(f"{LIST}/<int:hook_id>", methods=["GET", "POST"])
@staff("admin")
def edit(hook_id: int) -> ResponseReturnValue:
    """Show an address with what was sent to it, and change it."""
    with tools().database.reading() as session:
        hook = keeping.find(session, hook_id)
        log = _log(session, hook_id)
    form = HookForm(data={"name": hook.name, "events": hook.events})
    if form.validate_on_submit():
        try:
            with tools().database.transaction() as session:
                keeping.change(session, hook_id, _wanted(form), _editor())
        except NotAnAddressToTell as refusal:
            form.url.errors = [languages.said(refusal)]
        else:
            flash(_("Saved."), "success")
            return redirect(_place(hook_id), 303)
    page = render_template(
        "newsroom/hooks/hook.html", hook=hook, form=form, log=log, names=NAMES, place=_place(hook_id),
        is_signed=hook.kind is HookKind.STANDARD, now=tools().clock.now(),
    )  # fmt: skip
    return make_response(page, 422 if form.is_submitted() else 200)


@blueprint.post(f"{LIST}/<int:hook_id>/test")
@staff("admin")
def test(hook_id: int) -> ResponseReturnValue:
    """Write a test message; the worker sends it within a second."""
    now = tools().clock.now()
    with tools().database.transaction() as session:
        hook = keeping.find(session, hook_id, lock=True)
        told = wording.facts(session, wording.PING, {}) or {}
        sending.write(session, hook, wording.PING, keeping.new_cause(), told, now, now)
    flash(_("A test is on its way. Look again in a moment: how it went stands below."), "info")
    return redirect(_place(hook_id), 303)


@blueprint.post(f"{LIST}/<int:hook_id>/secret")
@staff("admin")
def renew(hook_id: int) -> ResponseReturnValue:
    """Give an address a new signing secret, shown this once."""
    with tools().database.transaction() as session:
        key = keeping.renew_secret(session, hook_id, _editor())
        hook = keeping.find(session, hook_id)
    return make_response(render_template("newsroom/hooks/secret.html", hook=hook, secret=key, is_new=False))


@blueprint.post(f"{LIST}/<int:hook_id>/on")
@staff("admin")
def switch_on(hook_id: int) -> ResponseReturnValue:
    """Tell this address again."""
    return _switched(hook_id, on=True, said=_("Switched on."))


@blueprint.post(f"{LIST}/<int:hook_id>/off")
@staff("admin")
def switch_off(hook_id: int) -> ResponseReturnValue:
    """Tell this address nothing for now."""
    return _switched(hook_id, on=False, said=_("Switched off. Nothing is sent there."))


@blueprint.post(f"{LIST}/<int:hook_id>/remove")
@staff("admin")
def remove(hook_id: int) -> ResponseReturnValue:
    """Forget an address, its secrets and its log."""
    with tools().database.transaction() as session:
        keeping.remove(session, hook_id, _editor())
    flash(_("Removed."), "success")
    return redirect(LIST, 303)


@blueprint.post(f"{LIST}/<int:hook_id>/messages/<int:delivery_id>/again")
@staff("admin")
def again(hook_id: int, delivery_id: int) -> ResponseReturnValue:
    """Send a message once more, under its own id."""
    with tools().database.transaction() as session:
        keeping.send_again(session, hook_id, delivery_id, tools().clock.now())
    flash(_("On its way again. Look again in a moment."), "info")
    return redirect(_place(hook_id), 303)


def _switched(hook_id: int, *, on: bool, said: str) -> ResponseReturnValue:
    with tools().database.transaction() as session:
        keeping.switch(session, hook_id, on=on, editor=_editor())
    flash(said, "success")
    return redirect(_place(hook_id), 303)


def _log(session: Session, hook_id: int) -> list[tuple[Delivery, list[Attempt]]]:
    """Return the latest messages to a hook with their tries, newest first."""
    query = select(Delivery).where(Delivery.hook_id == hook_id).order_by(Delivery.id.desc()).limit(LOGGED)
    deliveries = list(session.scalars(query))
    tries = select(Attempt).where(Attempt.delivery_id.in_([each.id for each in deliveries])).order_by(Attempt.id.desc())
    by_delivery: dict[int, list[Attempt]] = {}
    for attempt in session.scalars(tries):
        by_delivery.setdefault(attempt.delivery_id, []).append(attempt)
    return [(each, by_delivery.get(each.id, [])) for each in deliveries]


def _wanted(form: HookForm | NewHookForm) -> Wanted:
    return Wanted(form.name.data, tuple(form.events.data), (form.url.data or "").strip())


def _editor() -> Editor:
    return Editor(current_user.id, tools().clock.now(), settings().secret_key.get_secret_value())


def _place(hook_id: int) -> str:
    return f"{LIST}/{hook_id}"
