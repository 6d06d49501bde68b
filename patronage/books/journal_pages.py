"""The page from which the journal is fetched: for a month, a year of the books, or any span, in three forms."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from flask import Blueprint, Response, make_response, render_template, request, send_file
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from patronage.books import beancount, journal, month_view, months
from patronage.books.forms import JournalForm
from patronage.books.month_sheet import Span
from patronage.books.papers import entities, statements
from patronage.books.papers.statements import Year
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import settings, tools

blueprint = Blueprint("books_journal", __name__)
MONTHS, YEARS = 6, 3
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("/desk/books/journal")
@staff("bookkeeper")
def show() -> ResponseReturnValue:
    """Offer the journal of months, of years of the books, and of any span."""
    return _page(JournalForm(formdata=None))


@blueprint.get("/desk/books/journal/fetch")
@staff("bookkeeper")
def fetch() -> ResponseReturnValue:
    """Send the journal of a span."""
    form = JournalForm(MultiDict(request.args))
    if not form.validate():
        return make_response(_page(form), 422)
    zone, database = settings().zone, tools().database
    ends = datetime.combine(form.ends.data + timedelta(days=1), time(), zone).astimezone(UTC)
    span = Span(datetime.combine(form.begins.data, time(), zone).astimezone(UTC), ends)
    name = f"journal-{form.begins.data}-{form.ends.data}"
    if form.format.data == "xlsx":
        made = journal.as_xlsx(database, span, zone)
        return send_file(made, XLSX, as_attachment=True, download_name=f"{name}.xlsx")
    if form.format.data == "beancount":
        return _sent(beancount.written(database, span, zone), "text/plain", f"{name}.beancount")
    return _sent(journal.as_csv(database, span, zone), "text/csv", f"{name}.csv")


def _page(form: JournalForm) -> str:
    zone, now = settings().zone, tools().clock.now()
    with tools().database.reading() as session:
        bounds = month_view.bounds(session, zone, now)
        entity = entities.all_of(session)[0]
        this_year = statements.year_of(entity, now, zone)
    spans = [(name, *_days_of(name)) for name in _last_months(bounds.first, bounds.current)]
    years = [Year(this_year.begins_in - ago, this_year.month, zone) for ago in range(YEARS)]
    shown = [(year.label, *_days(year)) for year in years if months.month_of(year.span[1], zone) > bounds.first]
    return render_template("books/journal.html", form=form, months=spans, years=shown, columns=journal.COLUMNS)


def _last_months(first: str, current: str) -> list[str]:
    names = [first]
    while names[-1] < current:
        names.append(months.next_after(names[-1]))
    return names[: -MONTHS - 1 : -1]


def _days_of(month: str) -> tuple[date, date]:
    after = date.fromisoformat(f"{months.next_after(month)}-01")
    return date.fromisoformat(f"{month}-01"), after - timedelta(days=1)


def _days(year: Year) -> tuple[date, date]:
    begins, after = (moment.astimezone(year.zone).date() for moment in year.span)
    return begins, after - timedelta(days=1)


def _sent(parts: Iterator[str], mimetype: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(parts, mimetype=mimetype, headers=headers)
