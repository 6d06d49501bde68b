"""A patron's papers: receipts and yearly statements as pages and PDF, and their Gift Aid declaration."""

from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Blueprint, current_app, flash, make_response, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.books.papers import documents, entities, gift_aid, pdf, receipts, statements
from patronage.books.papers.documents import Document, Writing
from patronage.books.papers.forms import DeclarationForm
from patronage.books.papers.models import GiftAidDeclaration, LegalEntity, Paper, Profile, Receipt, ReceiptDonor
from patronage.foundation.refused import Refused, Why
from patronage.foundation.web.guards import patron
from patronage.foundation.web.house import settings, tools
from patronage.foundation.web.languages import language
from patronage.people.models import Person

blueprint = Blueprint("books_papers", __name__)


class NoPDF(Refused):
    """This installation makes no PDF."""

    why = Why.NOT_FOUND
    reason = _l("There is no PDF here. The page itself can be printed.")


class NoGiftAid(Refused):
    """The newsroom is no charity that reclaims Gift Aid."""

    why = Why.NOT_FOUND
    reason = _l("This newsroom does not take part in Gift Aid.")


def writing() -> Writing:
    """Return how papers are written in this answer."""
    return Writing(language(), settings().zone)


def receipt_of(reference: str, person_id: int | None = None) -> tuple[Document, list[Receipt]]:
    """Return a paper by its reference, and all papers about its payment; only somebody's own if `person_id` is given.

    A payment that waits for its receipt gets it now. Raises `NoSuchReceipt`.
    """
    try:
        with tools().database.reading() as session:
            return _receipt_of(session, reference, person_id)
    except receipts.NoSuchReceipt:
        with tools().database.transaction() as session:
            receipts.ask_for(session, reference, person_id, settings().zone, tools().clock.now())
            return _receipt_of(session, reference, person_id)


def _receipt_of(session: Session, reference: str, person_id: int | None) -> tuple[Document, list[Receipt]]:
    receipt = receipts.find(session, reference, person_id)
    papers = receipts.of_payment(session, receipt.payment_id)
    donor = session.get(ReceiptDonor, receipt.donor_id) if receipt.donor_id else None
    return documents.of_receipt(receipt, donor, papers, writing()), papers


def as_pdf(document: Document, name: str) -> ResponseReturnValue:
    """Answer with `document` as PDF, to be saved as `name`. Raises `NoPDF` where the extra is not installed."""
    if not pdf.is_here():
        raise NoPDF
    answer = make_response(pdf.render(document, Path(str(current_app.template_folder))))
    answer.mimetype = "application/pdf"
    answer.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return answer


def page(document: Document, pdf_path: str, back: tuple[str, str], papers: list[tuple[Receipt, str]]) -> str:
    """Draw `document`, whose PDF is at `pdf_path`; `papers` are others about the same payment, with their addresses."""
    return render_template(
        "books/paper.html", paper=document, back=back, papers=papers, kinds=Paper,
        pdf_path=pdf_path if pdf.is_here() else None,
    )  # fmt: skip


@blueprint.get("/account/receipts/<reference>")
@patron
def show_receipt(reference: str) -> ResponseReturnValue:
    """Show one of somebody's own receipts, or a note on it."""
    document, papers = receipt_of(reference, current_user.id)
    others = [(each, f"/account/receipts/{each.reference}") for each in papers if each.reference != reference]
    return page(document, f"/account/receipts/{reference}/receipt.pdf", ("/account", _("Your account")), others)


@blueprint.get("/account/receipts/<reference>/receipt.pdf")
@patron
def receipt_as_pdf(reference: str) -> ResponseReturnValue:
    """Send one of somebody's own receipts as PDF."""
    document, papers = receipt_of(reference, current_user.id)
    return as_pdf(document, next(paper.number for paper in papers if paper.reference == reference))


@blueprint.get("/account/statements")
@patron
def list_statements() -> ResponseReturnValue:
    """List the years in which somebody gave."""
    _issue_owed()
    with tools().database.reading() as session:
        years = statements.years(session, current_user.id, settings().zone)
    return render_template("books/statements.html", years=years, many=len({entity.id for entity, _year in years}) > 1)


def _issue_owed() -> None:
    """Give the payments of whoever reads this the receipts they wait for: a statement lists what has one."""
    with tools().database.reading() as session:
        waits = receipts.waits(session, current_user.id)
    if waits:
        with tools().database.transaction() as session:
            receipts.issue_of(session, current_user.id, settings().zone, tools().clock.now())


def _statement(entity_id: int, year: int) -> Document:
    _issue_owed()
    with tools().database.reading() as session:
        entity = entities.known(session, entity_id)
        wanted = statements.year_called(entity, year, settings().zone)
        person = session.get_one(Person, current_user.id)
        return statements.document(session, entity, wanted, person, writing())


@blueprint.get("/account/statements/<int:entity_id>/<int:year>")
@patron
def show_statement(entity_id: int, year: int) -> ResponseReturnValue:
    """Show what somebody gave in a year."""
    pdf_path = f"/account/statements/{entity_id}/{year}/statement.pdf"
    return page(_statement(entity_id, year), pdf_path, ("/account/statements", _("Yearly statements")), [])


@blueprint.get("/account/statements/<int:entity_id>/<int:year>/statement.pdf")
@patron
def statement_as_pdf(entity_id: int, year: int) -> ResponseReturnValue:
    """Send what somebody gave in a year as PDF."""
    return as_pdf(_statement(entity_id, year), f"statement-{year}")


def _charity(session: Session) -> tuple[LegalEntity, str]:
    """Return who reclaims tax here, and their name. Raises `NoGiftAid`."""
    entity = entities.reclaiming(session)
    if entity is None:
        raise NoGiftAid
    return entity, entities.frozen(session, entity)["name"]


@blueprint.route("/account/gift-aid", methods=["GET", "POST"])
@patron
def declare_gift_aid() -> ResponseReturnValue:
    """Show what somebody declared, and take their declaration."""
    with tools().database.reading() as session:
        entity, name = _charity(session)
        declared = gift_aid.current(session, current_user.id)
    lives_abroad = declared is not None and declared.postcode == gift_aid.ABROAD
    form = DeclarationForm(name, obj=declared, abroad=lives_abroad)
    if not form.validate_on_submit():
        drawn = render_template("books/gift_aid.html", form=form, declared=declared, taxpayer=gift_aid.TAXPAYER)
        return make_response(drawn, 422 if form.is_submitted() else 200)
    with tools().database.transaction() as session:
        gift_aid.declare(session, current_user.id, entity, name, form.said(), tools().clock.now())
    flash(_("Thank you. Your declaration is written down; you can withdraw it here at any time."), "success")
    return redirect("/account/gift-aid", 303)


@blueprint.post("/account/gift-aid/withdraw")
@patron
def withdraw_gift_aid() -> ResponseReturnValue:
    """End somebody's declaration."""
    with tools().database.transaction() as session:
        gift_aid.withdraw(session, current_user.id, tools().clock.now())
    flash(_("Your declaration is withdrawn. No tax is claimed on what you give from now on."), "success")
    return redirect("/account/gift-aid", 303)


def on_account(session: Session, person_id: int, _now: datetime) -> dict[str, Any] | None:
    """Return what the account page says of papers: whether Gift Aid is offered, and whether it was declared."""
    mine = (GiftAidDeclaration.person_id == person_id) & GiftAidDeclaration.withdrawn_at.is_(None)
    query = select(LegalEntity.id, GiftAidDeclaration.id).outerjoin(GiftAidDeclaration, mine)
    row = session.execute(query.where(LegalEntity.profile == Profile.UK_GIFT_AID)).first()
    return {"template": "books/on_account.html", "gift_aid": row is not None, "declared": bool(row and row[1])}
