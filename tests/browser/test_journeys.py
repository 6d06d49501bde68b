"""The promises of the README, one journey each, lived in Chromium on both databases."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select

from patronage.books.models import EntryKind, LedgerEntry, Payment
from patronage.foundation.outbox import Letter
from patronage.giving.models import Pledge, PledgeState
from tests.browser import steps
from tests.fixtures.chromium import People
from tests.fixtures.live import Live

pytestmark = [pytest.mark.browser, pytest.mark.slow]
READER = "reader@example.org"


def _money(live: Live) -> tuple[int, int, int]:
    """Payments, ledger entries of payments, and receipts there are."""
    with live.tools.database.reading() as session:
        payments = session.scalar(select(func.count()).select_from(Payment))
        entries = session.scalar(select(func.count()).where(LedgerEntry.kind == EntryKind.PAYMENT))
        letters = session.scalar(select(func.count()).where(Letter.kind == "giving/receipt"))
    return payments or 0, entries or 0, letters or 0


def test_a_reader_becomes_a_patron_votes_and_the_editor_reads_the_result(live: Live, somebody: People) -> None:
    round_id = steps.open_round(live)
    reader = somebody()
    steps.ask_for(reader, live, READER)
    steps.pay(reader)
    steps.thanked(reader)

    steps.tick(reader, steps.TOPICS[0])  # the ballot stands on the thank-you page already
    reader.get_by_role("button", name="Cast my ballot").click()
    expect(reader.get_by_role("heading", name="Your ballot is in")).to_be_visible()
    receipt = live.letter(READER, "Receipt")
    assert "€5" in receipt["Subject"]

    at_home = somebody()
    steps.sign_in_by_letter(at_home, live, READER)
    expect(at_home.get_by_text("€5").first).to_be_visible()
    at_home.goto(f"{live.url}/topics/{round_id}")
    expect(at_home.get_by_label(steps.TOPICS[0])).to_be_checked()
    steps.tick(at_home, steps.TOPICS[1], steps.TOPICS[2])
    at_home.get_by_role("button", name="Replace my ballot").click()
    expect(at_home.get_by_text("replaces your earlier ballot")).to_be_visible()

    desk = somebody()
    steps.sign_in_by_letter(desk, live, steps.editor(live), going_to="/desk")
    desk.goto(f"{live.url}/desk/rounds/{round_id}")
    expect(desk.get_by_text("Nobody sees a count before voting closes")).to_be_visible()
    desk.get_by_text("Close it now").click()
    desk.get_by_role("button", name="Close the vote for good").click()
    rows = desk.locator("table.bars tbody tr")
    expect(rows).to_have_count(len(steps.TOPICS))
    for title in steps.TOPICS[1:3]:  # one ballot ticked both: their order is the seed's
        expect(desk.locator("table.bars tr.chosen", has_text=title)).to_be_visible()
    at_home.goto(f"{live.url}/topics/{round_id}")
    expect(at_home.locator("table.bars tr.chosen")).to_have_count(2)


def test_an_editor_draws_up_a_round_and_a_patron_suggests_a_topic(live: Live, somebody: People) -> None:
    desk = somebody()
    steps.sign_in_by_letter(desk, live, steps.editor(live), going_to="/desk")
    for title in steps.TOPICS[:3]:
        desk.goto(f"{live.url}/desk/topics/new")
        desk.get_by_label("Title").fill(title)
        desk.get_by_label("What it is about").fill("What we would do.")
        desk.locator("main form button[type=submit]").click()
    desk.goto(f"{live.url}/desk/rounds/new")
    desk.get_by_label("Question").fill("What next?")
    desk.get_by_role("textbox", name="What the editors promise").fill("We report it, or say why not.")
    here = live.tools.clock.now().astimezone(live.settings.zone)
    desk.get_by_label("Voting opens", exact=True).fill(f"{here:%Y-%m-%dT%H:%M}")
    desk.get_by_label("Voting closes", exact=True).fill(f"{here + timedelta(days=7):%Y-%m-%dT%H:%M}")
    desk.get_by_role("button", name="Save the draft").click()
    for _ in range(3):
        desk.get_by_role("button", name="Add to the ballot").click()
    desk.get_by_role("button", name="Open the vote").click()
    expect(desk.get_by_text("fewer than 10")).to_be_visible()

    reader = somebody()
    steps.ask_for(reader, live, READER)
    steps.pay(reader)
    steps.thanked(reader)
    reader.goto(f"{live.url}/topics/suggest")
    reader.get_by_label("The question or topic").fill("Why the tram stops at nine")
    reader.get_by_label("Why it matters").fill("My shift ends at ten and so does everybody's at the yard.")
    reader.locator("main form button[type=submit]").click()
    desk.goto(f"{live.url}/desk/topics")
    expect(desk.get_by_role("link", name="Why the tram stops at nine")).to_be_visible()


def test_a_declined_card_keeps_the_form_and_the_next_card_pays_once(live: Live, somebody: People) -> None:
    reader = somebody()
    steps.ask_for(reader, live, READER, amount="7,50")
    steps.pay(reader, steps.DECLINED)
    expect(reader.get_by_text("You have not been charged")).to_be_visible()
    steps.pay(reader)
    steps.thanked(reader)
    expect(reader.get_by_text("€7.50 every month")).to_be_visible()
    live.letter(READER, "Receipt")
    assert _money(live) == (1, 1, 1)


def test_three_d_secure_is_asked_and_when_approved_the_gift_is_made(live: Live, somebody: People) -> None:
    reader = somebody()
    steps.ask_for(reader, live, READER, interval="year")
    steps.pay(reader, steps.ASKS_FOR_MORE)
    reader.get_by_role("button", name="Complete").click()
    steps.thanked(reader)
    assert _money(live)[0] == 1


def test_a_webhook_that_comes_late_shows_confirming_and_then_the_thanks(live: Live, somebody: People) -> None:
    live.control("delivery", delay=3)
    reader = somebody()
    steps.ask_for(reader, live, READER)
    steps.pay(reader)
    reader.wait_for_url("**/support/thanks**")
    expect(reader.get_by_role("heading", name="confirming your payment")).to_be_visible()
    steps.thanked(reader)


@pytest.mark.parametrize("manner", [{"duplicate": 1.0}, {"reverse": True}, {"duplicate": 1.0, "concurrent": True}])
def test_events_twice_reversed_or_at_once_have_one_effect(
    live: Live, somebody: People, manner: dict[str, object]
) -> None:
    live.control("delivery", **manner)
    reader = somebody()
    steps.ask_for(reader, live, READER)
    steps.pay(reader)
    steps.thanked(reader)
    live.letter(READER, "Receipt")
    live.settled()
    assert _money(live) == (1, 1, 1)
    with live.tools.database.reading() as session:
        assert session.scalars(select(Pledge.state)).one() is PledgeState.ACTIVE


def test_leaving_stripes_page_charges_nothing_and_keeps_the_answers(live: Live, somebody: People) -> None:
    reader = somebody()
    steps.ask_for(reader, live, READER, amount="12")
    reader.get_by_role("link", name="Back").click()
    reader.wait_for_url(f"{live.url}/support**")
    expect(reader.get_by_text("Nothing was charged")).to_be_visible()
    expect(reader.get_by_label("Or another amount")).to_have_value("12")
    assert _money(live) == (0, 0, 0)


def test_a_patron_stops_in_two_clicks_and_takes_it_back(live: Live, somebody: People) -> None:
    reader = somebody()
    steps.ask_for(reader, live, READER)
    steps.pay(reader)
    steps.thanked(reader)
    reader.goto(f"{live.url}/account")
    reader.get_by_role("link", name="Stop").click()
    reader.get_by_role("button", name="Stop giving").click()
    reader.wait_for_url("**/account")
    expect(reader.get_by_role("button", name="Go on giving")).to_be_visible()
    live.letter(READER, "stop")
    reader.get_by_role("button", name="Go on giving").click()
    expect(reader.get_by_role("link", name="Stop")).to_be_visible()


def test_everything_works_without_scripts(live: Live, somebody: People) -> None:
    round_id = steps.open_round(live)
    reader = somebody(java_script_enabled=False)
    steps.ask_for(reader, live, READER)
    steps.pay(reader)
    reader.wait_for_url("**/support/thanks**")
    live.letter(READER, "Receipt")
    reader.reload()
    expect(reader.get_by_role("heading", name="Thank you", exact=True)).to_be_visible()
    reader.goto(f"{live.url}/topics/{round_id}")
    steps.tick(reader, steps.TOPICS[3])
    reader.get_by_role("button", name="Cast my ballot").click()
    expect(reader.get_by_role("heading", name="Your ballot is in")).to_be_visible()
