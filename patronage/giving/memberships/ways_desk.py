"""The administrator's pages of the newsroom's other ways to be supported."""

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import tools
from patronage.giving.memberships import ways
from patronage.giving.memberships.forms_of_ways import WayForm
from patronage.giving.memberships.models import OtherWay, WayKind
from patronage.giving.memberships.terms_desk import editor

blueprint = Blueprint("giving_ways_desk", __name__)
LIST = "/desk/settings/ways"


@blueprint.get("/desk/settings/ways")
@staff("admin")
def list_ways() -> ResponseReturnValue:
    """List the ways in their order."""
    with tools().database.reading() as session:
        rows = ways.every(session)
    return render_template("giving/memberships/desk_ways.html", rows=rows)


@blueprint.route("/desk/settings/ways/new", methods=["GET", "POST"])
@staff("admin")
def new() -> ResponseReturnValue:
    """Add a way."""
    return _way(WayForm(), None)


@blueprint.route("/desk/settings/ways/<int:way_id>", methods=["GET", "POST"])
@staff("admin")
def edit(way_id: int) -> ResponseReturnValue:
    """Show and change a way."""
    with tools().database.reading() as session:
        row = ways.find(session, way_id)
    return _way(WayForm(obj=row), way_id)


def _way(form: WayForm, way_id: int | None) -> ResponseReturnValue:
    """Show the form, what it would look like, or write it down."""
    is_valid = form.validate_on_submit()
    said = {field: form[field].data or "" for field in ways.FIELDS}
    if is_valid and request.form.get("do") == "save":
        with tools().database.transaction() as session:
            ways.save(session, way_id, WayKind(form.kind.data), said, editor())
        flash(_("Saved. The page follows within a second."), "success")
        return redirect(LIST, 303)
    preview = ways.shown(OtherWay(kind=WayKind(form.kind.data), position=0, **said)) if is_valid else None
    page = render_template("giving/memberships/desk_way.html", form=form, way_id=way_id, preview=preview)
    return make_response(page, 422 if form.is_submitted() and not is_valid else 200)


@blueprint.post("/desk/settings/ways/<int:way_id>/move")
@staff("admin")
def move(way_id: int) -> ResponseReturnValue:
    """Put a way one place up or down."""
    with tools().database.transaction() as session:
        ways.move(session, way_id, request.form.get("do") == "up", editor())
    return redirect(LIST, 303)


@blueprint.post("/desk/settings/ways/<int:way_id>/remove")
@staff("admin")
def remove(way_id: int) -> ResponseReturnValue:
    """Take a way off the page."""
    with tools().database.transaction() as session:
        ways.remove(session, way_id, editor())
    flash(_("Removed from the page."), "success")
    return redirect(LIST, 303)
