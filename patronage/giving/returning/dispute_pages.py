"""The desk's pages of disputes: what a bank wants back and why, the answer to it, and warnings of fraud."""

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from patronage.books.disputes import ANSWERABLE
from patronage.books.models import Payment
from patronage.foundation.web import ids
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import here, settings, tools
from patronage.foundation.web.languages import said
from patronage.giving.duties import policy_of
from patronage.giving.returning import answering, reading, words
from patronage.giving.returning.answering import NothingWritten
from patronage.giving.returning.forms import EvidenceForm

blueprint = Blueprint("giving_disputes", __name__)
DISPUTES = "/desk/books/disputes"


@blueprint.get(DISPUTES)
@staff("bookkeeper")
def list_disputes() -> ResponseReturnValue:
    """List warnings of fraud, and disputes, the newest first."""
    before = request.args.get("before", type=ids.read)
    with tools().database.reading() as session:
        warnings = reading.open_warnings(session) if before is None else []
        lines = reading.all_disputes(session, before)
    older = lines[reading.PAGE - 1][0].id if len(lines) > reading.PAGE else None
    return render_template(
        "giving/returning/disputes.html", warnings=warnings, lines=lines[: reading.PAGE], older=older, words=words
    )


@blueprint.get("/desk/books/disputes/<int:dispute_id>")
@staff("bookkeeper")
def show_dispute(dispute_id: int) -> ResponseReturnValue:
    """Show a dispute, and the form that answers it."""
    return _shown(dispute_id, None)


@blueprint.post("/desk/books/disputes/<int:dispute_id>")
@staff("bookkeeper")
def answer(dispute_id: int) -> ResponseReturnValue:
    """Keep what was written; send it to the bank if that button was pressed."""
    form = EvidenceForm()
    if not form.validate():
        return _shown(dispute_id, form), 422
    with tools().database.transaction() as session:
        answering.keep_draft(session, dispute_id, form.text.data or "")
    if request.form.get("do") != "send":
        flash(_("The draft is kept. Nothing was sent yet."), "success")
        return redirect(f"{DISPUTES}/{dispute_id}", 303)
    about = f"A voluntary contribution to {here().newsroom().name}"  # for a bank, which reads English
    try:
        answering.send(tools(), policy_of(settings()), dispute_id, about, current_user.id)
    except NothingWritten as refusal:
        form.text.errors = [*form.text.errors, said(refusal)]
        return _shown(dispute_id, form), 422
    flash(_("The answer is with the bank. It takes up to three months."), "success")
    return redirect(f"{DISPUTES}/{dispute_id}", 303)


@blueprint.get("/desk/books/disputes/<int:dispute_id>/accept")
@staff("bookkeeper")
def ask_to_accept(dispute_id: int) -> ResponseReturnValue:
    """Show what accepting means, and the button that does it."""
    with tools().database.reading() as session:
        dispute = answering.find(session, dispute_id)
    return render_template("giving/returning/accept.html", dispute=dispute, words=words)


@blueprint.post("/desk/books/disputes/<int:dispute_id>/accept")
@staff("bookkeeper")
def accept(dispute_id: int) -> ResponseReturnValue:
    """Let a dispute be lost."""
    answering.accept(tools(), policy_of(settings()), dispute_id, current_user.id)
    flash(_("The dispute is accepted: the money stays with the giver."), "success")
    return redirect(f"{DISPUTES}/{dispute_id}", 303)


def _shown(dispute_id: int, form: EvidenceForm | None) -> str:
    with tools().database.reading() as session:
        dispute = answering.find(session, dispute_id)
        reference = session.get_one(Payment, dispute.payment_id).reference
        page = reading.payment_page(session, reference)
    form = form or EvidenceForm(formdata=None, text=dispute.evidence_draft or "")
    can_answer = dispute.status in ANSWERABLE
    return render_template(
        "giving/returning/dispute.html", dispute=dispute, page=page, form=form, can_answer=can_answer, words=words
    )
