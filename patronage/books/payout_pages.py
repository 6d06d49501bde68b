"""The pages of payouts: which arrived, what was in each, and what the books do not explain of it."""

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from patronage.books import payout_view, words
from patronage.foundation.web import ids
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import tools

blueprint = Blueprint("books_payouts", __name__)


@blueprint.get("/desk/books/payouts")
@staff("bookkeeper")
def show() -> ResponseReturnValue:
    """List payouts, those made last first; `?open=1` lists those that are not explained to the cent."""
    open_only = bool(request.args.get("open"))
    with tools().database.reading() as session:
        found = payout_view.page_of(session, request.args.get("before", type=ids.read), open_only=open_only)
    older = found[payout_view.PAGE - 1].id if len(found) > payout_view.PAGE else None
    return render_template("books/payouts.html", found=found[: payout_view.PAGE], older=older, open_only=open_only)


@blueprint.get("/desk/books/payouts/<stripe_id>")
@staff("bookkeeper")
def show_payout(stripe_id: str) -> ResponseReturnValue:
    """Show a payout line by line beside the books, with what differs on top."""
    after = request.args.get("after", 0, type=ids.read)
    with tools().database.reading() as session:
        return _drawn(session, stripe_id, after)


def _drawn(session: Session, stripe_id: str, after: int) -> str:
    payout = payout_view.find(session, stripe_id)
    lines = payout_view.lines_of(session, payout, after)
    number, brought, held = payout_view.totals_of(session, payout)
    more = lines[payout_view.PAGE - 1].id if len(lines) > payout_view.PAGE else None
    return render_template(
        "books/payout.html", payout=payout, lines=lines[: payout_view.PAGE], more=more, number=number,
        brought=brought, held=held, differences=payout_view.differences_of(session, payout),
        most=payout_view.MOST_DIFFERENCES, words=words,
    )  # fmt: skip


@blueprint.post("/desk/books/payouts/<stripe_id>/again")
@staff("bookkeeper")
def look_again(stripe_id: str) -> ResponseReturnValue:
    """Have a payout compared with the books once more."""
    with tools().database.transaction() as session:
        payout_view.look_again(session, payout_view.find(session, stripe_id), tools().clock.now())
    flash(_("The payout is being compared again. Look here in a minute."), "success")
    return redirect(f"/desk/books/payouts/{stripe_id}", 303)
