"""The page of regular giving: its numbers open the pledges behind them, and only those who keep the money see it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from patronage.foundation.charts import columns
from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Database
from patronage.giving.figures import moves
from patronage.giving.models import Pledge
from patronage.giving.standing import decide
from patronage.people import staff
from tests.ballots.polls import a_patron
from tests.fixtures.app import Browsers, SignIn

ZONE = ZoneInfo("Europe/Kyiv")


@pytest.mark.usefixtures("clock")
def test_every_number_opens_the_pledges_behind_it(
    browsers: Browsers, signed_in: SignIn, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        books = staff.grant(session, "books@newsroom.example", "bookkeeper", now)
        patron = a_patron(session, now)
        pledge = session.query(Pledge).filter_by(person_id=patron.id).one()
        moves.note(session, pledge, ZONE, now)
        pledge.ended_at = now
        decide(pledge, timedelta(days=14))
        moves.note(session, pledge, ZONE, now)
    desk = browsers()
    signed_in(desk, books)
    page = desk.get("/desk/books/figures").text
    for kind in ("new", "lost"):
        address = f"/desk/books/figures/moves?month={now:%Y-%m}&amp;currency=EUR&amp;kind={kind}"
        assert address in page
        behind = desk.get(address.replace("&amp;", "&")).text
        assert behind.count(patron.email) == 1


def test_editors_do_not_see_who_gives(
    browsers: Browsers, signed_in: SignIn, database: Database, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        editor = staff.grant(session, "editor@newsroom.example", "editor", clock.now())
    desk = browsers()
    signed_in(desk, editor)
    for address in ("/desk/books/figures", "/desk/books/figures/moves?month=2026-01&currency=EUR"):
        assert desk.get(address).status_code == 403


def test_without_a_pledge_the_page_says_what_it_will_show(
    browsers: Browsers, signed_in: SignIn, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        books = staff.grant(session, "books@newsroom.example", "bookkeeper", now)
    desk = browsers()
    signed_in(desk, books)
    assert "No regular gift yet" in desk.get("/desk/books/figures?currency=XXX").text


def test_columns_stand_on_one_line_and_stay_inside_the_picture() -> None:
    chart = columns([f"2026-{month:02}" for month in range(1, 13)], [0, 5, 100] * 4, [40, 0, 3] * 4)
    assert {round(bar.y + bar.height, 1) for bar in chart.above} == {chart.zero}
    assert {bar.y for bar in chart.below} == {chart.zero}
    assert all(bar.y >= 0 and bar.y + bar.height <= chart.height for bar in (*chart.above, *chart.below))
    assert chart.above[-1].label == "2026-12"
    assert [value for _y, value in chart.scale] == [50, 100]


@pytest.mark.parametrize("values", [[], [0], [1], [7, 7], [123_456_789]])
def test_any_numbers_make_a_chart(values: list[int]) -> None:
    chart = columns(["2026-01"] * len(values), values)
    assert len(chart.above) == len(values)
    assert 1 <= len(chart.scale) <= 5
