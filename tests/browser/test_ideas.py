"""Ideas in Chromium: similar ones while a title is typed, and the board moved by keyboard, with and without scripts."""

from datetime import datetime

import pytest
from playwright.sync_api import Page, expect

from patronage.ballots.models import Topic
from patronage.ballots.suggesting import backing
from patronage.people.models import Person
from tests.ballots.polls import a_patron
from tests.ballots.suggesting.idea_makers import an_idea
from tests.browser import steps
from tests.fixtures.chromium import People
from tests.fixtures.databases import on_sqlite
from tests.fixtures.live import Live

pytestmark = [pytest.mark.browser, pytest.mark.slow]
READER = "reader@example.org"


@pytest.fixture
def reader(live: Live) -> Person:
    """Somebody who may back ideas."""
    with live.tools.database.transaction() as session:
        return a_patron(session, live.tools.clock.now(), READER)


@pytest.fixture
def idea(live: Live) -> Topic:
    """An idea of somebody else."""
    with live.tools.database.transaction() as session:
        return an_idea(session, _now(live), "Who pays for the old bridge?")


def _now(live: Live) -> datetime:
    return live.tools.clock.now()


def _backers(live: Live, idea: Topic) -> int:
    with live.tools.database.reading() as session:
        return backing.counts(session, (idea.id,))[idea.id]


def test_a_similar_idea_is_offered_while_one_types_and_backed_by_keyboard(
    live: Live, somebody: People, reader: Person, idea: Topic
) -> None:
    page = somebody()
    steps.sign_in_by_letter(page, live, reader.email, going_to="/topics/suggest")
    title = page.get_by_label("The question or topic")
    title.press_sequentially("Who will pay for this bridge")
    says = page.get_by_role("status").filter(has_text="1 similar idea is listed")
    expect(says).to_be_attached()
    expect(title).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name=idea.title)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Back this one instead")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/topics/ideas/{idea.id}")
    expect(page.get_by_role("heading", name="You back this idea")).to_be_visible()
    assert _backers(live, idea) == 2


@on_sqlite
def test_enter_in_the_title_sends_the_form_and_backs_nothing(
    live: Live, somebody: People, reader: Person, idea: Topic
) -> None:
    page = somebody()
    steps.sign_in_by_letter(page, live, reader.email, going_to="/topics/suggest")
    page.get_by_label("Why it matters").fill("It has been closed for three years now.")
    title = page.get_by_label("The question or topic")
    title.press_sequentially("Who will pay for this bridge")
    expect(page.get_by_role("button", name="Back this one instead")).to_be_visible()
    title.press("Enter")
    expect(page.get_by_text("The desk reads every suggestion, and you will find")).to_be_visible()
    assert _backers(live, idea) == 1


@on_sqlite
def test_without_scripts_the_form_shows_what_is_similar_first(
    live: Live, somebody: People, reader: Person, idea: Topic
) -> None:
    page: Page = somebody(java_script_enabled=False)
    steps.sign_in_by_letter(page, live, reader.email, going_to="/topics/suggest")
    page.get_by_label("The question or topic").fill("Who will pay for this bridge")
    page.get_by_label("Why it matters").fill("It has been closed for three years now.")
    page.get_by_role("button", name="Send the suggestion").click()
    expect(page.get_by_text("Not sent yet")).to_be_visible()
    page.get_by_role("button", name="Back this one instead").click()
    expect(page.get_by_role("heading", name="You back this idea")).to_be_visible()
    assert _backers(live, idea) == 2


@on_sqlite
def test_the_board_is_moved_by_keyboard_on_a_small_screen(live: Live, somebody: People, idea: Topic) -> None:
    desk = somebody(viewport={"width": 360, "height": 740})
    steps.sign_in_by_letter(desk, live, steps.editor(live), going_to="/desk/topics")
    card = desk.locator(f"#topic-{idea.id}")
    card.get_by_role("link", name=idea.title).focus()
    desk.keyboard.press("Tab")
    expect(card.get_by_label("Move")).to_be_focused()
    desk.keyboard.press("End")
    desk.keyboard.press("Home")
    expect(card.get_by_label("Move")).to_have_value("accept")
    desk.keyboard.press("Tab")
    desk.keyboard.press("Enter")
    shortlisted = desk.locator("#column-accepted")
    expect(shortlisted.get_by_role("link", name=idea.title)).to_be_visible()
    shortlisted.get_by_label("Move").select_option("assign")
    shortlisted.get_by_role("button", name="Go").press("Enter")
    desk.get_by_label("Name").fill("Oksana Bilyk")
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("Assigned.")).to_be_visible()
    desk.goto(f"{live.url}/desk/topics")
    expect(desk.locator("#column-assigned")).to_contain_text("On it: Oksana Bilyk")
