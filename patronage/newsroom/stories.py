"""The page of the stories that brought patrons: counts for editors, sums too for those who keep the money."""

import csv
import io
from datetime import datetime, timedelta

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from patronage.foundation.sheets import MARK, amount, plain
from patronage.foundation.web import ids
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import tools
from patronage.newsroom import story_counts
from patronage.newsroom.navigation import MONEY
from patronage.newsroom.story_counts import Story

blueprint = Blueprint("newsroom_stories", __name__)
PAGE, MOST_PAGES, MOST_ROWS = 50, 200, 10_000
PERIODS = (30, 90, 365)
COLUMNS = ("story", "topic", "patrons", "single_gifts", "latest")


@blueprint.get("/desk/stories")
@staff("editor", "bookkeeper")
def show() -> ResponseReturnValue:
    """Show a page of stories, by patrons, by single gifts or by the latest, of some days or of all time."""
    by, days = _order(), _days()
    page = min(request.args.get("page", 0, type=ids.read), MOST_PAGES)
    with tools().database.reading() as session:
        found = story_counts.counted(session, _since(days), by, PAGE + 1, page * PAGE)
    return render_template(
        "newsroom/stories.html", stories=found[:PAGE], by=by, days=days, periods=PERIODS, page=page,
        has_more=len(found) > PAGE and page < MOST_PAGES, sees_money=_sees_money(),
    )  # fmt: skip


@blueprint.get("/desk/stories.csv")
@staff("editor", "bookkeeper")
def as_csv() -> ResponseReturnValue:
    """Send all stories of the period as CSV; one column of income a currency for those who keep the money."""
    with tools().database.reading() as session:
        found = story_counts.counted(session, _since(_days()), _order(), MOST_ROWS)
    answer = Response(_written(found), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="stories.csv"'
    return answer


def _written(stories: list[Story]) -> str:
    currencies = sorted({currency for story in stories for currency, _minor in story.income}) if _sees_money() else []
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow([*COLUMNS, *(f"income_{currency}" for currency in currencies)])
    for story in stories:
        income = dict(story.income)
        sums = [amount(income.get(currency, 0), currency) for currency in currencies]
        latest = story.latest.date().isoformat()
        writer.writerow([plain(story.source), plain(story.topic or ""), story.patrons, story.gifts, latest, *sums])
    return MARK + sheet.getvalue()


def _sees_money() -> bool:
    return bool(MONEY & current_user.roles)


def _order() -> str:
    by = request.args.get("by", "")
    return by if by in story_counts.ORDERS else "patrons"


def _days() -> int | None:
    days = request.args.get("days", type=ids.read)
    return days if days in PERIODS else None


def _since(days: int | None) -> datetime | None:
    return tools().clock.now() - timedelta(days=days) if days else None
