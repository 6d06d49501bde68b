"""The desk's pages about late payments and cards that expire, for whoever keeps the money."""

from datetime import UTC, datetime

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from patronage.foundation.web import ids
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import tools
from patronage.giving.dunning import late
from patronage.giving.dunning.late import LapsingCard

blueprint = Blueprint("giving_late", __name__)


@blueprint.get("/desk/patrons/late")
@staff("bookkeeper")
def list_late() -> ResponseReturnValue:
    """List whose payment is late, why, and until when they stay patrons."""
    with tools().database.reading() as session:
        lines = late.page_of(session, request.args.get("before", type=ids.read))
    older = lines[late.PAGE - 1].pledge_id if len(lines) > late.PAGE else None
    now = tools().clock.now()
    return render_template("giving/dunning/late.html", lines=lines[: late.PAGE], older=older, now=now)


@blueprint.get("/desk/patrons/cards")
@staff("bookkeeper")
def list_cards() -> ResponseReturnValue:
    """List cards that expire before they are charged next, the first to expire first."""
    with tools().database.reading() as session:
        cards = late.lapsing(session, _position(request.args.get("after", "")))
    further = _mark(cards[late.PAGE - 1]) if len(cards) > late.PAGE else None
    return render_template("giving/dunning/cards.html", cards=cards[: late.PAGE], further=further)


def _mark(card: LapsingCard) -> str:
    """Return where the next page begins, as it stands in its address: a day and an id."""
    return f"{card.expires_at:%Y-%m-%d}.{card.pledge_id}"


def _position(mark: str) -> tuple[datetime, int] | None:
    """Read what `_mark` wrote; anything else is the first page. Cards expire at midnight UTC."""
    day, _dot, pledge_id = mark.partition(".")
    try:
        return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC), ids.read(pledge_id)
    except ValueError:
        return None
