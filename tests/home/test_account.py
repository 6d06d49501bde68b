"""A patron's own page: what they give, when it is charged next, what they have paid, in few queries."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from patronage.books.models import Payment
from patronage.foundation.database import Database
from patronage.giving.models import Interval, Pledge, PledgePayment, PledgeState
from patronage.people import people
from patronage.people.models import Person
from tests.fixtures.app import Browsers, SignIn
from tests.giving.supporting import words

MOST_QUERIES = 6


@contextmanager
def _queries(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


def _pledge(person: Person, now: datetime, **facts: Any) -> Pledge:
    given: dict[str, Any] = {
        "reference": f"P-{len(facts)}-{facts.get('state')}", "person_id": person.id, "interval": Interval.MONTH,
        "amount_minor": 500, "currency": "EUR", "state": PledgeState.ACTIVE, "offered_at": now, "settled_at": now,
        "paid_until": now + timedelta(days=31), "patron_until": now + timedelta(days=45),
        "stripe_subscription_id": "sub_1",
    }  # fmt: skip
    return Pledge(**(given | facts))


@pytest.fixture
def person(database: Database, now: datetime) -> Person:
    """Ann, who has given nothing yet."""
    with database.transaction() as session:
        return people.find_or_add(session, "ann@reader.example", now)


@pytest.fixture
def browser(browsers: Browsers, person: Person, signed_in: SignIn) -> FlaskClient:
    """Ann's browser."""
    opened = browsers()
    signed_in(opened, person)
    return opened


def _give(database: Database, pledge: Pledge, payments: int, now: datetime) -> None:
    with database.transaction() as session:
        session.add(pledge)
        session.flush()
        for number in range(payments):
            payment = Payment(
                reference=f"R-{number:03}", person_id=pledge.person_id, charge_id=f"ch_{number}", amount_minor=500,
                currency="EUR", paid_at=now - timedelta(days=number // 2),
            )  # fmt: skip
            session.add(payment)
            session.flush()
            session.add(PledgePayment(payment_id=payment.id, pledge_id=pledge.id))


def test_who_gives_nothing_is_invited(browser: FlaskClient) -> None:
    said = words(browser.get("/account"))
    assert "You give nothing regularly just now" in said
    assert "None yet." in said


def test_a_running_pledge_is_told_in_plain_words(
    browser: FlaskClient, person: Person, database: Database, now: datetime
) -> None:
    _give(database, _pledge(person, now, fee_cover_minor=46), 1, now)
    said = words(browser.get("/account"))
    assert "€5.46 every month" in said
    assert "Next payment on 2 April 2026." in said
    assert "Stop giving" in said


@pytest.mark.parametrize(
    ("facts", "told", "button"),
    [
        (
            {"ends_at": datetime.fromisoformat("2026-04-02T12:00:00Z")},
            "You stay a patron until 2 April",
            "Go on giving",
        ),
        ({"state": PledgeState.PAST_DUE}, "The last payment did not go through", "Stop giving"),
        ({"state": PledgeState.PAUSED}, "Paused: nothing is charged.", "Stop giving"),
    ],
)
def test_each_state_is_told_in_plain_words(
    browser: FlaskClient, person: Person, database: Database, now: datetime,
    facts: dict[str, Any], told: str, button: str,
) -> None:  # fmt: skip
    _give(database, _pledge(person, now, **facts), 0, now)
    said = words(browser.get("/account"))
    assert told in said
    assert button in said


def test_what_was_offered_and_never_paid_is_not_shown(
    browser: FlaskClient, person: Person, database: Database, now: datetime
) -> None:
    offered = _pledge(
        person, now, state=PledgeState.OFFERED, settled_at=None, patron_until=None, stripe_subscription_id=None
    )
    _give(database, offered, 0, now)
    assert "You give nothing regularly just now" in words(browser.get("/account"))


def test_payments_come_a_page_at_a_time_and_none_is_lost(
    browser: FlaskClient, person: Person, database: Database, now: datetime
) -> None:
    _give(database, _pledge(person, now), 45, now)
    path, seen = "/account", []
    for _page in range(3):
        page = browser.get(path)
        seen += [word for word in words(page).split() if word.startswith("R-")]
        found = page.text.partition('href="/account?before=')[2]
        path = "/account?before=" + found.partition('"')[0]
    assert len(seen) == 45
    assert set(seen) == {f"R-{number:03}" for number in range(45)}


@pytest.mark.parametrize("made_up", ["x", "1-", "-1", "99999999999999999999999-1", "1-٣", "'; DROP"])
def test_a_made_up_page_is_the_first(browser: FlaskClient, made_up: str) -> None:
    assert browser.get("/account", query_string={"before": made_up}).status_code == 200


def test_the_page_takes_few_queries(browser: FlaskClient, person: Person, database: Database, now: datetime) -> None:
    _give(database, _pledge(person, now), 30, now)
    browser.get("/account")
    with _queries(database) as seen:
        assert browser.get("/account").status_code == 200
    assert len(seen) <= MOST_QUERIES, seen


def test_nobody_sees_the_payments_of_another(
    browser: FlaskClient, browsers: Browsers, person: Person, database: Database, now: datetime, signed_in: SignIn
) -> None:
    _give(database, _pledge(person, now), 3, now)
    with database.transaction() as session:
        boris = people.find_or_add(session, "boris@reader.example", now)
    other = browsers()
    signed_in(other, boris)
    assert "R-001" not in other.get("/account").text
    assert "R-001" in browser.get("/account").text
