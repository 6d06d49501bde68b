"""Forms as nobody's browser sends them: never an error of ours, never a gift lost for what nobody sees."""

import re
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from patronage.app import create_app
from patronage.foundation import identity
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.giving.models import Pledge
from patronage.people.models import Person
from tests.fixtures.app import Browsers, SignIn
from tests.fixtures.stripe import StripeTools
from tests.giving.readers import Readers, pledges
from tests.giving.supporting import MONTHLY, send, session_id, words

LONG_STORY = "https://n.example/story?" + "utm=" * 1300


def _newest(tools: Tools) -> Pledge:
    with tools.database.reading() as session:
        return pledges(session)[-1]


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("https://n.example/story", "https://n.example/story"),
        ("story-77", "story-77"),
        (LONG_STORY, LONG_STORY[:500]),
        ("sto\x00ry\r\n\u202e7", "story 7"),
        ("\x00\x1b \u200b", None),
        ("javascript:alert(1)", None),
        (" JavaScript\t:alert(1)", None),
        ("data:text/html,x", None),
        ("vbscript:x", None),
        ('"><script>', '"><script>'),
    ],
)
def test_whatever_the_story_is_said_to_be_the_gift_goes_on(
    client: FlaskClient, tools: Tools, source: str, kept: str | None
) -> None:
    session_id(send(client, source=source))
    assert _newest(tools).source == kept
    shown = client.get("/support?source=" + quote(source))
    assert shown.status_code == 200
    assert "<script>" not in shown.text
    assert "\x00" not in shown.text


ODD = {
    "amount": ["−1", "-1", "1e9", "1000000000", "Infinity", "5\x00", "5" * 5000, "1." * 20000, "0x5", "٥", "½", "5;00"],
    "interval": ["", "MONTH", "month\x00", "week", "m" * 5000],
    "currency": ["usd", "EU", "EUR\x00", "ß", "€" * 3000],
    "email": [
        "a@b",
        "a\x00@reader.example",
        "a@reader.example\r\nBcc: x@y.example",
        "@",
        "a@" + "b" * 5000,
        "\u202ea@b.c",
    ],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in ODD.items() for value in values])
def test_what_cannot_be_meant_is_refused_beside_its_field(
    client: FlaskClient, tools: Tools, field: str, value: str
) -> None:
    answer = client.post("/support", data=MONTHLY | {field: value})
    assert answer.status_code == 422
    with tools.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 0


@pytest.mark.parametrize(
    ("value", "covers"), [("on", True), ("1", True), ("yes", True), ("", False), ("off", False), ("False", False)]
)
def test_the_fee_is_covered_where_that_was_said(client: FlaskClient, tools: Tools, value: str, covers: bool) -> None:
    session_id(send(client, cover_fees=value))
    assert (_newest(tools).fee_cover_minor > 0) is covers


def test_fields_nobody_asked_for_change_nothing(client: FlaskClient, tools: Tools) -> None:
    session_id(send(client, state="active", settled_at="2026-01-01", person_id="1", amount_minor="1", id="7"))
    pledge = _newest(tools)
    assert (pledge.amount_minor, pledge.settled_at, str(pledge.state)) == (500, None, "offered")


def test_forms_without_end_are_refused(client: FlaskClient, browsers: Browsers) -> None:
    assert send(client, padding="x" * 300_000).status_code == 413
    many = MONTHLY | {f"field{number}": "x" for number in range(300)}
    assert client.post("/support", data=many, content_type="multipart/form-data").status_code == 413
    assert browsers().post("/support", data=b"\xff\xfe%%%", content_type="text/plain").status_code == 422


@pytest.mark.parametrize(
    ("currency", "typed", "minor"), [("JPY", "500", 500), ("KWD", "5.25", 5250), ("UAH", "150", 15_000)]
)
def test_gifts_are_taken_in_the_currency_that_was_set(
    settings: Settings, tools: Tools, stripe_tools: StripeTools, currency: str, typed: str, minor: int
) -> None:
    client = _newsroom_in(settings, tools, currency)
    assert currency in client.get("/support").text
    assert client.post("/support", data=MONTHLY | {"amount": typed}).status_code == 422  # euros, as the form says
    answer = client.post("/support", data=MONTHLY | {"amount": typed, "currency": currency})
    page = stripe_tools.api.checkout.sessions.retrieve(session_id(answer))
    assert (page.currency, page.amount_total) == (currency.lower(), minor)


def test_what_an_administrator_says_of_the_currency_wins(settings: Settings, tools: Tools) -> None:
    with tools.database.transaction() as session:
        identity.describe(session, currency="PLN")
    assert "PLN" in _newsroom_in(settings, tools, "JPY").get("/support").text


@pytest.mark.parametrize(("currency", "smallest"), [("KWD", 101), ("ISK", 150), ("JPY", 100)])
def test_what_is_suggested_can_be_charged(settings: Settings, tools: Tools, currency: str, smallest: int) -> None:
    client = _newsroom_in(settings.model_copy(update={"smallest_gift_minor": smallest}), tools, currency)
    page = client.get("/support").text
    for interval in ("once", "month", "year"):
        ticked = _ticked(page, interval)
        sent = {"interval": interval, "email": "ann@reader.example", f"{interval}_amount": ticked, "cover_fees": "on"}
        session_id(client.post("/support", data=sent))


def _ticked(page: str, interval: str) -> str:
    found = re.search(rf'<input checked[^>]*name="{interval}_amount"[^>]*value="(\d+)"', page)
    assert found
    return found[1]


def _newsroom_in(settings: Settings, tools: Tools, currency: str) -> FlaskClient:
    client = create_app(settings.model_copy(update={"currency": currency}), tools).test_client()
    client.environ_base["wsgi.url_scheme"] = "https"
    client.environ_base["HTTP_HOST"] = "support.example.org"
    return client


def test_a_reason_for_stopping_with_unseen_characters_is_kept_without_them(
    readers: Readers, tools: Tools, browsers: Browsers, signed_in: SignIn
) -> None:
    readers.patron(email="ann@reader.example")
    browser = browsers()
    with tools.database.reading() as session:
        person = session.scalars(select(Person)).one()
    token = signed_in(browser, person)
    path = f"/account/pledges/{_newest(tools).reference}/cancel"
    answer = browser.post(path, data={"csrf_token": token, "reason": "Too\x00 dear\r\nfor \u202eme"})
    assert answer.status_code == 303, words(answer)
    assert _newest(tools).why_stopped == "Too dear\nfor me"
