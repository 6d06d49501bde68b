"""Sending the form: one page at Stripe and one charge, whatever is pressed; plain words when something is wrong."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from patronage.foundation.clock import FrozenClock
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.giving import marks
from patronage.giving.models import Checkout, Interval, Pledge, PledgeState
from patronage.people import people
from patronage.people.models import Person, StaffRole
from tests.fixtures.app import Browsers, SignIn
from tests.fixtures.stripe import StripeTools
from tests.giving.readers import Readers, pledges
from tests.giving.supporting import MONTHLY, path_of, send, session_id, words

SESSIONS = "/v1/checkout/sessions"


def _sessions(stripe_tools: StripeTools) -> list[dict[str, object]]:
    return [each.to_dict() for each in stripe_tools.api.checkout.sessions.list().data]


def _only_pledge(tools: Tools) -> Pledge:
    with tools.database.reading() as session:
        (pledge,) = pledges(session)
    return pledge


def test_the_fields_of_the_contract_suffice(client: FlaskClient, tools: Tools, stripe_tools: StripeTools) -> None:
    answer = send(client, amount="€7.50", cover_fees="on", source="https://n.example/story")
    page = stripe_tools.api.checkout.sessions.retrieve(session_id(answer)).to_dict()
    pledge = _only_pledge(tools)
    assert (pledge.state, pledge.amount_minor, pledge.fee_cover_minor) == (PledgeState.OFFERED, 750, 54)
    assert pledge.source == "https://n.example/story"
    assert (page["amount_total"], page["currency"], page["mode"]) == (804, "eur", "subscription")
    assert page["client_reference_id"] == page["metadata"][marks.PLEDGE] == pledge.reference
    assert page["customer_email"] == "ann@reader.example"


def test_every_mark_we_leave_at_stripe_is_read_under_the_same_name(
    client: FlaskClient, tools: Tools, stripe_tools: StripeTools
) -> None:
    page = stripe_tools.api.checkout.sessions.retrieve(session_id(send(client))).to_dict()
    with tools.database.reading() as session:
        checkout = session.scalars(select(Checkout)).one()
    assert page["metadata"] == marks.of_checkout(_only_pledge(tools).reference, checkout.idempotency_key)
    assert page["metadata"] == {marks.PLEDGE: page["client_reference_id"], marks.CHECKOUT: checkout.idempotency_key}


def test_the_way_back_names_the_session_literally(client: FlaskClient, stripe_tools: StripeTools) -> None:
    page = stripe_tools.api.checkout.sessions.retrieve(session_id(send(client))).to_dict()
    assert page["success_url"].startswith("https://support.example.org/support/thanks?pledge=")
    assert page["success_url"].endswith("&session_id={CHECKOUT_SESSION_ID}")
    assert page["cancel_url"].startswith("https://support.example.org/support?left=")


@pytest.mark.parametrize(
    ("typed", "minor"),
    [("5", 500), (" 5,50 ", 550), ("€5.50", 550), ("1 000", 100_000), ("1,000", 100_000), ("1.000,50", 100_050)],
)
def test_amounts_are_understood_as_people_type_them(client: FlaskClient, tools: Tools, typed: str, minor: int) -> None:
    assert send(client, amount=typed).status_code == 303
    assert _only_pledge(tools).amount_minor == minor


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("0", "The smallest gift we can take is €1."),
        ("-5", "“-5” is not an amount."),
        ("99999999", "The largest gift this page takes is €10,000."),
        ("five", "“five” is not an amount."),
        ("1e2", "“1e2” is not an amount."),
        ("٣", "“٣” is not an amount."),
        ("5.001", "at most 2 decimals"),
        ("", "Enter how much you want to give."),
        ("NaN", "“NaN” is not an amount."),
    ],
)
def test_other_amounts_are_refused_in_plain_words(client: FlaskClient, tools: Tools, typed: str, said: str) -> None:
    answer = send(client, amount=typed)
    assert answer.status_code == 422
    assert words(answer).count(said) == 2  # in the summary and beside the field
    assert '<a href="#amount">' in answer.text
    assert "<title>Error: " in answer.text
    with tools.database.reading() as session:
        assert pledges(session) == []
        assert session.scalar(select(func.count()).select_from(Person)) == 0


def test_a_refused_form_keeps_its_answers(client: FlaskClient) -> None:
    answer = send(client, amount="lots", interval="year", cover_fees="on", source="story-7")
    for kept in ('value="lots"', 'value="ann@reader.example"', 'value="story-7"'):
        assert kept in answer.text
    assert re.search(r'<input checked[^>]*value="year"', answer.text)
    assert re.search(r'<input checked[^>]*name="cover_fees"', answer.text)


@pytest.mark.parametrize("email", ["", "ann", "ann@", "ann@reader.example\nbcc:x@y.example", "a" * 300 + "@b.example"])
def test_what_is_no_address_is_refused(client: FlaskClient, email: str) -> None:
    answer = send(client, email=email)
    assert answer.status_code == 422
    assert '<a href="#email">' in answer.text


def test_a_slip_of_the_finger_is_suggested_and_never_blocked(client: FlaskClient) -> None:
    assert "Did you mean ann@gmail.com?" in words(send(client, email="ann@gmial.com", amount="?"))
    assert send(client, email="ann@gmial.com").status_code == 303


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("interval", "week", "Choose how often you want to give."),
        ("currency", "USD", "Gifts are taken in EUR."),
    ],
)
def test_other_periods_and_currencies_are_refused(client: FlaskClient, field: str, value: str, said: str) -> None:
    answer = client.post("/support", data=MONTHLY | {field: value})
    assert answer.status_code == 422
    assert said in words(answer)


def test_a_typed_amount_wins_over_a_ticked_one(client: FlaskClient, tools: Tools) -> None:
    send(client, amount="7", month_amount="2000", once_amount="1000")
    assert _only_pledge(tools).amount_minor == 700


def test_without_a_typed_amount_the_ticked_one_of_the_period_counts(client: FlaskClient, tools: Tools) -> None:
    send(client, amount="", month_amount="2000", once_amount="1000", year_amount="6000")
    assert _only_pledge(tools).amount_minor == 2000


def test_a_forged_tick_is_held_to_the_limits(client: FlaskClient) -> None:
    for forged in ("1", "99999999999", "-500", "5e3", "x"):
        assert send(client, amount="", month_amount=forged).status_code == 422


def test_a_form_from_another_site_is_refused(client: FlaskClient, tools: Tools) -> None:
    answer = client.post("/support", data=MONTHLY, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    with tools.database.reading() as session:
        assert pledges(session) == []


def test_a_double_click_leads_to_one_page(client: FlaskClient, tools: Tools, stripe_tools: StripeTools) -> None:
    assert session_id(send(client)) == session_id(send(client))
    assert len(_sessions(stripe_tools)) == 1
    _only_pledge(tools)


def test_two_clicks_at_the_same_moment_open_one_page(
    browsers: Browsers, tools: Tools, stripe_tools: StripeTools
) -> None:
    with ThreadPoolExecutor(4) as clicks:
        answers = list(clicks.map(send, [browsers() for _ in range(4)]))
    assert {answer.status_code for answer in answers} <= {303, 503}  # 503: pressed again while Stripe was working
    assert len({session_id(answer) for answer in answers if answer.status_code == 303}) == 1
    assert len(_sessions(stripe_tools)) == 1
    _only_pledge(tools)


def test_another_amount_tried_again_opens_its_own_page_and_the_old_one_closes(
    client: FlaskClient, stripe_tools: StripeTools, worker: Worker
) -> None:
    first, second = session_id(send(client)), session_id(send(client, amount="8"))
    assert first != second
    worker.work_until_idle()
    states = {page["id"]: (page["status"], page["amount_total"]) for page in _sessions(stripe_tools)}
    assert states == {first: ("expired", 500), second: ("open", 800)}
    assert session_id(send(client, amount="8")) == second


def test_back_to_the_first_amount_is_no_stale_answer(
    client: FlaskClient, stripe_tools: StripeTools, worker: Worker
) -> None:
    first = session_id(send(client))
    send(client, amount="8")
    worker.work_until_idle()
    third = session_id(send(client))
    assert third != first
    assert stripe_tools.api.checkout.sessions.retrieve(third).status == "open"


def test_a_page_that_was_paid_leads_to_the_thanks_in_the_same_browser(
    client: FlaskClient, stripe_tools: StripeTools
) -> None:
    stripe_tools.pay(session_id(send(client)), card="4242424242424242")
    answer = send(client)
    assert answer.status_code == 303
    assert path_of(answer.headers["Location"]).startswith("/support/thanks?pledge=")
    assert len(_sessions(stripe_tools)) == 1


def test_after_a_settled_payment_the_same_form_is_a_new_gift(
    client: FlaskClient, readers: Readers, stripe_tools: StripeTools
) -> None:
    first = session_id(send(client, interval="once"))
    stripe_tools.pay(first, card="4242424242424242")
    readers.catch_up()
    assert session_id(send(client, interval="once")) != first


def test_somebody_elsewhere_is_not_led_to_the_page_of_another(browsers: Browsers, settings: Settings) -> None:
    first = session_id(send(browsers()))
    stranger = browsers()
    stranger.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    assert session_id(send(stranger)) != first


def test_after_half_an_hour_a_new_page_is_opened(client: FlaskClient, clock: FrozenClock) -> None:
    first = session_id(send(client))
    clock.advance(minutes=26)
    assert session_id(send(client)) != first


@pytest.mark.parametrize("fault", ["drop", "500", "html503", "429"])
def test_when_stripe_does_not_answer_nothing_is_charged_and_the_form_is_kept(
    client: FlaskClient, tools: Tools, stripe_tools: StripeTools, fault: str
) -> None:
    stripe_tools.faults({"path": SESSIONS, "times": 1, "fault": fault})
    answer = send(client, source="story-7")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "Nothing was charged" in words(answer)
    assert 'value="5"' in answer.text
    assert 'value="story-7"' in answer.text
    assert _only_pledge(tools).state == PledgeState.OFFERED
    session_id(send(client, source="story-7"))  # though Stripe repeats a 500 for as long as it sees the same key
    with tools.database.reading() as session:
        assert {pledge.state for pledge in pledges(session)} == {PledgeState.OFFERED}


def test_a_page_opened_in_an_answer_that_was_lost_is_found_again(
    client: FlaskClient, tools: Tools, stripe_tools: StripeTools
) -> None:
    stripe_tools.faults({"path": SESSIONS, "times": 1, "fault": "commit_then_drop"})
    assert send(client).status_code == 503
    found = session_id(send(client))
    assert [page["id"] for page in _sessions(stripe_tools)] == [found]
    _only_pledge(tools)


def test_limits_hold_before_stripe_is_asked(
    browsers: Browsers, settings: Settings, tools: Tools, stripe_tools: StripeTools
) -> None:
    for number in range(settings.checkouts_per_address_and_hour):
        assert send(browsers(), email=f"reader{number}@card.example").status_code == 303
    answer = send(browsers(), email="one.more@card.example")
    assert answer.status_code == 429
    assert "nothing was charged" in words(answer)
    assert 'value="one.more@card.example"' in answer.text
    assert len(stripe_tools.api.checkout.sessions.list({"limit": 100}).data) == settings.checkouts_per_address_and_hour


def test_known_and_unknown_addresses_are_answered_alike(browsers: Browsers, readers: Readers) -> None:
    readers.patron(email="known@reader.example")
    answers = [send(browsers(), email=email) for email in ("known@reader.example", "unknown@reader.example")]
    told = [re.sub(r"cs_\w+", "", answer.headers["Location"]) for answer in answers]
    assert told[0] == told[1]
    assert {answer.status_code for answer in answers} == {303}


def test_a_signed_in_patron_is_asked_before_a_second_pledge(
    browsers: Browsers, readers: Readers, tools: Tools, signed_in: SignIn
) -> None:
    readers.patron(email="ann@reader.example")
    browser = browsers()
    with tools.database.reading() as session:
        person = people.find(session, "ann@reader.example")
    assert person
    signed_in(browser, person)
    asked = send(browser, amount="8", cover_fees="on")
    assert asked.status_code == 200
    assert "You give €5 every month." in words(asked)
    assert "Give €8.55 every month" in words(asked)
    answers = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', asked.text))
    session_id(browser.post("/support", data=answers))
    with tools.database.reading() as session:
        newest = pledges(session)[-1]
    assert (newest.amount_minor, newest.fee_cover_minor, newest.state) == (800, 55, PledgeState.OFFERED)


def test_a_signed_in_patron_gives_once_without_being_asked(
    browsers: Browsers, readers: Readers, tools: Tools, signed_in: SignIn
) -> None:
    readers.patron(email="ann@reader.example")
    browser = browsers()
    with tools.database.reading() as session:
        signed_in(browser, _person(session))
    session_id(send(browser, interval="once"))


def _person(session: Session) -> Person:
    return session.scalars(select(Person).where(Person.email_key == "ann@reader.example")).one()


def test_who_leaves_the_page_finds_the_answers_but_the_address_only_in_the_same_browser(
    client: FlaskClient, browsers: Browsers, stripe_tools: StripeTools
) -> None:
    page = stripe_tools.api.checkout.sessions.retrieve(session_id(send(client, amount="7", cover_fees="on")))
    back = path_of(page.cancel_url)
    for browser, is_same in ((client, True), (browsers(), False)):
        shown = browser.get(back)
        assert "Nothing was charged" in words(shown)
        assert re.search(r'name="amount"[^>]*value="7"', shown.text)
        assert re.search(r'<input checked[^>]*value="month"', shown.text)
        assert ("ann@reader.example" in shown.text) is is_same
        assert shown.headers["Cache-Control"] == "no-store"


def test_a_made_up_way_back_is_not_found(client: FlaskClient) -> None:
    assert client.get("/support?left=made.up").status_code == 404


def test_staff_are_not_told_apart_either(browsers: Browsers, tools: Tools) -> None:
    with tools.database.transaction() as session:
        editor = people.find_or_add(session, "editor@newsroom.example", tools.clock.now())
        session.add(StaffRole(person_id=editor.id, role="editor", granted_at=tools.clock.now()))
    session_id(send(browsers(), email="editor@newsroom.example"))


def test_an_interval_is_what_was_asked(client: FlaskClient, tools: Tools, stripe_tools: StripeTools) -> None:
    page = stripe_tools.api.checkout.sessions.retrieve(session_id(send(client, interval="once"))).to_dict()
    assert page["mode"] == "payment"
    assert _only_pledge(tools).interval == Interval.ONCE
