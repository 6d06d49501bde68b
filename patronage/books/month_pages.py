"""The month view, the entries behind its numbers, corrections of them, and the closing of a month."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_decimal
from flask import Blueprint, current_app, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session
from wtforms.fields.choices import SelectChoice

from patronage.books import closing, corrections, entries, month_sheet, month_view, months, words
from patronage.books.closing import Look
from patronage.books.entries import Wanted
from patronage.books.forms import CloseForm, CorrectionForm
from patronage.books.models import Account
from patronage.books.month_sheet import Line, Sheet
from patronage.foundation.charts import Chart, columns
from patronage.foundation.money import exponent
from patronage.foundation.web import ids
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import settings, tools

blueprint = Blueprint("books", __name__)
WENT = ("given_back", "disputed")
LOOKS = "patronage-books-closing-looks"  # what other rooms want to be settled before a month is closed


@dataclass(frozen=True)
class Shown:
    """Everything the month view is drawn from; `year` are the months up to `sheet`, oldest first."""

    sheet: Sheet
    year: list[Sheet]
    currency: str
    currencies: list[str]
    before: str | None
    after: str | None
    is_running: bool
    next_to_close: str | None

    @property
    def chart(self) -> Chart:
        """What was given through Stripe in each month, and downwards what it cost and what went back."""
        gross = [sheet.line(Line.GROSS, self.currency).minor for sheet in self.year]
        lost = [max(-self._cost_of(sheet), 0) for sheet in self.year]
        return columns([sheet.month for sheet in self.year], gross, lost)

    def _cost_of(self, sheet: Sheet) -> int:
        went = [sheet.line(Line.FEES, self.currency), *(sheet.sum(name, self.currency) for name in WENT)]
        return sum(figure.minor for figure in went)


@blueprint.get("/desk/books")
@staff("bookkeeper")
def show() -> ResponseReturnValue:
    """Show a month, the current one unless another is asked for, and the year up to it."""
    now = tools().clock.now()
    wanted = request.args.get("month") or months.month_of(now, settings().zone)
    with tools().database.reading() as session:
        shown = _read(session, wanted, request.args.get("currency", ""))
    return render_template("books/month.html", shown=shown, lines=month_sheet.SUMS["net"], words=words)


def _read(session: Session, month: str, wanted: str) -> Shown:
    zone, now = settings().zone, tools().clock.now()
    year = month_view.through(session, month, zone)
    bounds = month_view.bounds(session, zone, now)
    known = sorted({currency for sheet in year for currency in sheet.currencies})
    ours = settings().currency
    currency = wanted if wanted in known else (ours if ours in known or not known else known[0])
    return Shown(
        sheet=year[-1], year=[sheet for sheet in year if sheet.month >= bounds.first], currency=currency,
        currencies=known,
        before=year[-2].month if len(year) > 1 and month > bounds.first else None,
        after=months.next_after(month) if month < bounds.current else None, is_running=month >= bounds.current,
        next_to_close=bounds.next_to_close,
    )  # fmt: skip


@blueprint.get("/desk/books/entries")
@staff("bookkeeper")
def list_entries() -> ResponseReturnValue:
    """List the entries behind a number, newest first."""
    said = {name: request.args.get(name, "")[:100] for name in Wanted.__dataclass_fields__}
    wanted = Wanted(**said)
    with tools().database.reading() as session:
        found = entries.page_of(session, wanted, request.args.get("before", type=ids.read), settings().zone)
    older = found[entries.PAGE - 1].entry.id if len(found) > entries.PAGE else None
    return render_template("books/entries.html", found=found[: entries.PAGE], wanted=wanted, older=older, words=words)


@blueprint.get("/desk/books/entries/<int:entry_id>")
@staff("bookkeeper")
def show_entry(entry_id: int) -> ResponseReturnValue:
    """Show an entry beside what corrects it, and let it be corrected."""
    return _entry_page(entry_id, CorrectionForm(formdata=None))


@blueprint.post("/desk/books/entries/<int:entry_id>")
@staff("bookkeeper")
def correct_entry(entry_id: int) -> ResponseReturnValue:
    """Correct an entry by another one."""
    form = CorrectionForm()
    if not form.validate():
        return _entry_page(entry_id, form), 422
    account = form.belongs_to.data
    belongs_to = Account(account) if account in set(Account) else None
    with tools().database.transaction() as session:
        made = corrections.correct(session, entry_id, belongs_to, form.why.data, current_user.id, tools().clock.now())
    flash(_("Corrected. Both entries stay in the ledger."), "success")
    return redirect(f"/desk/books/entries/{made.id}", 303)


def _entry_page(entry_id: int, form: CorrectionForm) -> str:
    with tools().database.reading() as session:
        shown = entries.find(session, entry_id)
        around = entries.corrections_of(session, shown.entry)
        may = corrections.may_be_corrected(session, shown.entry)
        possible = corrections.choices(shown.entry)
    form.belongs_to.choices = _accounts(possible)
    return render_template(
        "books/entry.html", shown=shown, around=around, form=form, may=may, possible=possible, words=words
    )


@blueprint.route("/desk/books/months/<month>/close", methods=["GET", "POST"])
@staff("bookkeeper")
def close_month(month: str) -> ResponseReturnValue:
    """Show what should be settled before a month is closed, and close it."""
    form, zone, now = CloseForm(), settings().zone, tools().clock.now()
    looks: list[Look] = current_app.extensions[LOOKS]
    if request.method == "POST":
        with tools().database.transaction() as session:
            closing.close(session, month, zone, looks, nevertheless=form.nevertheless.data, by=current_user.id, now=now)
        flash(_("%(month)s is closed.", month=named(month)), "success")
        return redirect(f"/desk/books?month={month}", 303)
    with tools().database.reading() as session:
        found = closing.points(session, month_view.span_of(session, month, zone), looks)
        bounds = month_view.bounds(session, zone, now)
    return render_template("books/close.html", month=month, points=found, form=form, bounds=bounds)


def accounted(minor: int, currency: str) -> str:
    """Return an amount as it stands in a column: all decimals of its currency, and no sign of it."""
    places = exponent(currency)
    pattern = "#,##0" + ("." + "0" * places if places else "")
    written = format_decimal(Decimal(abs(minor)).scaleb(-places), pattern, locale=str(get_locale() or "en"))
    return f"\N{MINUS SIGN}{written}" if minor < 0 else str(written)


def named(month: str) -> str:
    """Return how people call `month` ("2026-11"): "November 2026". Raises `NotAMonth`."""
    if not months.MONTH.fullmatch(month):
        raise months.NotAMonth
    day = date(int(month[:4]), int(month[5:]), 1)
    return str(format_date(day, "LLLL y", locale=str(get_locale() or "en")))


def _accounts(accounts: list[Account]) -> list[SelectChoice]:
    return [SelectChoice(str(account), words.ACCOUNTS[account]) for account in accounts]
