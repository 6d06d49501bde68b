"""The page after paying: confirming until Stripe has told, then exact; and whom it lets in."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from patronage.foundation.tools import Tools
from patronage.giving import signed
from patronage.giving.asking.thanks import EXTRAS
from patronage.giving.models import Checkout
from patronage.people import people, staff
from patronage.people.models import Role, SessionToken
from tests.fixtures.app import Browsers
from tests.fixtures.stripe import StripeTools
from tests.giving.readers import Readers, pledges
from tests.giving.supporting import path_of, send, session_id, words

GOOD_CARD = "4242424242424242"


def _thanks_of(answer: TestResponse, stripe_tools: StripeTools) -> str:
    page = stripe_tools.api.checkout.sessions.retrieve(session_id(answer))
    return path_of(page.success_url.replace("{CHECKOUT_SESSION_ID}", page.id))


def _paid(client: FlaskClient, readers: Readers, stripe_tools: StripeTools, **fields: str) -> str:
    """Give and pay, with all that Stripe tells of it applied; return the path of the thanks."""
    answer = send(client, **fields)
    path = _thanks_of(answer, stripe_tools)
    stripe_tools.pay(session_id(answer), card=GOOD_CARD)
    readers.catch_up()
    return path


def _sessions(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(SessionToken)) or 0


def test_until_stripe_has_told_the_page_is_confirming(client: FlaskClient, stripe_tools: StripeTools) -> None:
    answer = send(client)
    path = _thanks_of(answer, stripe_tools)
    stripe_tools.pay(session_id(answer), card=GOOD_CARD)
    page = client.get(path)
    assert "We are confirming your payment" in words(page)
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page.text
    status = client.get(path.replace("/thanks?", "/thanks/status?"))
    assert status.get_json() == {"state": "confirming", "waiting": True}


def test_once_settled_the_page_tells_amount_period_next_date_and_reference(
    client: FlaskClient, readers: Readers, stripe_tools: StripeTools, tools: Tools
) -> None:
    path = _paid(client, readers, stripe_tools, cover_fees="on")
    said = words(client.get(path))
    with tools.database.reading() as session:
        (pledge,) = pledges(session)
    for fact in ("€5.46 every month", "2 April 2026", pledge.reference, "a…@r….example"):
        assert fact in said
    status = client.get(path.replace("/thanks?", "/thanks/status?"))
    assert status.get_json() == {"state": "settled", "waiting": False}


def test_the_address_of_a_giver_is_never_shown_whole(
    client: FlaskClient, browsers: Browsers, readers: Readers, stripe_tools: StripeTools
) -> None:
    path = _paid(client, readers, stripe_tools)
    assert "ann@reader.example" not in browsers().get(path).text


def test_a_gift_given_once_has_no_next_date(client: FlaskClient, readers: Readers, stripe_tools: StripeTools) -> None:
    said = words(client.get(_paid(client, readers, stripe_tools, interval="once")))
    assert "€5 once" in said
    assert "Next payment" not in said


def test_a_bank_debit_is_on_its_way_and_not_yet_given(
    client: FlaskClient, readers: Readers, stripe_tools: StripeTools, tools: Tools
) -> None:
    answer = send(client)
    path = _thanks_of(answer, stripe_tools)
    stripe_tools.pay(session_id(answer), method="bank_debit", outcome="succeed")
    readers.catch_up()
    assert "The payment is on its way" in words(client.get(path))
    with tools.database.reading() as session:
        assert _sessions(session) == 0
    seen = len(stripe_tools.events())
    stripe_tools.advance(days=4)
    readers.catch_up(seen)
    assert "Your payment has arrived" in words(client.get(path))


def test_a_bank_debit_that_failed_says_that_nothing_was_charged(
    client: FlaskClient, readers: Readers, stripe_tools: StripeTools
) -> None:
    answer = send(client, interval="once")
    path = _thanks_of(answer, stripe_tools)
    stripe_tools.pay(session_id(answer), method="bank_debit", outcome="fail")
    stripe_tools.advance(days=4)
    readers.catch_up()
    said = words(client.get(path))
    assert "The payment did not go through" in said
    assert "Nothing was charged." in said


def test_a_page_left_until_it_expired_says_so(client: FlaskClient, readers: Readers, stripe_tools: StripeTools) -> None:
    path = _thanks_of(send(client), stripe_tools)
    stripe_tools.advance(seconds=2 * 3600)
    readers.catch_up()
    said = words(client.get(path))
    assert "closed before anything was paid" in said
    assert "Try again" in said


@pytest.mark.parametrize("made_up", ["", "P-7K2M-9QXD-4TRA", "x.y.z", "é"])
def test_an_address_we_did_not_make_is_not_found(client: FlaskClient, made_up: str) -> None:
    assert client.get("/support/thanks", query_string={"pledge": made_up}).status_code == 404
    assert client.get("/support/thanks/status", query_string={"pledge": made_up}).status_code == 404


def test_the_signature_of_a_way_back_opens_no_thanks(app: Flask, client: FlaskClient) -> None:
    with app.test_request_context():
        back = signed.back_address("P-7K2M-9QXD-4TRA").partition("left=")[2]
    assert client.get("/support/thanks", query_string={"pledge": back}).status_code == 404


def test_a_newcomer_is_let_in_by_having_paid_in_this_browser(
    client: FlaskClient, readers: Readers, stripe_tools: StripeTools, tools: Tools
) -> None:
    path = _paid(client, readers, stripe_tools)
    assert "Sign in to vote" not in words(client.get(path))
    account = client.get("/account")
    assert account.status_code == 200
    assert "ann@reader.example" in account.text
    client.get(path)
    with tools.database.reading() as session:
        assert _sessions(session) == 1
        assert session.scalars(select(Checkout.browser_hash)).all() == [None]


def test_on_another_device_the_page_shows_but_lets_nobody_in(
    client: FlaskClient, browsers: Browsers, readers: Readers, stripe_tools: StripeTools
) -> None:
    path = _paid(client, readers, stripe_tools)
    other = browsers()
    assert "Sign in to vote" in words(other.get(path))
    assert other.get("/account").status_code == 303


def test_paying_under_the_address_of_a_patron_lets_nobody_into_that_account(
    client: FlaskClient, readers: Readers, stripe_tools: StripeTools
) -> None:
    readers.patron(email="ann@reader.example")
    path = _paid(client, readers, stripe_tools, amount="1")
    assert "Sign in to vote" in words(client.get(path))
    assert client.get("/account").status_code == 303


def test_paying_under_the_address_of_staff_lets_nobody_into_the_desk(
    client: FlaskClient, readers: Readers, stripe_tools: StripeTools, tools: Tools
) -> None:
    with tools.database.transaction() as session:
        staff.grant(session, "ann@reader.example", Role.ADMIN, tools.clock.now())
    path = _paid(client, readers, stripe_tools)
    assert client.get(path).status_code == 200
    assert client.get("/account").status_code == 303


def test_paying_under_the_address_of_somebody_who_was_here_lets_nobody_in(
    client: FlaskClient, readers: Readers, stripe_tools: StripeTools, tools: Tools
) -> None:
    with tools.database.transaction() as session:
        person = people.find_or_add(session, "ann@reader.example", tools.clock.now())
        session.add(
            SessionToken(
                token_hash=b"x", person_id=person.id, created_at=tools.clock.now(), expires_at=tools.clock.now()
            )
        )
    client.get(_paid(client, readers, stripe_tools))
    assert client.get("/account").status_code == 303


def test_whoever_is_let_in_keeps_no_session_that_was_planted(
    client: FlaskClient, readers: Readers, stripe_tools: StripeTools
) -> None:
    with client.session_transaction(base_url="https://support.example.org") as cookie:
        cookie["planted"] = "yes"
    client.get(_paid(client, readers, stripe_tools))
    with client.session_transaction(base_url="https://support.example.org") as cookie:
        assert "planted" not in cookie


def test_other_rooms_speak_to_the_giver_alone(
    app: Flask, client: FlaskClient, browsers: Browsers, readers: Readers, stripe_tools: StripeTools
) -> None:
    asked: list[int] = []

    def extra(_session: Session, person_id: int, _now: object) -> dict[str, Any] | None:
        asked.append(person_id)
        return None

    app.extensions[EXTRAS].append(extra)
    path = _paid(client, readers, stripe_tools)
    browsers().get(path)
    assert asked == []
    client.get(path)
    assert len(asked) == 1
