"""What people do in the journeys, in the words a person would use for it."""

from datetime import timedelta

from playwright.sync_api import Page, expect

from patronage.ballots import rounds, topics
from patronage.people import people, staff
from tests.fixtures.live import Live

PAYS, DECLINED, ASKS_FOR_MORE = "4242 4242 4242 4242", "4000 0000 0000 0002", "4000 0025 0000 3155"
TOPICS = ("Where the bus money went", "The river nobody tests", "Schools below ground", "The price of bread")


def ask_for(page: Page, live: Live, email: str, amount: str = "", interval: str = "month") -> None:
    """Fill in the support page and go on to Stripe's."""
    page.goto(f"{live.url}/support?interval={interval}&source=story-7")
    if amount:
        page.get_by_label("Or another amount").fill(amount)
    page.get_by_label("Your e-mail address").fill(email)
    page.locator("form.give button[type=submit]").click()
    page.wait_for_url("**/c/pay/**")


def pay(page: Page, card: str = PAYS) -> None:
    """Type a card on Stripe's page and pay."""
    page.get_by_label("Card number").fill(card)
    page.get_by_label("Expiry date").fill("12 / 34")
    page.get_by_label("Security code").fill("123")
    page.get_by_label("Name on the card").fill("A. Reader")
    page.locator("#pay button").last.click()


def thanked(page: Page) -> None:
    """See the thank-you page come to its settled state."""
    page.wait_for_url("**/support/thanks**")
    expect(page.get_by_role("heading", name="Thank you", exact=True)).to_be_visible()


def sign_in_by_letter(page: Page, live: Live, email: str, going_to: str = "/account") -> None:
    """Ask for a link, open it from the letter, press the button."""
    page.goto(f"{live.url}/sign-in?next={going_to}")
    page.get_by_label("e-mail").fill(email)
    page.locator("main form button[type=submit]").click()
    page.goto(live.link_in(live.letter(email, "sign in"), "/sign-in/"))
    page.locator("main form button[type=submit]").click()
    page.wait_for_url(f"**{going_to}")


def editor(live: Live, email: str = "editor@newsroom.example") -> str:
    """Have an editor on the staff; return their address."""
    with live.tools.database.transaction() as session:
        staff.grant(session, email, "editor", live.tools.clock.now())
    return email


def open_round(live: Live, places: int = 2) -> int:
    """Have a round open for a week, made by the rules; return its number."""
    now = live.tools.clock.now()
    with live.tools.database.transaction() as session:
        actor = people.find_or_add(session, "editor@newsroom.example", now).id
        made = [topics.create(session, topics.Words(title, "What we would do."), actor, now).id for title in TOPICS]
        terms = rounds.Terms(
            "What should we cover?", "We report it.", places, now, now + timedelta(days=7), most_ticks=3
        )
        drafted = rounds.draft(session, terms, actor, now)
        rounds.set_topics(session, drafted.id, made, actor, now)
        secret = live.settings.secret_key.get_secret_value()
        rounds.open_round(session, drafted.id, secret, actor, now)
    return drafted.id


def tick(page: Page, *titles: str) -> None:
    """Have exactly these topics ticked."""
    for box in page.locator("input[name=choices]:checked").all():
        box.uncheck()
    for title in titles:
        page.get_by_label(title).check()
