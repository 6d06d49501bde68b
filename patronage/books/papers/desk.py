"""The bookkeeper's pages of papers: who issues them, any receipt, all statements of a year, the Gift Aid schedule."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from patronage.books.papers import documents, entities, gift_aid, receipts, sending, statements
from patronage.books.papers.documents import Document
from patronage.books.papers.forms import EntityForm, SpanForm
from patronage.books.papers.models import LegalEntity, Paper, Receipt
from patronage.books.papers.statements import DonorTotal, Year
from patronage.books.papers.views import NoGiftAid, as_pdf, page, receipt_of, writing
from patronage.foundation.sheets import MARK, amount, plain
from patronage.foundation.web import ids
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import settings, tools

blueprint = Blueprint("books_papers_desk", __name__)
SAMPLE_MINOR = 500_00  # enough for every sentence that depends on an amount
YEARS = 10
COUNTED = 10_000  # donors of a year: to count all takes a second for each hundred thousand
MOST_PARTS = 100_000  # of a schedule: a hundred million gifts
LIST = ("name", "email", "currency", "payments", "given", "given_back", "net")


@blueprint.get("/desk/books/receipts/<reference>")
@staff("bookkeeper")
def show_receipt(reference: str) -> ResponseReturnValue:
    """Show any receipt or note to whoever keeps the books."""
    document, papers = receipt_of(reference)
    others = [(each, f"/desk/books/receipts/{each.reference}") for each in papers if each.reference != reference]
    return page(document, f"/desk/books/receipts/{reference}/receipt.pdf", ("/desk/books", _("Books")), others)


@blueprint.get("/desk/books/receipts/<reference>/receipt.pdf")
@staff("bookkeeper")
def receipt_as_pdf(reference: str) -> ResponseReturnValue:
    """Send any receipt as PDF."""
    document, papers = receipt_of(reference)
    return as_pdf(document, next(paper.number for paper in papers if paper.reference == reference))


@blueprint.get("/desk/books/entity")
@staff("bookkeeper")
def show_entity() -> ResponseReturnValue:
    """Show who issues papers: the first entity, or the one asked for; `?entity=new` is the form for another."""
    asked = request.args.get("entity", "")
    with tools().database.reading() as session:
        known = entities.all_of(session)
    if asked == "new":
        return _entity_page(EntityForm(formdata=None), None)
    entity = next((each for each in known if str(each.id) == asked), known[0])
    return _entity_page(EntityForm(formdata=None, entity=entity), entity.id)


@blueprint.post("/desk/books/entity")
@blueprint.post("/desk/books/entity/<int:entity_id>")
@staff("bookkeeper")
def describe_entity(entity_id: int | None = None) -> ResponseReturnValue:
    """Write down what stands on papers from now on, or show what they would look like."""
    form = EntityForm()
    if not form.validate():
        return _entity_page(form, entity_id), 422
    if "look" in request.form:
        return _entity_page(form, entity_id)
    try:
        with tools().database.transaction() as session:
            entity = entities.describe(session, entity_id, form.said(), current_user.id, tools().clock.now())
    except entities.PrefixTaken as refusal:
        form.prefix.errors = [str(refusal)]
        return _entity_page(form, entity_id), 422
    flash(_("Saved. Papers from now on say this; those issued before stay as they are."), "success")
    return redirect(f"/desk/books/entity?entity={entity.id}", 303)


def _entity_page(form: EntityForm, entity_id: int | None) -> str:
    with tools().database.reading() as session:
        known = [(each.id, entities.frozen(session, each)["name"]) for each in entities.all_of(session)]
        sample = _sample(session, form) if form.errors == {} else None
    return render_template("books/entity.html", form=form, entity_id=entity_id, known=known, sample=sample)


def _sample(session: Session, form: EntityForm) -> Document:
    """Return the receipt that what stands in `form` would make."""
    entity = LegalEntity(**vars(form.said()))
    now = tools().clock.now()
    year = now.astimezone(settings().zone).year
    currency = entity.currencies.split()[0] if entity.currencies else settings().currency
    sample = Receipt(
        id=0, kind=Paper.RECEIPT, number=receipts.number(entity, year, 123), amount_minor=SAMPLE_MINOR,
        currency=currency, happened_at=now, issued_at=now, issuer=entities.frozen(session, entity),
    )  # fmt: skip
    return documents.of_receipt(sample, None, [], writing())


@blueprint.get("/desk/books/statements")
@staff("bookkeeper")
def list_years() -> ResponseReturnValue:
    """List the years of which statements can be sent, newest first."""
    zone, now = settings().zone, tools().clock.now()
    with tools().database.reading() as session:
        known = entities.all_of(session)
        names = {each.id: entities.frozen(session, each)["name"] for each in known}
        years = [(each, _years(session, each)) for each in known]
        runs = {(run.entity_id, run.year): run for run in sending.runs(session)}
    return render_template(
        "books/desk_statements.html", years=years, names=names, runs=runs,
        current={each.id: statements.year_of(each, now, zone).begins_in for each in known},
    )  # fmt: skip


def _years(session: Session, entity: LegalEntity) -> list[Year]:
    first = statements.first_payment(session, entity)
    if first is None:
        return []
    zone, now = settings().zone, tools().clock.now()
    begin, end = (statements.year_of(entity, moment, zone).begins_in for moment in (first, now))
    return [Year(each, entity.fiscal_month, zone) for each in range(end, max(begin, end - YEARS) - 1, -1)]


@blueprint.get("/desk/books/statements/<int:entity_id>/<int:year>")
@staff("bookkeeper")
def show_year(entity_id: int, year: int) -> ResponseReturnValue:
    """Show how many statements a year has, and how far their sending is; the page asks again while it goes on."""
    with tools().database.reading() as session:
        entity = entities.known(session, entity_id)
        wanted = statements.year_called(entity, year, settings().zone)
        run = sending.run_of(session, entity_id, wanted)
        is_under_way = run is not None and run.finished_at is None
        number = run.total if run and is_under_way else statements.how_many(session, entity, wanted, COUNTED + 1)
        owed = receipts.are_being_issued(session)
    ends = wanted.span[1]
    drawn = render_template(
        "books/desk_year.html", entity_id=entity_id, year=wanted, run=run, number=number, counted=COUNTED,
        is_over=ends <= tools().clock.now(), last_day=ends - timedelta(seconds=1), owed=owed,
    )  # fmt: skip
    answer = make_response(drawn)
    if is_under_way:
        answer.headers["Refresh"] = "3"
    return answer


@blueprint.post("/desk/books/statements/<int:entity_id>/<int:year>")
@staff("bookkeeper")
def send_year(entity_id: int, year: int) -> ResponseReturnValue:
    """Have all statements of a year sent, or first the receipts issued that they wait for."""
    now = tools().clock.now()
    try:
        with tools().database.transaction() as session:
            wanted = statements.year_called(entities.known(session, entity_id), year, settings().zone)
            sending.start(session, entity_id, wanted, current_user.id, now)
    except sending.ReceiptsAreOwed as refusal:
        with tools().database.transaction() as session:
            receipts.have_issued(session, now)
        flash(str(refusal), "warning")
    return redirect(f"/desk/books/statements/{entity_id}/{year}", 303)


@blueprint.get("/desk/books/statements/<int:entity_id>/<int:year>/donors.csv")
@staff("bookkeeper")
def list_donors(entity_id: int, year: int) -> ResponseReturnValue:
    """Send what every donor gave in a year, some hundred at a time, so that a long list takes no more memory."""
    with tools().database.reading() as session:
        entity = entities.known(session, entity_id)
        wanted = statements.year_called(entity, year, settings().zone)
    database = tools().database

    def written() -> Iterator[str]:
        yield MARK + _row(LIST)
        after = 0
        while True:
            with database.reading() as session:
                found = statements.donor_totals(session, entity, wanted, after)
            if not found:
                return
            yield "".join(_row(_cells(each)) for each in found)
            after = found[-1].person_id

    return _csv(written(), f"donors-{year}")


def _cells(each: DonorTotal) -> tuple[str, ...]:
    amounts = (each.given_minor, each.returned_minor, each.given_minor - each.returned_minor)
    texts = tuple(amount(minor, each.currency) for minor in amounts)
    return (plain(each.name), plain(each.email), each.currency, str(each.payments), *texts)


def _row(cells: tuple[str, ...] | list[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _csv(lines: Iterator[str], name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(lines, mimetype="text/csv", headers=headers)


@blueprint.get("/desk/books/gift-aid")
@staff("bookkeeper")
def show_gift_aid() -> ResponseReturnValue:
    """Show how many donations of a span are declared for Gift Aid, and where their schedule is."""
    form = SpanForm(request.args or None)
    found = None
    asked = bool(request.args)
    valid = asked and form.validate()
    with tools().database.reading() as session:
        entity = entities.reclaiming(session)
        if entity and valid:
            found = gift_aid.count(session, entity, *_span(form))
    parts = range(1, -(-found[0] // gift_aid.ROWS) + 1) if found else []
    drawn = render_template("books/desk_gift_aid.html", form=form, entity=entity, found=found, parts_of=parts)
    return make_response(drawn, 422 if asked and not valid else 200)


@blueprint.get("/desk/books/gift-aid.csv")
@staff("bookkeeper")
def gift_aid_schedule() -> ResponseReturnValue:
    """Send HMRC's schedule of a span, at most a thousand donations in each part."""
    form = SpanForm(request.args)
    if not form.validate():
        return redirect("/desk/books/gift-aid", 303)
    part = min(max(1, request.args.get("part", 1, type=ids.read)), MOST_PARTS)
    with tools().database.reading() as session:
        entity = entities.reclaiming(session)
        if entity is None:
            raise NoGiftAid
        rows = [_row(row) for row in gift_aid.schedule(session, entity, _span(form), part, settings().zone)]
    return _csv(iter(rows), f"gift-aid-{form.begins.data}-{form.ends.data}-{part}")


def _span(form: SpanForm) -> tuple[datetime, datetime]:
    begins = datetime.combine(form.begins.data, time(), settings().zone)
    ends = datetime.combine(form.ends.data + timedelta(days=1), time(), settings().zone)
    return begins.astimezone(UTC), ends.astimezone(UTC)
