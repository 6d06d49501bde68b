"""The page of regular giving: income a month and what moved it, cohorts, and what a patron is worth."""

from dataclasses import dataclass

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.books.views import Door
from patronage.foundation.charts import Chart, columns
from patronage.foundation.web import ids
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import settings, tools
from patronage.giving.figures import reading
from patronage.giving.figures.models import Move, PledgeMove
from patronage.giving.figures.moves import month_of
from patronage.giving.figures.reading import Cohort, Month, Worth
from patronage.giving.models import Pledge
from patronage.people.models import Person

blueprint = Blueprint("newsroom_figures", __name__)
DOOR = Door(_l("Figures"), "/desk/books/figures")
PAGE = 50
CAME = (Move.NEW, Move.REACTIVATED)


@dataclass(frozen=True)
class Shown:
    """Everything the page is drawn from; `months` oldest first."""

    currency: str
    currencies: list[str]
    months: list[Month]
    cohorts: list[Cohort]
    worth: Worth | None

    @property
    def income(self) -> Chart:
        """The chart of income a month, in minor units."""
        return columns([month.month for month in self.months], [month.income_minor for month in self.months])

    @property
    def coming_and_going(self) -> Chart:
        """The chart of pledges that came and went."""
        came = [sum(month.moved[kind][0] for kind in CAME) for month in self.months]
        went = [month.moved[Move.LOST][0] for month in self.months]
        return columns([month.month for month in self.months], came, went)


@blueprint.get("/desk/books/figures")
@staff("bookkeeper")
def show() -> ResponseReturnValue:
    """Show what regular giving comes to, in one currency at a time."""
    until = month_of(tools().clock.now(), settings().zone)
    with tools().database.reading() as session:
        shown = _read(session, request.args.get("currency", ""), until)
    return render_template("newsroom/figures.html", shown=shown, until=until)


@blueprint.get("/desk/books/figures/moves")
@staff("bookkeeper")
def show_moves() -> ResponseReturnValue:
    """List the moves behind one number: of a month, a currency and a kind, newest first."""
    month, currency = request.args.get("month", "")[:7], request.args.get("currency", "")[:3]
    name = request.args.get("kind", "")
    kind = Move(name) if name in set(Move) else None
    with tools().database.reading() as session:
        rows = _moves(session, month, currency, kind, request.args.get("before", type=ids.read))
    older = rows[PAGE - 1][0].id if len(rows) > PAGE else None
    return render_template(
        "newsroom/moves.html", rows=rows[:PAGE], month=month, currency=currency, kind=kind, older=older
    )


def _read(session: Session, wanted: str, until: str) -> Shown:
    known = reading.currencies(session)
    currency = wanted if wanted in known else (known[0] if known else "")
    months = reading.months(session, currency, until)
    return Shown(currency, known, months, reading.cohorts(session, currency, until), reading.worth(months))


def _moves(
    session: Session, month: str, currency: str, kind: Move | None, before: int | None
) -> list[tuple[PledgeMove, str, str]]:
    query = (
        select(PledgeMove, Pledge.reference, Person.email)
        .join(Pledge, Pledge.id == PledgeMove.pledge_id)
        .join(Person, Person.id == Pledge.person_id)
        .where(PledgeMove.month == month, PledgeMove.currency == currency)
    )
    if kind:
        query = query.where(PledgeMove.kind == kind)
    if before is not None:
        query = query.where(PledgeMove.id < before)
    rows = session.execute(query.order_by(PledgeMove.id.desc()).limit(PAGE + 1))
    return [(move, reference, email) for move, reference, email in rows]
