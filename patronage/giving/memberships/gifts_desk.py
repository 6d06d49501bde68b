"""The bookkeeper's pages of gifts that came past Stripe: the list, a new one, one with its entries, its reversal."""

from datetime import datetime, time

from flask import Blueprint, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from patronage.books import manual_gifts
from patronage.books.manual_gifts import Entered, MonthIsClosed
from patronage.books.models import Channel
from patronage.foundation.web import ids
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import settings, tools
from patronage.giving.duties import policy_of
from patronage.giving.memberships import gifts
from patronage.giving.memberships.complimentary import DayHasPassed
from patronage.giving.memberships.complimentary_desk import end_of
from patronage.giving.memberships.forms import ReasonForm
from patronage.giving.memberships.forms_of_gifts import CHANNELS, GiftForm
from patronage.giving.memberships.gifts import Giver
from patronage.giving.memberships.terms_desk import editor, own

blueprint = Blueprint("giving_gifts", __name__)
PAGE = 50
NOON = time(12)  # a day stands in its month whatever zone it is read in


@blueprint.get("/desk/books/gifts")
@staff("bookkeeper")
def list_gifts() -> ResponseReturnValue:
    """List gifts that came past Stripe, those entered last first."""
    with tools().database.reading() as session:
        rows = manual_gifts.page_of(session, request.args.get("before", type=ids.read), PAGE + 1)
    older = rows[PAGE - 1][0].id if len(rows) > PAGE else None
    return render_template("giving/memberships/gifts.html", rows=rows[:PAGE], older=older, channels=dict(CHANNELS))


@blueprint.route("/desk/books/gifts/new", methods=["GET", "POST"])
@staff("bookkeeper")
def enter() -> ResponseReturnValue:
    """Enter a gift."""
    today = tools().clock.now().astimezone(settings().zone).date()
    form = GiftForm().on(today, own())
    if form.validate_on_submit():
        try:
            giver = Giver(form.email.data or None, end_of(form.until.data) if form.until.data else None)
            with tools().database.transaction() as session:
                payment = gifts.enter(session, _entered(form), giver, policy_of(settings()), editor())
        except DayHasPassed as refusal:
            form.until.errors = [str(refusal)]
        except MonthIsClosed as refusal:
            form.received_on.errors = [str(refusal)]
        else:
            flash(_("Entered. Its receipt is made."), "success")
            return redirect(f"/desk/books/gifts/{payment.reference}", 303)
    page = render_template("giving/memberships/new_gift.html", form=form)
    return make_response(page, 422 if form.is_submitted() else 200)


def _entered(form: GiftForm) -> Entered:
    noon = datetime.combine(form.received_on.data, NOON, settings().zone)
    return Entered(
        Channel(form.channel.data), form.amount_minor, form.currency.data, min(noon, tools().clock.now()),
        form.giver_name.data, form.note.data, form.submission.data, form.coins,
    )  # fmt: skip


@blueprint.get("/desk/books/gifts/<reference>")
@staff("bookkeeper")
def show(reference: str) -> ResponseReturnValue:
    """Show a gift with its entries in the ledger."""
    return _page(reference, ReasonForm(formdata=None))


@blueprint.post("/desk/books/gifts/<reference>/reverse")
@staff("bookkeeper")
def reverse(reference: str) -> ResponseReturnValue:
    """Take a gift that was entered wrongly out of the books again."""
    form = ReasonForm()
    if not form.validate():
        return _page(reference, form)
    with tools().database.transaction() as session:
        gifts.reverse(session, reference, form.reason.data, policy_of(settings()), editor())
    flash(_("Reversed by an entry of its own."), "success")
    return redirect(f"/desk/books/gifts/{reference}", 303)


def _page(reference: str, form: ReasonForm) -> ResponseReturnValue:
    with tools().database.reading() as session:
        payment, gift = manual_gifts.find(session, reference)
        entries = manual_gifts.entries_of(session, payment)
        membership = gifts.membership_of(session, payment)
    page = render_template(
        "giving/memberships/gift.html", payment=payment, gift=gift, entries=entries, membership=membership,
        channels=dict(CHANNELS), form=form,
    )  # fmt: skip
    return make_response(page, 422 if form.errors else 200)
