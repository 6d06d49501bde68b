"""Codes: the button says what is charged, Stripe charges that, and the last use goes to one alone."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from patronage.books import ledger
from patronage.books.models import Account
from patronage.foundation.tools import Tools
from patronage.giving import standing
from patronage.giving.memberships import offers, pricing
from patronage.giving.memberships.models import CodeOffer
from patronage.giving.memberships.offers import CodeUsedUp, Terms
from patronage.giving.memberships.pricing import Editor, Price
from patronage.giving.models import Checkout, Interval, Pledge, PledgeState
from patronage.giving.pledging import Offer as Gift
from patronage.giving.pledging import begin
from patronage.people import people
from tests.fixtures.app import Browsers
from tests.giving.memberships.desk import Desk
from tests.giving.readers import Readers, letters, pledges
from tests.giving.supporting import send, session_id, words


@pytest.fixture
def half(tools: Tools, editor: Editor) -> CodeOffer:
    """Half the price for three months of a monthly pledge."""
    return _made(tools, editor, Terms("HALF", Interval.MONTH, 3, percent_off=50))


def _made(tools: Tools, editor: Editor, terms: Terms) -> CodeOffer:
    with tools.database.transaction() as session:
        return offers.make(session, terms, editor)


def test_the_button_says_exactly_what_is_charged(client: FlaskClient, half: CodeOffer) -> None:
    page = client.get("/support?offer=half")
    said = words(page)
    assert "50 % less for the first 3 months" in said
    assert "Give €2.50 a month for 3 months, then €5 every month" in said
    assert (
        "€2.50 today and on the 2nd of each month, 3 payments in all. "
        "From 2 June 2026 on €5 on the 2nd of each month. Stop in two clicks." in said
    )
    assert "Give €10 once" in said
    assert "Set-Cookie" not in page.headers


def test_stripe_charges_that_and_the_books_follow(
    client: FlaskClient, readers: Readers, tools: Tools, half: CodeOffer
) -> None:
    readers.stripe.pay(session_id(send(client, offer="half")))
    readers.catch_up()
    for _ in range(3):
        seen = len(readers.stripe.events())
        readers.stripe.advance(months=1)
        readers.stripe.advance(seconds=7200)
        readers.catch_up(seen)
    with tools.database.reading() as session:
        assert ledger.balance(session, Account.GIFTS) == {"EUR": -(3 * 250 + 500)}
        (pledge,) = pledges(session)
        assert (pledge.amount_minor, pledge.state) == (500, PledgeState.ACTIVE)
        assert session.scalars(select(CodeOffer.stripe_coupon_id)).one()


def test_a_trial_makes_a_patron_who_votes_once_money_has_come(
    client: FlaskClient, readers: Readers, tools: Tools, editor: Editor
) -> None:
    _made(tools, editor, Terms("TRY", Interval.MONTH, 1, is_trial=True))
    assert "Nothing today. From 2 April 2026 on €5 on the 2nd of each month." in words(client.get("/support?offer=TRY"))
    readers.stripe.pay(session_id(send(client, offer="TRY")))
    readers.catch_up()
    with tools.database.reading() as session:
        (pledge,) = pledges(session)
        assert (pledge.state, pledge.settled_at) == (PledgeState.ACTIVE, None)
        assert pledge.patron_until == pledge.free_until
        assert not standing.is_patron(session, pledge.person_id, tools.clock.now())
        assert len(letters(session, "giving/free_time")) == 1
        assert ledger.balance(session, Account.GIFTS) == {}
    seen = len(readers.stripe.events())
    readers.stripe.advance(days=32)
    readers.catch_up(seen)
    with tools.database.reading() as session:
        (pledge,) = pledges(session)
        assert standing.is_patron(session, pledge.person_id, tools.clock.now())


def test_a_free_month_makes_no_payment_and_keeps_the_patron(
    client: FlaskClient, readers: Readers, tools: Tools, editor: Editor
) -> None:
    _made(tools, editor, Terms("FREE", Interval.MONTH, 2, percent_off=100))
    readers.stripe.pay(session_id(send(client, offer="FREE")))
    readers.catch_up()
    seen = len(readers.stripe.events())
    readers.stripe.advance(months=1)
    readers.stripe.advance(seconds=7200)
    readers.catch_up(seen)
    with tools.database.reading() as session:
        (pledge,) = pledges(session)
        assert pledge.settled_at is None
        assert pledge.state == PledgeState.ACTIVE
        assert pledge.patron_until
        assert pledge.patron_until > tools.clock.now() + timedelta(days=25)
        assert ledger.balance(session, Account.GIFTS) == {}


def test_a_code_for_a_tier_holds_from_its_price_on(
    client: FlaskClient, tools: Tools, editor: Editor, readers: Readers
) -> None:
    with tools.database.transaction() as session:
        tier = pricing.save_tier(session, None, "Companion", "A call", {"EUR": Price(1200, 12000)}, editor)
        offers.make(
            session, Terms("CALL", Interval.MONTH, 1, amount_off_minor=700, currency="EUR", tier_id=tier.id), editor
        )
    said = words(client.get("/support?offer=CALL"))
    assert "Give €5 every month" in said
    page = readers.stripe.api.checkout.sessions.retrieve(session_id(send(client, offer="CALL", amount="5")))
    assert page.amount_total == 500
    page = readers.stripe.api.checkout.sessions.retrieve(session_id(send(client, offer="CALL", amount="12")))
    assert page.amount_total == 500


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        ({"valid_until": True}, "This code is not valid, or not any more."),
        ({"currency": "USD", "percent_off": None, "amount_off_minor": 100}, "This code is not valid"),
        ({"most_uses": 1}, "This code was used as often as it may be."),
    ],
    ids=["over", "another-currency", "used-up"],
)
def test_what_does_not_hold_is_said_and_the_answers_are_kept(
    client: FlaskClient, browsers: Browsers, tools: Tools, editor: Editor, terms: dict[str, Any], why: str
) -> None:
    if terms.get("valid_until"):
        terms = {"valid_until": editor.now - timedelta(seconds=1)}
    _made(tools, editor, Terms(**{"code": "CODE", "interval": Interval.MONTH, "months": 1, "percent_off": 50, **terms}))
    if terms.get("most_uses"):
        session_id(send(browsers(), offer="CODE", email="first@reader.example"))
    answer = send(client, offer="CODE")
    assert answer.status_code == 422
    assert why in words(answer)
    assert 'value="ann@reader.example"' in answer.text
    assert why in words(client.get("/support?offer=CODE"))


def test_the_last_use_goes_to_one_alone(tools: Tools, editor: Editor) -> None:
    made = _made(tools, editor, Terms("ONE", Interval.MONTH, 1, percent_off=10, most_uses=1))
    with tools.database.reading() as session:
        found = offers.reduction(session, "ONE", "EUR", editor.now)

    def take(number: int) -> bool:
        try:
            with tools.database.transaction() as session:
                person = people.find_or_add(session, f"reader{number}@reader.example", editor.now)
                checkout = begin(session, person, Gift(Interval.MONTH, 500, "EUR"), editor.now)
                offers.take(session, found, session.get_one(Pledge, checkout.pledge_id), editor.now)
        except CodeUsedUp:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(take, range(4))) == 1
    with tools.database.reading() as session:
        assert offers.uses(session, made.id, editor.now) == 1
        assert offers.uses(session, made.id, editor.now + timedelta(hours=2)) == 0  # nobody paid on its page


def test_a_page_that_expired_unpaid_gives_its_use_back(tools: Tools, editor: Editor) -> None:
    made = _made(tools, editor, Terms("ONE", Interval.MONTH, 1, percent_off=10, most_uses=1))
    with tools.database.transaction() as session:
        found = offers.reduction(session, "ONE", "EUR", editor.now)
        person = people.find_or_add(session, "ann@reader.example", editor.now)
        checkout = begin(session, person, Gift(Interval.MONTH, 500, "EUR"), editor.now)
        offers.take(session, found, session.get_one(Pledge, checkout.pledge_id), editor.now)
        assert offers.uses(session, made.id, editor.now) == 1
        session.get_one(Checkout, checkout.id).closed_at, checkout.outcome = editor.now, "expired"
        session.flush()
        assert offers.uses(session, made.id, editor.now) == 0


def test_the_desk_makes_and_withdraws_a_code(desk: Desk, client: FlaskClient) -> None:
    form = {"code": "spring-26", "gives": "percent", "percent": "20", "interval": "month", "months": "2", "tier": "0",
            "currency": "EUR"}  # fmt: skip
    assert desk.send("/desk/settings/offers", **form).status_code == 303
    assert "20 % less for the first 2 months" in words(desk.get("/desk/settings/offers"))
    refused = desk.send("/desk/settings/offers", **form)
    assert refused.status_code == 422
    assert "There is an offer with this code already" in words(refused)
    assert "Your code SPRING-26" in words(client.get("/support?offer=spring-26"))
    [address] = re.findall(r"/desk/settings/offers/\d+/withdraw", desk.get("/desk/settings/offers").text)
    assert desk.send(address).status_code == 303
    assert "This code is not valid" in words(client.get("/support?offer=spring-26"))
    assert "offer withdrawn" in desk.get("/desk/audit").text


@pytest.mark.parametrize(("total", "first"), [(500, 335), (501, 336), (150, 100), (1, 1)])
def test_a_percentage_is_rounded_half_up_as_stripe_does(total: int, first: int) -> None:
    assert offers.Reduction(1, "A", Interval.MONTH, "EUR", 1, percent_off=33).first(total) == first


def test_a_code_that_gives_nothing_is_refused(desk: Desk) -> None:
    form = {"code": "NOTHING", "gives": "percent", "percent": "", "interval": "month", "months": "2", "tier": "0",
            "currency": "EUR"}  # fmt: skip
    refused = desk.send("/desk/settings/offers", **form)
    assert refused.status_code == 422
    assert "Write a number between 1 and 100." in words(refused)


def test_a_tier_can_go_once_its_code_was_withdrawn(tools: Tools, editor: Editor) -> None:
    with tools.database.transaction() as session:
        tier = pricing.save_tier(session, None, "Reader", "A vote", {"EUR": Price(500, 5000)}, editor)
        made = offers.make(session, Terms("TIER", Interval.MONTH, 3, percent_off=50, tier_id=tier.id), editor)
    with pytest.raises(pricing.TierInUse), tools.database.transaction() as session:
        pricing.remove_tier(session, tier.id, editor)
    with tools.database.transaction() as session:
        offers.withdraw(session, made.id, editor)
        pricing.remove_tier(session, tier.id, editor)
    with tools.database.reading() as session:
        assert [(offer.code, name) for offer, name, _ in offers.every(session, editor.now)] == [("TIER", None)]
