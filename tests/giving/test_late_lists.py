"""Who is late and whose card expires, as the desk lists it: for whoever keeps the money, in few questions."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from patronage.foundation.tools import Tools
from patronage.giving.dunning import late
from patronage.giving.models import PledgeState
from patronage.people import staff
from patronage.people.models import Person
from tests.ballots.polls import statements
from tests.fixtures.app import Browsers, SignIn
from tests.giving.late import ANN, fall_late, only, pass_time, stay_late
from tests.giving.readers import Readers, pledges
from tests.giving.supporting import words

MOST = 6
Desk = Callable[..., FlaskClient]


@pytest.fixture
def desk(browsers: Browsers, tools: Tools, signed_in: SignIn) -> Desk:
    """`desk()` sits down at the desk as a bookkeeper, now: a session does not last a month."""

    def sit_down(role: str = "bookkeeper") -> FlaskClient:
        with tools.database.transaction() as session:
            person = staff.grant(session, f"{role}@newsroom.example", role, tools.clock.now())
        browser = browsers()
        signed_in(browser, person)
        return browser

    return sit_down


def test_a_late_payment_stands_there_with_its_reason_until_it_is_paid(readers: Readers, desk: Desk) -> None:
    fall_late(readers, email=ANN)
    said = words(desk().get("/desk/patrons/late"))
    for expected in (ANN, "€5 a month", "refused without a reason", "3 April 2026", "16 April 2026"):
        assert expected in said, expected
    assert "1 payment is late" in words(desk().get("/desk"))


def test_a_pledge_that_stripe_let_rest_stands_there_too_and_one_that_ended_does_not(
    readers: Readers, desk: Desk
) -> None:
    stay_late(readers, "pause")
    assert f"{ANN} – €5 a month refused without a reason" in words(desk().get("/desk/patrons/late"))
    seen = len(readers.stripe.events())
    readers.stripe.api.subscriptions.cancel(only(readers.tools).stripe_subscription_id)
    readers.catch_up(seen)
    assert "Nobody is late" in words(desk().get("/desk/patrons/late"))


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("past_due", "did not say why. It is not tried again by itself."),
        ("pause", "did not say why. It rests, and nothing is charged."),
        ("cancel", "It ended because its payment could not be taken."),
    ],
)
def test_the_account_says_what_became_of_it(
    readers: Readers, tools: Tools, browsers: Browsers, signed_in: SignIn, end: str, said: str
) -> None:
    stay_late(readers, end)
    with tools.database.reading() as session:
        ann = session.get_one(Person, only(tools).person_id)
    browser = browsers()
    signed_in(browser, ann)
    page = browser.get("/account")
    assert said in words(page)
    assert ("/mend" in page.text) == (end != "cancel")


def test_a_card_that_expires_before_its_next_charge_is_listed(readers: Readers, desk: Desk) -> None:
    readers.patron(email=ANN)
    assert "No card expires" in words(desk().get("/desk/patrons/cards"))
    api = readers.stripe.api
    method = api.subscriptions.retrieve(only(readers.tools).stripe_subscription_id).default_payment_method
    api.payment_methods.update(method, {"card": {"exp_month": 4, "exp_year": 2026}})
    pass_time(readers, months=1)
    pass_time(readers, seconds=4000)
    assert "Visa ···· 4242 04/2026 2 May 2026 not yet" in words(desk().get("/desk/patrons/cards"))
    pledge = only(readers.tools)
    seen = len(readers.stripe.events())
    readers.stripe.api.subscriptions.update(pledge.stripe_subscription_id, {"cancel_at_period_end": True})
    readers.catch_up(seen)
    assert "No card expires" in words(desk().get("/desk/patrons/cards"))


def test_the_lists_go_on_where_a_page_ends(readers: Readers, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late, "PAGE", 1)
    for email in (ANN, "boris@reader.example"):
        readers.stripe.pay(readers.offered(email=email), method="bank_debit", outcome="succeed")
    pass_time(readers, days=4)
    with readers.tools.database.transaction() as session:
        for pledge in pledges(session):
            pledge.state, pledge.past_due_at = PledgeState.PAST_DUE, readers.tools.clock.now()
    first = desk().get("/desk/patrons/late").text
    assert ("boris" in first, ANN in first) == (True, False)
    older = re.findall(r'href="(/desk/patrons/late\?before=\d+)"', first)
    assert ANN in desk().get(older[0]).text


def test_the_lists_ask_few_questions_and_are_not_for_editors(readers: Readers, desk: Desk) -> None:
    fall_late(readers, email=ANN)
    books = desk()
    for path in ("/desk/patrons/late", "/desk/patrons/cards", "/desk/patrons/cards?after=2026-05-01.7"):
        with statements(readers.tools.database) as asked:
            assert books.get(path).status_code == 200
        assert len(asked) <= MOST, path
    assert desk("editor").get("/desk/patrons/late").status_code == 403
