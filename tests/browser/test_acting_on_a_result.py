"""From a draft to a letter in a voter's hands: an editor with a keyboard, and whoever reads what came of a vote."""

import secrets
from datetime import datetime

import pytest
from playwright.sync_api import Locator, Page, expect

from patronage.ballots import rounds, topics, voting
from tests.ballots import polls
from tests.browser import steps
from tests.fixtures.chromium import People
from tests.fixtures.databases import on_sqlite
from tests.fixtures.live import Live

pytestmark = [pytest.mark.browser, pytest.mark.slow]
VOTER = "voter@reader.example"
BALLOTS = ("1,2", "1,2", "1,2", "1,2", "1", "4", "4", "4,5")
STORY, WHY = "https://newsroom.example/port", "The radio has been on it for a month."
MOST_TABS = 150


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until `target` has the focus, as who uses no mouse does."""
    for _ in range(MOST_TABS):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not lead to {target}")


def press(page: Page, target: Locator, key: str = "Enter") -> None:
    """Go to `target` by keyboard and press a key on it."""
    expect(target).to_be_visible()
    tab_to(page, target)
    page.keyboard.press(key)


def _draft(live: Live) -> int:
    now = live.tools.clock.now()
    with live.tools.database.transaction() as session:
        return polls.a_draft(session, now, places=2, most_ticks=3).id


def _vote(live: Live, round_id: int, now: datetime) -> None:
    secret = live.settings.secret_key.get_secret_value()
    for number, choices in enumerate(BALLOTS):
        with live.tools.database.transaction() as session:
            voter = polls.a_patron(session, now, VOTER if number == 0 else None)
            voting.cast(session, round_id, voter.id, choices.split(","), secrets.token_hex(8), now, secret)


def test_an_editor_opens_closes_decides_publishes_and_tells_by_keyboard_alone(live: Live, somebody: People) -> None:
    round_id, desk = _draft(live), somebody()
    steps.sign_in_by_letter(desk, live, steps.editor(live), going_to="/desk")
    desk.goto(f"{live.url}/desk/rounds/{round_id}")
    press(desk, desk.get_by_role("button", name="Open the vote"))
    expect(desk.get_by_text("Nobody sees a count before voting closes")).to_be_visible()
    _vote(live, round_id, live.tools.clock.now())
    desk.reload()
    press(desk, desk.get_by_text("Close it now"))
    press(desk, desk.get_by_role("button", name="Close the vote for good"))

    expect(desk.get_by_role("heading", name="Two views of the same ballots")).to_be_visible()
    expect(desk.get_by_text("take The school roof instead of Trains after midnight.")).to_be_visible()
    press(desk, desk.get_by_role("link", name="3", exact=True))
    expect(desk.get_by_text("The 3 topics most voters ticked.")).to_be_visible()
    press(desk, desk.get_by_role("link", name="Choose what will be covered").first)

    _choose_with_a_reason(desk)
    _publish(desk, live, round_id)
    _tell(desk)
    letter = live.letter(VOTER, "You asked, we went")
    body = letter.get_body(("plain",))
    assert body is not None
    assert "Thank you for asking." in body.get_content()
    assert "5 patrons asked for it." in body.get_content()


def _choose_with_a_reason(desk: Page) -> None:
    trains = desk.get_by_role("group", name="2. Trains after midnight")
    press(desk, trains.get_by_label("We cover it"), "Space")
    press(desk, desk.get_by_role("button", name="Publish the decision"))
    expect(desk.get_by_text("Say why, wherever you depart from the result").first).to_be_visible()
    tab_to(desk, desk.get_by_label("Why not, though it won").nth(1))
    desk.keyboard.type(WHY)
    press(desk, desk.get_by_role("button", name="Publish the decision"))
    expect(desk.get_by_text("Not covered, voters not told")).to_be_visible()


def _publish(desk: Page, live: Live, round_id: int) -> None:
    with live.tools.database.reading() as session:
        first = rounds.topic_ids(session, round_id)[0]
    desk.goto(f"{live.url}/desk/topics/{first}")
    tab_to(desk, desk.get_by_label("Name", exact=True))
    desk.keyboard.type("Olena Marchuk")
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("Olena Marchuk").first).to_be_visible()
    tab_to(desk, desk.get_by_label("Address of the story"))
    desk.keyboard.type(STORY)
    press(desk, desk.get_by_role("button", name="Mark as published"))
    expect(desk.get_by_text("the letter waits under")).to_be_visible()


def _tell(desk: Page) -> None:
    press(desk, desk.get_by_role("link", name="Promises"))
    press(desk, desk.get_by_role("link", name="You asked, we went: Who owns the river port"))
    tab_to(desk, desk.get_by_label("Your words in English"))
    desk.keyboard.type("We went and looked. Thank you for asking.")
    press(desk, desk.get_by_role("button", name="Keep and preview"))
    expect(desk.locator(".letter-text").first).to_contain_text("Thank you for asking.")
    press(desk, desk.get_by_role("button", name="Send the letters"))
    expect(desk.get_by_text("The letters are on their way.")).to_be_visible()


@on_sqlite
def test_a_reader_sees_the_result_the_decision_and_how_fair_it_is(live: Live, somebody: People) -> None:
    round_id, now = steps.open_round(live), live.tools.clock.now()
    secret = live.settings.secret_key.get_secret_value()
    for choices in ("1,2", "1,2", "1", "3"):
        with live.tools.database.transaction() as session:
            voter = polls.a_patron(session, now)
            voting.cast(session, round_id, voter.id, choices.split(","), secrets.token_hex(8), now, secret)
    with live.tools.database.transaction() as session:
        rounds.close_round(session, round_id, secret, None, now)
    reader = somebody()
    reader.goto(f"{live.url}/topics/{round_id}")
    expect(reader.get_by_role("heading", name="What becomes of it")).to_be_visible()
    expect(reader.locator("table.bars tr.chosen")).to_have_count(2)
    expect(reader.get_by_role("heading", name="A second look: the fair slate")).to_be_visible()
    with reader.expect_download() as download:
        press(reader, reader.get_by_role("link", name="CSV"))
    assert download.value.suggested_filename == f"round-{round_id}.csv"
    press(reader, reader.get_by_role("link", name="Check your receipt"))
    reader.wait_for_url("**/receipt")


def test_a_patron_suggests_backs_votes_changes_and_checks_both_receipts(live: Live, somebody: People) -> None:
    round_id, now = steps.open_round(live), live.tools.clock.now()
    with live.tools.database.transaction() as session:
        polls.a_patron(session, now, VOTER)
        other = polls.a_patron(session, now)
        idea = topics.suggest(
            session, other.id, topics.Words("The eels in the harbour", "Ask the fishermen."), False, now
        )
        topics.show(session, idea.id, None, now)
    patron = somebody()
    steps.sign_in_by_letter(patron, live, VOTER)
    patron.goto(f"{live.url}/topics/suggest")
    patron.get_by_label("The question or topic").fill("Why the tram stops at nine")
    patron.get_by_label("Why it matters").fill("My shift ends at ten and so does everybody's at the yard.")
    press(patron, patron.locator("main form button[type=submit]").last)
    expect(patron.get_by_text("Thank you").first).to_be_visible()
    patron.goto(f"{live.url}/topics/ideas/{idea.id}")
    press(patron, patron.get_by_role("button", name="Back this idea"))
    expect(patron.get_by_role("heading", name="You back this idea")).to_be_visible()

    codes = [_cast(patron, live, round_id, *ticked) for ticked in ((0,), (1, 2))]
    with live.tools.database.transaction() as session:
        rounds.close_round(session, round_id, live.settings.secret_key.get_secret_value(), None, now)
    said = ("received, and replaced by a later one", "is on the published list, and it counts")
    for code, words in zip(codes, said, strict=True):
        patron.goto(f"{live.url}/receipt")
        patron.get_by_label("code").fill(code)
        press(patron, patron.get_by_role("button", name="Check the receipt"))
        expect(patron.get_by_text(words)).to_be_visible()


def _cast(patron: Page, live: Live, round_id: int, *ticked: int) -> str:
    """Cast a ballot by keyboard; return its receipt code."""
    patron.goto(f"{live.url}/topics/{round_id}")
    for box in patron.locator("input[name=choices]:checked").all():
        press(patron, box, "Space")
    for number in ticked:
        press(patron, patron.get_by_label(steps.TOPICS[number]), "Space")
    press(patron, patron.locator("main form button[type=submit]").last)
    expect(patron.get_by_role("heading", name="Your ballot is in")).to_be_visible()
    return patron.locator(".copyable code").inner_text()
