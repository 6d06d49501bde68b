"""The desk's own pages: overview, patrons, settings, audit. Rounds and topics are pages of the room that owns them."""

from flask import Blueprint, Flask, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select

from patronage.books import views as books
from patronage.foundation import identity
from patronage.foundation.web import ids
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import tools
from patronage.giving.models import PledgeState
from patronage.newsroom import deeds, digest_pages, figures, navigation, outward, patrons, stories
from patronage.newsroom.forms import IdentityForm
from patronage.newsroom.overview import overview
from patronage.people import audit
from patronage.people.models import AuditEntry, Person

blueprint = Blueprint("newsroom", __name__)
AUDIT_PAGE = 100


def install(app: Flask) -> None:
    """Add the desk to `app`."""
    app.register_blueprint(blueprint)
    app.register_blueprint(figures.blueprint)
    app.register_blueprint(digest_pages.blueprint)
    app.register_blueprint(stories.blueprint)
    app.extensions.setdefault(books.DOORS, []).append(figures.DOOR)
    outward.install(app)
    app.context_processor(navigation.menu)


@blueprint.get("/desk")
@staff("editor", "bookkeeper")
def desk() -> ResponseReturnValue:
    """Show what needs somebody."""
    with tools().database.reading() as session:
        return render_template("newsroom/desk.html", desk=overview(session, tools().clock.now(), current_user))


@blueprint.get("/desk/patrons")
@staff("bookkeeper")
def list_patrons() -> ResponseReturnValue:
    """List pledges and who gives them, newest first."""
    state, words = request.args.get("state", ""), request.args.get("words", "")[:100]
    wanted = PledgeState(state) if state in set(PledgeState) else None
    with tools().database.reading() as session:
        lines = patrons.page_of(session, request.args.get("before", type=ids.read), wanted, words)
        total = patrons.counted(session)
    older = lines[patrons.PAGE - 1].pledge_id if len(lines) > patrons.PAGE else None
    return render_template(
        "newsroom/patrons.html", lines=lines[: patrons.PAGE], total=total, older=older, state=wanted, words=words
    )


@blueprint.route("/desk/settings", methods=["GET", "POST"])
@staff("admin")
def edit_identity() -> ResponseReturnValue:
    """Show and change what the pages say about the newsroom."""
    with tools().database.reading() as session:
        form = IdentityForm(obj=identity.read(session))
    if not form.validate_on_submit():
        return render_template("newsroom/settings.html", form=form), 422 if form.is_submitted() else 200
    said = {field.name: (field.data or "").strip() for field in form.visible_fields()}
    with tools().database.transaction() as session:
        identity.describe(session, **said)
        audit.record(session, current_user.id, "changed the newsroom", said["name"], "", tools().clock.now())
    flash(_("Saved. Pages follow within a second."), "success")
    return redirect("/desk/settings", 303)


@blueprint.get("/desk/audit")
@staff("admin")
def show_audit() -> ResponseReturnValue:
    """Show what staff did, newest first."""
    query = select(AuditEntry, Person.email).outerjoin(Person, Person.id == AuditEntry.actor_id)
    before = request.args.get("before", type=ids.read)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    with tools().database.reading() as session:
        rows = session.execute(query.order_by(AuditEntry.id.desc()).limit(AUDIT_PAGE + 1)).all()
    older = rows[AUDIT_PAGE - 1][0].id if len(rows) > AUDIT_PAGE else None
    return render_template("newsroom/audit.html", rows=rows[:AUDIT_PAGE], older=older, deeds=deeds)
