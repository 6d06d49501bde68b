"""No page of anybody's, in no state, stands in somebody's way: axe finds nothing, nothing is wider than the screen."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import select

from patronage.ballots import rounds, topics
from patronage.ballots.electing import letters, whys
from patronage.ballots.electing import way_out as vote_letters
from patronage.ballots.models import Policy, TurnoutHour
from patronage.ballots.suggesting import way_out
from patronage.ballots.voting import cast
from patronage.books import disputes, months
from patronage.books.disputes import Warned
from patronage.books.models import LedgerEntry
from patronage.giving.memberships import offers, pricing, ways
from patronage.giving.memberships.models import WayKind
from patronage.giving.memberships.pricing import Editor
from patronage.giving.models import Interval
from patronage.giving.returning import refunding
from patronage.giving.returning.refunding import Wanted
from patronage.operation.links import sign_in_link_for
from patronage.people import staff
from tests.ballots import polls
from tests.ballots.suggesting.idea_makers import an_idea
from tests.books.accounts import Accounts
from tests.browser import steps
from tests.fixtures.chromium import People
from tests.fixtures.live import Live

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.parametrize("engine", ["sqlite"], indirect=True),  # pages look the same on both databases
]
SIGHTS = ((1280, "light"), (360, "light"), (360, "dark"), (1280, "dark"))
NARROWEST, FIRST_TOPIC = 320, 1
READER, EDITOR = "reader@example.org", "editor@newsroom.example"
AXE = Axe().axe_script
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LOOK = """async seen => {
  const runOnly = seen ? ["color-contrast", "target-size", "scrollable-region-focusable"] : undefined;
  const said = await axe.run({resultTypes: ["violations"], runOnly, rules: {"target-size": {enabled: true}}});
  return said.violations.map(each => `${each.id}: ${each.nodes.map(node => node.html).join(" ")}`);
}"""


@dataclass
class Walk:
    """Somebody walking through pages, and what is wrong with those seen so far."""

    page: Page
    url: str
    found: list[str] = field(default_factory=list)

    def see(self, *paths: str) -> None:
        """Go to each of `paths` and look at it."""
        for path in paths:
            self.page.goto(self.url + path)
            self.look()

    def see_refused(self, path: str, submit: Callable[[Page], None]) -> None:
        """Look at what a form says that is sent with something wrong; its summary has the focus."""
        self.page.goto(self.url + path)
        submit(self.page)
        expect(self.page).to_have_title(re.compile("^Error:"))
        expect(self.page.locator("[data-focus-summary]")).to_be_focused()
        self.look()

    def look(self) -> None:
        """Look at the page one is on, in both widths and by day and night, and for its width on the smallest screen."""
        self.page.evaluate(AXE)
        for seen, (width, scheme) in enumerate(SIGHTS):
            self._turn_to(width, scheme)
            said = [*self.page.evaluate(LOOK, seen), *self._too_wide()]
            self.found += [f"{self.page.url} at {width}, {scheme}: {each}" for each in said]
        self._turn_to(NARROWEST, "light")
        self.found += [f"{self.page.url} at {NARROWEST}: {each}" for each in self._too_wide()]

    def _turn_to(self, width: int, scheme: str) -> None:
        self.page.set_viewport_size({"width": width, "height": 800})
        self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # "light" or "dark"

    def _too_wide(self) -> list[str]:
        pixels = self.page.evaluate(TOO_WIDE)
        return [f"{pixels} pixels too wide"] if pixels > 0 else []


@pytest.fixture
def walking(live: Live, somebody: People) -> Callable[..., Walk]:
    """`walking(email)` is somebody signed in with a browser of their own; without an address a stranger."""

    def begin(email: str = "", *roles: str) -> Walk:
        walk = Walk(somebody(reduced_motion="reduce"), live.url)
        if not email:
            return walk
        with live.tools.database.transaction() as session:
            for role in roles:
                staff.grant(session, email, role, live.tools.clock.now())
        with live.app.app_context():
            walk.page.goto(sign_in_link_for(live.tools, email, next_path="/account"))
        walk.look()
        walk.page.locator("main form button[type=submit]").click()
        walk.page.wait_for_url("**/account")
        return walk

    return begin


@pytest.fixture
def voted(live: Live) -> tuple[int, int]:
    """A round that is open, and one that was closed with a result of which a story came; their numbers."""
    now = live.tools.clock.now()
    with live.tools.database.transaction() as session:
        past = polls.an_open_round(session, now)
        for number in range(4):
            voter = polls.a_patron(session, now)
            cast(session, past.id, voter.id, ["1", str(number % 2 + 2)], f"a form {number}", now, polls.SECRET)
        rounds.close_round(session, past.id, polls.SECRET, None, now)
        topics.publish(session, FIRST_TOPIC, "https://newsroom.example/port", None, now)
    return steps.open_round(live), past.id


def _send(page: Page) -> None:
    page.locator("main form button[type=submit]").last.click()


def _give_nonsense(page: Page) -> None:
    page.get_by_label("Or another amount").fill("-3")
    page.get_by_label("Your e-mail address").fill("nobody")
    page.locator("form.give button[type=submit]").click()


def _ask_twice_for_a_code(page: Page) -> None:
    page.get_by_label("e-mail").fill("nobody@example.org")
    _send(page)
    page.get_by_label("Code").fill("BCDF-2345")
    _send(page)


def _tick_everything(page: Page) -> None:
    page.locator("input[name=choices]").evaluate_all(
        "all => all.forEach(box => {box.disabled = false; box.checked = true})"
    )
    _send(page)


def _name_no_newsroom(page: Page) -> None:
    page.get_by_label("Name of the newsroom").fill("")
    page.get_by_label("Accent colour").fill("blue")
    _send(page)


def _add_a_hook(page: Page) -> None:
    page.get_by_label("Name").fill("The archive")
    page.get_by_label("Address", exact=True).fill("https://[::1]/never-asked")
    page.get_by_label("A vote is closed").check()
    _send(page)


def test_what_a_stranger_sees(walking: Callable[..., Walk], voted: tuple[int, int]) -> None:
    walk, (now, past) = walking(), voted
    walk.see("/", "/support", "/support?interval=month", "/topics", f"/topics/{now}", f"/topics/{past}")
    walk.see("/sign-in", "/sign-in/spent", "/privacy", "/nothing", "/topics/suggest", "/support/present")
    walk.see("/receipt")
    walk.see_refused("/receipt", _send)
    walk.see_refused("/support?interval=year", _give_nonsense)
    walk.see_refused("/sign-in", _send)
    walk.see_refused("/sign-in", _ask_twice_for_a_code)
    assert walk.found == []


def test_what_a_patron_sees(live: Live, walking: Callable[..., Walk], somebody: People, voted: tuple[int, int]) -> None:
    payer = Walk(somebody(reduced_motion="reduce"), live.url)
    steps.ask_for(payer.page, live, READER)
    steps.pay(payer.page)
    steps.thanked(payer.page)
    payer.look()
    walk, (now, past) = walking(READER), voted
    walk.look()
    walk.see("/topics", f"/topics/{now}", f"/topics/{past}", "/topics/suggest", "/desk")
    walk.see("/account/statements")
    walk.page.locator("main .card-list a").first.click()
    walk.look()
    walk.page.goto(f"{live.url}/account")
    walk.page.locator("main a[href^='/account/receipts/']").first.click()
    walk.look()
    walk.see_refused(f"/topics/{now}", _tick_everything)
    walk.see_refused("/topics/suggest", _send)
    walk.page.goto(f"{live.url}/topics/{now}")
    steps.tick(walk.page, steps.TOPICS[0])
    _send(walk.page)
    walk.look()
    _see_all_deeds(walk, live)
    walk.page.goto(f"{live.url}/account")
    walk.page.get_by_role("link", name="Stop").click()
    walk.look()
    _send(walk.page)
    walk.page.wait_for_url("**/account")
    walk.look()
    assert payer.found + walk.found == []


def _see_all_deeds(walk: Walk, live: Live) -> None:
    """Look at every page on which something about a pledge is changed, and at the one that letters lead to."""
    walk.page.goto(f"{live.url}/account")
    pause = walk.page.get_by_role("link", name="Pause").get_attribute("href") or ""
    walk.see(*(pause.replace("/pause", f"/{deed}") for deed in ("change", "date", "pause", "card", "once")))
    walk.see(live.link_in(live.letter(READER, "Receipt"), "/support/manage").removeprefix(live.url))


def test_what_an_editor_sees(live: Live, walking: Callable[..., Walk], voted: tuple[int, int]) -> None:
    walk, (now, past) = walking(EDITOR, "editor"), voted
    walk.see("/desk", "/desk/rounds", "/desk/topics", "/desk/topics/1", "/desk/topics/3")
    walk.see(f"/desk/rounds/{now}", f"/desk/rounds/{past}", "/desk/rounds/new")
    walk.see_refused("/desk/rounds/new", _send)
    walk.see_refused("/desk/topics/new", _send)
    later = live.tools.clock.now() + timedelta(days=1)
    with live.tools.database.transaction() as session:
        draft = polls.a_draft(session, later, titles=("One", "Two", "Three")).id
    walk.see(f"/desk/rounds/{draft}")
    assert walk.found == []


def test_what_is_seen_of_voters(live: Live, walking: Callable[..., Walk]) -> None:
    now = live.tools.clock.now()
    with live.tools.database.transaction() as session:
        reader = polls.a_patron(session, now, READER)
        least = polls.a_tier(session, "Friend", 1, 400)
        draft = polls.a_draft(
            session, now, least_tier_id=least.id, weights={least.id: 2}, budget_days=2, policy=Policy.FROZEN
        ).id
        asking, past = (polls.an_open_round(session, now, asks_why=True) for _ in range(2))
        for round_ in (asking, past):
            polls.votes(session, round_, reader, "1,2", now)
        whys.give(session, past.id, reader.id, {1: "It floods each spring."}, now, polls.SECRET)
        hours = [(now - timedelta(hours=each), 1000 - 20 * each) for each in range(40)]
        session.add_all(TurnoutHour(round_id=asking.id, hour=hour, turnout=cast) for hour, cast in hours)
        letters.remind(session, asking.id, None, now)
        polls.closed(session, past, now)
    with live.app.app_context():
        stop = vote_letters.path(reader.id)
    stranger, patron, desk = walking(), walking(READER), walking(EDITOR, "editor")
    stranger.see(stop)
    patron.see(f"/topics/{asking.id}/why", f"/topics/{past.id}/why")
    desk.see(f"/desk/rounds/{draft}", f"/desk/rounds/{draft}/preview", f"/desk/rounds/{draft}/preview?as=patron")
    desk.see(f"/desk/rounds/{asking.id}", f"/desk/rounds/{past.id}/whys", f"/desk/rounds/{past.id}/whys?state=hidden")
    assert stranger.found + patron.found + desk.found == []


def test_what_is_seen_of_ideas(live: Live, walking: Callable[..., Walk]) -> None:
    now = live.tools.clock.now()
    with live.tools.database.transaction() as session:
        reader = polls.a_patron(session, now, READER)
        shown = an_idea(session, now, "Хто платить за міст", by=reader, tell=True)
        waiting = an_idea(session, now, "Хто платить за мости", by=reader, shown=False)
        topics.accept(session, an_idea(session, now, "Bread").id, None, now)
        for number in range(25):
            an_idea(session, now, f"Street number {number}")
    with live.app.app_context():
        letters = way_out.path(shown.id, reader.id)
    stranger, patron, desk = walking(), walking(READER), walking(EDITOR, "editor")
    stranger.see("/topics/ideas", f"/topics/ideas/{shown.id}", letters)
    patron.see(f"/topics/ideas/{shown.id}", f"/topics/ideas/{waiting.id}", "/topics/suggest")
    patron.page.get_by_label("The question or topic").fill("Хто заплатив за міст?")
    patron.page.get_by_label("Why it matters").fill("It has been closed for three years now.")
    _send(patron.page)
    patron.look()
    desk.see("/desk/topics", "/desk/topics?list=all", "/desk/topics/waiting", f"/desk/topics/{waiting.id}")
    desk.see(f"/desk/topics/{waiting.id}/merge?into={shown.id}")
    assert stranger.found + patron.found + desk.found == []


def test_what_an_editor_sees_after_a_vote(walking: Callable[..., Walk], voted: tuple[int, int]) -> None:
    walk, (_now, past) = walking(EDITOR, "editor"), voted
    walk.see(f"/desk/rounds/{past}/certify")
    walk.see(
        f"/desk/rounds/{past}?places=3&pick=1&hours=1", "/desk/owed", "/desk/owed/1", "/desk/stories", "/desk/digests"
    )
    walk.see_refused(f"/desk/rounds/{past}/decide", _choose_what_lost)
    walk.see_refused("/desk/owed/1", _send)
    assert walk.found == []


def _choose_what_lost(page: Page) -> None:
    page.get_by_label("We cover it").last.check()
    _send(page)


def test_what_a_bookkeeper_sees(live: Live, walking: Callable[..., Walk]) -> None:
    with live.tools.database.transaction() as session:
        polls.a_patron(session, live.tools.clock.now(), READER)
    walk = walking("books@newsroom.example", "bookkeeper")
    walk.see("/desk", "/desk/patrons", "/desk/patrons?words=nobody", "/desk/rounds")
    walk.see("/desk/patrons/late", "/desk/patrons/cards")
    walk.see("/desk/books", "/desk/books/entity", "/desk/books/statements", "/desk/books/gift-aid")
    assert walk.found == []


def test_what_a_bookkeeper_sees_of_money_that_goes_back(live: Live, walking: Callable[..., Walk]) -> None:
    now = live.tools.clock.now()
    with live.tools.database.transaction() as session:
        accounts = Accounts(session, now)
        payment, other = accounts.payment("ch_1", 20_000), accounts.payment("ch_2", 700)
        accounts.refund(payment, "re_1", 100)
        accounts.refund(payment, "re_2", 50, "failed")
        accounts.dispute(other, "needs_response", accounts.movement("txn_d1", -700, 1500, category="dispute"))
        disputes.take_in_warning(session, payment, Warned("issfr_1", "misc", is_actionable=True, warned_at=now))
        asker = staff.grant(session, "second@newsroom.example", "bookkeeper", now)
        refunding.ask(session, payment.id, Wanted(15_000, "Paid twice", "ab" * 16), asker.id, 10_000, now)
        (dispute,) = disputes.of_payment(session, other.id)
    walk = walking("books@newsroom.example", "bookkeeper")
    walk.see("/desk", "/desk/books/refunds", "/desk/books/disputes", f"/desk/books/disputes/{dispute.id}")
    walk.see_refused(f"/desk/books/payments/{payment.reference}", _give_back_without_a_reason)
    assert walk.found == []


def test_what_a_bookkeeper_sees_of_the_books(live: Live, walking: Callable[..., Walk]) -> None:
    now = live.tools.clock.now()
    with live.tools.database.transaction() as session:
        accounts = Accounts(session, now - timedelta(days=40))
        accounts.payment("ch_1", 20_000)
        lines = (
            accounts.movement("txn_ch_1", 20_000, 50, source_id="ch_1"),
            accounts.movement("txn_topup", 900, category="topup"),
        )
        accounts.payout("po_1", 20_850, *lines)
        month = months.month_of(now - timedelta(days=40), live.settings.zone)
        entry = session.scalars(select(LedgerEntry.id)).first()
    walk = walking("books@newsroom.example", "bookkeeper")
    walk.see(f"/desk/books?month={month}", f"/desk/books/months/{month}/close", f"/desk/books/entries?month={month}")
    walk.see("/desk/books/payouts", "/desk/books/payouts/po_1", "/desk/books/payouts?open=1", "/desk/books/journal")
    walk.see_refused(f"/desk/books/entries/{entry}", _correct_without_a_reason)
    walk.see_refused("/desk/books/journal", _fetch_no_span)
    assert walk.found == []


def _correct_without_a_reason(page: Page) -> None:
    page.get_by_role("button", name="Enter the correction").click()


def _fetch_no_span(page: Page) -> None:
    page.get_by_role("button", name="Fetch").click()


def _give_back_without_a_reason(page: Page) -> None:
    page.get_by_role("button", name="Give back", exact=True).click()


def test_what_an_administrator_sees(walking: Callable[..., Walk], voted: tuple[int, int]) -> None:
    walk = walking("admin@newsroom.example", "admin")
    walk.see("/desk", "/desk/patrons", "/desk/audit", "/desk/settings")
    walk.see_refused("/desk/settings", _name_no_newsroom)
    walk.see("/desk/settings/tokens", "/desk/settings/hooks", "/api/docs")
    walk.see_refused("/desk/settings/hooks/new", _send)
    _add_a_hook(walk.page)
    walk.look()
    walk.page.get_by_role("link", name="Go on").click()
    walk.page.get_by_role("button", name="Send a test").click()
    walk.look()
    assert walk.found == []


def test_what_an_administrator_sees_of_other_ways_to_give(live: Live, walking: Callable[..., Walk]) -> None:
    now = live.tools.clock.now()
    bank = {"title": "Bank", "account_holder": "The Gazette", "iban": "DE89370400440532013000", "currency": "EUR"}
    with live.tools.database.transaction() as session:
        editor = Editor(staff.grant(session, "admin@newsroom.example", "admin", now).id, now)
        pricing.save_tier(session, None, "Reader", "A vote.", {"EUR": pricing.Price(500, 5000)}, editor)
        offers.make(session, offers.Terms("HALF", Interval.MONTH, 3, percent_off=50), editor)
        ways.save(session, None, WayKind.BANK, {**dict.fromkeys(ways.FIELDS, ""), **bank}, editor)
    walk = walking("admin@newsroom.example", "admin")
    walk.see("/desk/settings/giving", "/desk/settings/giving/currencies/EUR", "/desk/settings/offers")
    walk.see("/desk/patrons/complimentary", "/desk/patrons/presents", "/desk/books/gifts")
    for path in ("/desk/settings/giving/tiers/new", "/desk/settings/ways/new", "/desk/books/gifts/new"):
        walk.see_refused(path, _send)
    walk.see("/support?offer=HALF", "/support?offer=NONE", "/ways-to-give")
    assert walk.found == []
