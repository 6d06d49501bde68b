"""The desk's pages of memberships nobody pays for: complimentary ones, and presents not redeemed yet."""

from datetime import date, datetime, time, timedelta

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from patronage.foundation.web import ids
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import settings, tools
from patronage.giving.duties import policy_of
from patronage.giving.memberships import complimentary, presents
from patronage.giving.memberships.complimentary import DayHasPassed, Given
from patronage.giving.memberships.forms import ComplimentaryForm, ReasonForm, said_of
from patronage.giving.memberships.terms_desk import editor, own

blueprint = Blueprint("giving_complimentary", __name__)
PAGE = 50
LIST = "/desk/patrons/complimentary"


@blueprint.route("/desk/patrons/complimentary", methods=["GET", "POST"])
@staff("admin")
def give() -> ResponseReturnValue:
    """List complimentary memberships, and give one."""
    form = ComplimentaryForm()
    if not form.validate_on_submit():
        return _page(form)
    try:
        given = Given(form.email.data, end_of(form.until.data), form.why.data, form.submission.data)
        with tools().database.transaction() as session:
            complimentary.give(session, given, policy_of(settings()), editor(), own())
    except DayHasPassed as refusal:
        form.until.errors = [str(refusal)]
        return _page(form)
    flash(_("Given. A letter tells them of it."), "success")
    return redirect(LIST, 303)


@blueprint.post("/desk/patrons/complimentary/<reference>/revoke")
@staff("admin")
def revoke(reference: str) -> ResponseReturnValue:
    """End a complimentary membership now."""
    form = ReasonForm()
    if not form.validate():
        flash(_("Say in a few words why it is ended."), "danger")
        return redirect(LIST, 303)
    with tools().database.transaction() as session:
        complimentary.revoke(session, reference, form.reason.data, policy_of(settings()), editor())
    flash(_("Ended. A letter tells them of it."), "success")
    return redirect(LIST, 303)


@blueprint.get("/desk/patrons/presents")
@staff("bookkeeper")
def list_presents() -> ResponseReturnValue:
    """List presents that are paid and wait to be redeemed."""
    with tools().database.reading() as session:
        rows = presents.unredeemed(session, request.args.get("before", type=ids.read), PAGE + 1)
    older = rows[PAGE - 1][0].id if len(rows) > PAGE else None
    said = {present.id: said_of(presents.Choice("", present.months, present.tier_name, 0)) for present, _ in rows}
    return render_template("giving/memberships/presents.html", rows=rows[:PAGE], older=older, said=said)


def end_of(day: date) -> datetime:
    """Return the last second of `day` in the newsroom's zone, so that it is still shown as that day.

    Raises `DayHasPassed` unless it is a day from today to ten years from now.
    """
    now = tools().clock.now()
    if not 0 <= day.year - now.year <= complimentary.LONGEST_YEARS:  # Python's calendar ends somewhere, too
        raise DayHasPassed
    end = datetime.combine(day + timedelta(days=1), time(), settings().zone) - timedelta(seconds=1)
    if end <= now:
        raise DayHasPassed
    return end


def _page(form: ComplimentaryForm) -> ResponseReturnValue:
    now = tools().clock.now()
    with tools().database.reading() as session:
        rows = complimentary.page_of(session, request.args.get("before", type=ids.read), PAGE + 1)
    older = rows[PAGE - 1][0].id if len(rows) > PAGE else None
    page = render_template(
        "giving/memberships/complimentary.html", form=form, rows=rows[:PAGE], older=older, now=now,
        reason=ReasonForm(formdata=None),
    )  # fmt: skip
    return make_response(page, 422 if form.is_submitted() else 200)
