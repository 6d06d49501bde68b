"""What a patron does with a pledge, in Chromium: change, pause, another card, a stop by letter, “I meant once”."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.fixtures.chromium import People
from tests.fixtures.databases import on_sqlite
from tests.fixtures.live import Live

pytestmark = [pytest.mark.browser, pytest.mark.slow]
READER = "reader@example.org"


@pytest.fixture
def patron(live: Live, somebody: People) -> Page:
    """The browser of somebody who has just become a patron, on the account page."""
    reader = somebody()
    steps.ask_for(reader, live, READER)
    steps.pay(reader)
    steps.thanked(reader)
    expect(reader.get_by_role("link", name="I meant once")).to_be_visible()
    reader.goto(f"{live.url}/account")
    return reader


def test_a_patron_changes_pauses_and_goes_on(live: Live, patron: Page) -> None:
    patron.get_by_role("link", name="Change amount").click()
    patron.get_by_label("Every year").check()
    patron.get_by_label("Your gift", exact=True).fill("50")
    patron.get_by_role("button", name="Go on").click()
    expect(patron.get_by_text("Nothing", exact=True)).to_be_visible()
    patron.get_by_role("button", name="Give €50 every year").click()
    expect(patron.locator(".pledge").get_by_text("€50 every year")).to_be_visible()
    live.letter(READER, "is changed")

    patron.get_by_role("link", name="Change amount").click()
    patron.get_by_label("Every month").check()
    patron.get_by_label("Your gift", exact=True).fill("7,50")
    patron.get_by_role("button", name="Go on").click()
    patron.get_by_role("button", name="Give €7.50 every month").click()
    patron.get_by_role("link", name="Pause").click()
    patron.get_by_label("2 months").check()
    patron.get_by_role("button", name="Pause").click()
    expect(patron.get_by_text("Paused: nothing is charged.")).to_be_visible()
    live.letter(READER, "is paused")
    patron.get_by_role("button", name="Go on giving").click()
    expect(patron.get_by_role("link", name="Pause")).to_be_visible()
    patron.get_by_role("link", name="Date").click()
    patron.get_by_role("button", name="Change the day").click()
    expect(patron.get_by_text("That is how it is already").first).to_be_visible()


@on_sqlite
def test_another_card_is_entered_at_stripe_and_leads_back(live: Live, patron: Page) -> None:
    patron.get_by_role("link", name="Card").click()
    patron.get_by_role("button", name="Enter another card").click()
    patron.wait_for_url("**/p/session/**")
    patron.get_by_label("Card number").fill("5555 5555 5555 4444")
    patron.get_by_label("Expiry date").fill("12 / 34")
    patron.get_by_label("Security code").fill("123")
    patron.locator("main form button[type=submit]").first.click()
    patron.wait_for_url(f"{live.url}/account")
    live.settled()


def test_the_link_in_the_receipt_stops_without_scripts_or_signing_in_and_takes_it_back(
    live: Live, patron: Page, somebody: People
) -> None:
    elsewhere = somebody(java_script_enabled=False)
    elsewhere.goto(live.link_in(live.letter(READER, "Receipt"), "/support/manage"))
    elsewhere.get_by_label("Why do you stop?").fill("Moving abroad")
    elsewhere.get_by_role("button", name="Stop giving").click()
    expect(elsewhere.get_by_text("Your pledge is stopped")).to_be_visible()
    live.letter(READER, "is stopped")
    patron.reload()
    expect(patron.get_by_text("Stopped: nothing more is charged.")).to_be_visible()
    elsewhere.get_by_role("button", name="Go on giving").click()
    expect(elsewhere.get_by_role("heading", name="Stop giving")).to_be_visible()
    live.letter(READER, "goes on")


def test_meant_once(live: Live, patron: Page) -> None:
    patron.get_by_role("link", name="I meant once").click()
    patron.get_by_role("button", name="Yes, I meant once").dblclick()
    patron.wait_for_url("**/account")
    expect(patron.get_by_text("You give nothing regularly just now")).to_be_visible()
    expect(patron.get_by_text("€5 once").first).to_be_visible()
    live.letter(READER, "single gift")
    assert len([letter for letter in live.sink.letters if "single gift" in letter["Subject"]]) == 1
