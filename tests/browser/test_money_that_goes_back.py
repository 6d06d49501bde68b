"""A gift that is given back in part, in Chromium: the desk, the month, the giver's letters and statement."""

import re

import pytest
from playwright.sync_api import Page, expect

from patronage.people import staff
from tests.browser import steps
from tests.fixtures.chromium import People
from tests.fixtures.live import Live

pytestmark = [pytest.mark.browser, pytest.mark.slow]
READER, BOOKS = "reader@example.org", "books@newsroom.example"


def _bookkeeper(live: Live, page: Page) -> Page:
    with live.tools.database.transaction() as session:
        staff.grant(session, BOOKS, "bookkeeper", live.tools.clock.now())
    steps.sign_in_by_letter(page, live, BOOKS, "/desk/books/payments")
    return page


def test_part_of_a_gift_is_given_back_and_every_book_says_so(live: Live, somebody: People) -> None:
    reader, desk = somebody(), somebody()
    steps.ask_for(reader, live, READER, "20", interval="once")
    steps.pay(reader)
    steps.thanked(reader)
    live.letter(READER, "receipt")

    _bookkeeper(live, desk)
    desk.get_by_role("link", name=re.compile("^R-")).click()
    desk.get_by_role("button", name="Give back", exact=True).click()
    expect(desk.get_by_role("link", name="Write why, so that others understand it later.")).to_be_visible()
    desk.get_by_label("How much").fill("5")
    desk.get_by_label("Why").fill("Paid too much by mistake")
    desk.get_by_role("button", name="Give back", exact=True).click()
    expect(desk.get_by_role("cell", name="Paid too much by mistake")).to_be_visible()
    live.letter(READER, "has given you €5 back")

    desk.get_by_role("link", name="Month").click()
    expect(desk.get_by_role("row", name="Gifts, gross")).to_contain_text("20.00")
    refunds = desk.get_by_role("row", name=re.compile("^Refunds"))
    expect(refunds).to_contain_text("5.00")
    refunds.get_by_role("link").first.click()
    expect(desk.get_by_role("main")).to_contain_text("5.00")

    reader.goto(f"{live.url}/account")
    reader.get_by_role("link", name="Yearly statements").click()
    reader.locator("main .card-list a").first.click()
    expect(reader.get_by_role("main")).to_contain_text("€15")
