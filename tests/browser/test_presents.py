"""A membership is bought for somebody else, mailed, and accepted by a button; a code is used; both in Chromium."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from patronage.giving.memberships import offers, pricing
from patronage.giving.memberships.offers import Terms
from patronage.giving.memberships.pricing import Editor, Price
from patronage.giving.models import Interval
from patronage.people import staff
from tests.browser import steps
from tests.fixtures.chromium import People
from tests.fixtures.databases import on_sqlite
from tests.fixtures.live import Live

pytestmark = [pytest.mark.browser, pytest.mark.slow]
BUYER, FRIEND = "buyer@example.org", "friend@example.org"


def _editor(live: Live) -> Editor:
    now = live.tools.clock.now()
    with live.tools.database.transaction() as session:
        return Editor(staff.grant(session, "admin@newsroom.example", "admin", now).id, now)


def test_a_present_is_bought_mailed_and_accepted(live: Live, somebody: People) -> None:
    editor = _editor(live)
    with live.tools.database.transaction() as session:
        pricing.save_tier(session, None, "Reader", "A vote and a letter.", {"EUR": Price(500, 5000)}, editor)
    buyer = somebody()
    buyer.goto(f"{live.url}/support")
    buyer.get_by_role("link", name="Give a membership to somebody else").click()
    buyer.get_by_text("Reader, 1 year: €50").click()
    buyer.get_by_label("Name of whoever gets it").fill("Nadia")
    buyer.get_by_label("Their e-mail address").fill(FRIEND)
    buyer.get_by_label("A few words from you").fill("You choose now.")
    buyer.get_by_label("Your name, as it stands on the present").fill("Olha")
    buyer.get_by_label("Your e-mail address").fill(BUYER)
    buyer.get_by_role("button", name="Go on to pay once").click()
    buyer.wait_for_url("**/c/pay/**")
    steps.pay(buyer)
    buyer.wait_for_url("**/support/present/given**")
    expect(buyer.get_by_role("heading", name="Thank you", exact=True)).to_be_visible(timeout=15_000)
    expect(buyer.get_by_text("You choose now.")).to_be_visible()

    friend = somebody()
    friend.goto(live.link_in(live.letter(FRIEND, "A present from Olha"), "/support/present/redeem"))
    friend.get_by_role("button", name="Accept the present").click()
    expect(friend.get_by_role("heading", name="Welcome as a patron")).to_be_visible()
    live.letter(BUYER, "Nadia has accepted")
    steps.sign_in_by_letter(friend, live, FRIEND)
    expect(friend.get_by_text("A membership as a present")).to_be_visible()
    buyer.reload()
    expect(buyer.get_by_text("Nadia has accepted your present.")).to_be_visible()


@on_sqlite
def test_the_button_keeps_saying_what_a_code_makes_of_a_typed_amount(live: Live, somebody: People) -> None:
    editor = _editor(live)
    with live.tools.database.transaction() as session:
        terms = Terms("HALF", Interval.MONTH, 3, percent_off=50, valid_until=editor.now + timedelta(days=9))
        offers.make(session, terms, editor)
    page = somebody()
    page.goto(f"{live.url}/support?interval=month")
    page.get_by_label("I have a code").fill("half")
    page.get_by_role("button", name="Use the code").click()
    button = page.locator("form.give button[type=submit]")
    expect(button).to_have_text("Give €2.50 a month for 3 months, then €5 every month", use_inner_text=True)
    page.get_by_label("Or another amount").fill("7")
    expect(button).to_have_text("Give €3.50 a month for 3 months, then €7 every month", use_inner_text=True)
    page.get_by_label("Once", exact=True).check()
    expect(button).to_have_text("Give €7 once", use_inner_text=True)
