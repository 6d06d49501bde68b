"""The desk's pages of payments and refunds: what became of a payment, giving it back, approving what others ask for."""

import secrets
from decimal import Decimal
from typing import TypeVar

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy import select

from patronage.books.models import FraudWarning, Payment, Refund
from patronage.books.views import Door
from patronage.foundation.money import exponent
from patronage.foundation.web import ids
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import settings, tools
from patronage.foundation.web.languages import said
from patronage.giving.duties import policy_of
from patronage.giving.gateway import GatewayUnknown
from patronage.giving.returning import reading, refunding, sending, words
from patronage.giving.returning.forms import RefundForm
from patronage.giving.returning.models import RefundRequest, RequestState
from patronage.giving.returning.reading import PaymentPage
from patronage.giving.returning.refunding import NoSuchRequest, TooMuch, Wanted
from patronage.people import audit

blueprint = Blueprint("giving_returning", __name__)
DOORS = (
    Door(_l("Payments"), "/desk/books/payments", _l("Every payment and what became of it; give money back.")),
    Door(_l("Refunds"), "/desk/books/refunds", _l("What waits for approval, what failed, what was given back.")),
    Door(
        _l("Disputes"),
        "/desk/books/disputes",
        _l("What banks want back: answer in time, or accept. Warnings of fraud."),
    ),
)
Row = TypeVar("Row", Refund, FraudWarning)
REFUNDS = "/desk/books/refunds"


@blueprint.get("/desk/books/payments")
@staff("bookkeeper")
def list_payments() -> ResponseReturnValue:
    """List payments, newest first, or those of one receipt or one address."""
    wanted = " ".join(request.args.get("words", "")[:254].split())
    with tools().database.reading() as session:
        lines = reading.payments_like(session, wanted, request.args.get("before", type=ids.read))
    older = lines[reading.PAGE - 1][0].id if len(lines) > reading.PAGE else None
    return render_template("giving/returning/payments.html", lines=lines[: reading.PAGE], older=older, words=wanted)


@blueprint.get("/desk/books/payments/<reference>")
@staff("bookkeeper")
def show_payment(reference: str) -> ResponseReturnValue:
    """Show what became of a payment, and the form that gives it back."""
    page = _page(reference)
    form = RefundForm(formdata=None, amount=_typed(page), submission=secrets.token_hex(16))
    return _shown(page, form)


@blueprint.post("/desk/books/payments/<reference>/refund")
@staff("bookkeeper")
def give_back(reference: str) -> ResponseReturnValue:
    """Give part or all of a payment back, or ask a second member of staff to approve it."""
    page, form = _page(reference), RefundForm()
    amount = form.amount_minor(page.payment.currency) if form.validate() else None
    if amount is None:
        return _shown(page, form), 422
    wanted = Wanted(amount, str(form.reason.data), str(form.submission.data))
    try:
        asked = _ask(page.payment.id, wanted)
    except TooMuch as refusal:
        form.amount.errors = [*form.amount.errors, said(refusal)]
        return _shown(page, form), 422
    _carry_out(asked)
    return redirect(f"/desk/books/payments/{reference}", 303)


@blueprint.get(REFUNDS)
@staff("bookkeeper")
def list_refunds() -> ResponseReturnValue:
    """List the refunds that wait for approval, those that failed, and what was asked for lately."""
    with tools().database.reading() as session:
        waiting = reading.asked_for(session, select(RefundRequest.id).where(RefundRequest.state.in_(reading.OPEN)))
        failed = reading.failed_refunds(session)
        refused = reading.asked_for(session, select(RefundRequest.id).where(*reading.refused()))
        lately = reading.asked_for(session, select(RefundRequest.id).where(RefundRequest.state.not_in(reading.OPEN)))
    return render_template(
        "giving/returning/refunds.html", waiting=waiting, failed=failed, refused=refused, lately=lately, words=words
    )


@blueprint.post("/desk/books/refunds/<int:request_id>/approve")
@staff("bookkeeper")
def approve(request_id: int) -> ResponseReturnValue:
    """Approve what somebody else asked for, and make the refund."""
    with tools().database.transaction() as session:
        asked = refunding.approve(session, request_id, current_user.id, tools().clock.now())
    _carry_out(asked)
    return redirect(REFUNDS, 303)


@blueprint.post("/desk/books/refunds/<int:request_id>/decline")
@staff("bookkeeper")
def decline(request_id: int) -> ResponseReturnValue:
    """Let a request be."""
    with tools().database.transaction() as session:
        refunding.decline(session, request_id, current_user.id, tools().clock.now())
    flash(_("Nothing is given back."), "success")
    return redirect(REFUNDS, 303)


@blueprint.post("/desk/books/refunds/<int:request_id>/again")
@staff("bookkeeper")
def ask_again(request_id: int) -> ResponseReturnValue:
    """Find out now what became of a refund for which Stripe gave no answer."""
    with tools().database.reading() as session:
        asked = refunding.find(session, request_id)
    _carry_out(asked, looks_first=True)
    return redirect(REFUNDS, 303)


@blueprint.post("/desk/books/refunds/<int:request_id>/seen")
@staff("bookkeeper")
def take_note_of_refusal(request_id: int) -> ResponseReturnValue:
    """Take a refund that Stripe refused off the list."""
    with tools().database.transaction() as session:
        refunding.take_note(session, request_id, current_user.id, tools().clock.now())
    return redirect(REFUNDS, 303)


@blueprint.post("/desk/books/refunds/failed/<int:refund_id>/seen")
@staff("bookkeeper")
def take_note(refund_id: int) -> ResponseReturnValue:
    """Take a refund that failed off the list."""
    with tools().database.transaction() as session:
        refund = _known(session.get(Refund, refund_id))
        payment = session.get_one(Payment, refund.payment_id)
        refund.seen_at = refund.seen_at or tools().clock.now()
        audit.record(session, current_user.id, "failed refund noted", payment.reference, "", tools().clock.now())
    return redirect(REFUNDS, 303)


@blueprint.post("/desk/books/warnings/<int:warning_id>/refund")
@staff("bookkeeper")
def heed_warning(warning_id: int) -> ResponseReturnValue:
    """Give back all that is left of a payment that a bank suspects."""
    with tools().database.reading() as session:
        warning = _known(session.get(FraudWarning, warning_id))
        payment = session.get_one(Payment, warning.payment_id)
        left = refunding.left_of(session, payment)
    reason = "a bank warned of fraud"  # for the books, in English as the audit trail is
    _carry_out(_ask(payment.id, Wanted(left, reason, f"warning-{warning.stripe_id}", is_fraud=True)))
    return redirect(f"/desk/books/payments/{payment.reference}", 303)


@blueprint.post("/desk/books/warnings/<int:warning_id>/dismiss")
@staff("bookkeeper")
def dismiss_warning(warning_id: int) -> ResponseReturnValue:
    """Let a warning be."""
    with tools().database.transaction() as session:
        warning = _known(session.get(FraudWarning, warning_id))
        payment = session.get_one(Payment, warning.payment_id)
        warning.dismissed_at = warning.dismissed_at or tools().clock.now()
        audit.record(session, current_user.id, "warning dismissed", payment.reference, "", tools().clock.now())
    flash(_("The warning is off the list."), "success")
    return redirect("/desk/books/disputes", 303)


def _known(row: Row | None) -> Row:
    """Return `row`. Raises `NoSuchRequest` if there is none."""
    if row is None:
        raise NoSuchRequest
    return row


def _page(reference: str) -> PaymentPage:
    with tools().database.reading() as session:
        return reading.payment_page(session, reference)


def _typed(page: PaymentPage) -> str:
    """Return what is left of a payment as one would type it."""
    places = exponent(page.payment.currency)
    return f"{Decimal(page.left_minor).scaleb(-places):.{places}f}"


def _shown(page: PaymentPage, form: RefundForm) -> str:
    limit = settings().four_eyes_above_minor
    return render_template(
        "giving/returning/payment.html", page=page, form=form, limit=limit, words=words, reading=reading
    )


def _ask(payment_id: int, wanted: Wanted) -> RefundRequest:
    limit = settings().four_eyes_above_minor
    with tools().database.transaction() as session:
        return refunding.ask(session, payment_id, wanted, current_user.id, limit, tools().clock.now())


def _carry_out(asked: RefundRequest, *, looks_first: bool = False) -> None:
    """Make the refund if nobody has to approve it, and say what came of it."""
    try:
        state = sending.send(tools(), policy_of(settings()), asked.id, looks_first=looks_first)
    except GatewayUnknown:
        flash(
            _("Stripe does not answer just now. We go on finding out by ourselves; the refund is made once."), "warning"
        )
        return
    if state == RequestState.MADE:
        flash(_("The money is on its way back. The giver gets a letter."), "success")
    elif state == RequestState.WAITING:
        flash(_("Somebody else has to approve this refund. It waits on the list of refunds."), "info")
    elif state == RequestState.REFUSED:
        flash(_("Stripe refused this refund. Nothing was given back."), "danger")
