"""What an administrator decides about giving: currencies with bounds and amounts, tiers; seen before it is live."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from patronage.foundation.tools import Tools
from patronage.giving.memberships.models import CurrencyOffered, TierPrice
from patronage.giving.models import SuggestedAmount, Tier
from tests.fixtures.stripe import StripeTools
from tests.giving.memberships.desk import Desk
from tests.giving.readers import Readers
from tests.giving.supporting import send, session_id, words

GIVING = "/desk/settings/giving"
YEN = {"currency": "JPY", "smallest": "100", "largest": "500000", "fee_fixed": "", "once": "1000\n3000\n5000",
       "once_first": "1", "month": "500\n1000", "month_first": "0", "year": "6000", "year_first": "0"}  # fmt: skip


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages follow at once, not within a second."""
    monkeypatch.setattr("patronage.foundation.fresh.SECONDS", 0.0)


def test_a_currency_is_seen_first_and_then_offered(
    desk: Desk, client: FlaskClient, tools: Tools, stripe_tools: StripeTools, readers: Readers
) -> None:
    preview = desk.send(f"{GIVING}/currencies/new", **YEN, do="preview")
    assert "¥3,000 once (ticked)" in words(preview)
    assert "JPY" not in client.get("/support").text
    assert desk.send(f"{GIVING}/currencies/new", **YEN, do="save").status_code == 303
    page = client.get("/support?currency=JPY")
    assert "¥500 a month" in words(page)
    assert "€5 a month" in words(client.get("/support"))
    answer = send(client, currency="JPY", amount="250")
    opened = stripe_tools.api.checkout.sessions.retrieve(session_id(answer))
    assert (opened.currency, opened.amount_total) == ("jpy", 250)
    refused = send(client, currency="JPY", amount="50")
    assert "The smallest gift we can take is ¥100." in words(refused)
    assert send(client, currency="XTS").status_code == 422
    with tools.database.reading() as session:
        assert sorted(session.scalars(select(CurrencyOffered.currency))) == ["EUR", "JPY"]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"currency": "XYZ"}, "There is no such currency."),
        ({"once": "1000\n1000"}, "Each amount can stand here once."),
        ({"once": "50"}, "Every amount must lie between the smallest and the largest gift."),
        ({"month": "", "month_first": "0"}, "Write one to four amounts, one a line."),
        ({"year_first": "3"}, "The amount that is ticked beforehand is not among them."),
        ({"largest": "10"}, "The largest gift cannot be less than the smallest."),
        ({"smallest": "1.5"}, "Amounts in JPY have no decimals."),
    ],
)
def test_what_cannot_be_offered_is_said_beside_its_field(desk: Desk, wrong: dict[str, str], why: str) -> None:
    answer = desk.send(f"{GIVING}/currencies/new", **{**YEN, **wrong}, do="save")
    assert answer.status_code == 422
    assert why in words(answer)


def test_amounts_of_three_decimals_are_those_that_can_be_charged(desk: Desk, client: FlaskClient) -> None:
    dinar = {
        **YEN,
        "currency": "KWD",
        "smallest": "0.5",
        "largest": "500",
        "once": "1\n2.5",
        "month": "1",
        "year": "10",
    }
    assert desk.send(f"{GIVING}/currencies/new", **dinar, do="save").status_code == 303
    assert "KWD\N{NO-BREAK SPACE}2.500 once" in client.get("/support?currency=KWD").text
    assert desk.send(f"{GIVING}/currencies/new", **{**dinar, "once": "1.001"}, do="save").status_code == 422


def test_the_last_currency_stays(desk: Desk, tools: Tools) -> None:
    assert desk.send(f"{GIVING}/currencies/EUR/remove").status_code == 409
    desk.send(f"{GIVING}/currencies/new", **YEN, do="save")
    assert desk.send(f"{GIVING}/currencies/EUR/remove").status_code == 303
    assert desk.get(f"{GIVING}/currencies/EUR").status_code == 404
    with tools.database.reading() as session:
        assert session.scalars(select(CurrencyOffered.currency)).all() == ["JPY"]
        assert len(session.scalars(select(SuggestedAmount)).all()) == 6


def test_a_tier_has_a_price_for_each_currency_and_a_place(desk: Desk, client: FlaskClient, tools: Tools) -> None:
    desk.send(f"{GIVING}/currencies/new", **YEN, do="save")
    tier = {"name": "Friend", "benefits": "A letter", "monthly_EUR": "7", "yearly_EUR": "70", "monthly_JPY": "",
            "yearly_JPY": ""}  # fmt: skip
    assert "from €7 a month" in words(desk.send(f"{GIVING}/tiers/new", **tier, do="preview"))
    assert "Friend" not in client.get("/support").text
    assert desk.send(f"{GIVING}/tiers/new", **tier, do="save").status_code == 303
    half = desk.send(f"{GIVING}/tiers/new", **{**tier, "monthly_JPY": "700"}, do="save")
    assert half.status_code == 422
    assert "Write both prices." in words(half)
    desk.send(
        f"{GIVING}/tiers/new", **{**tier, "name": "Patron", "monthly_JPY": "900", "yearly_JPY": "9000"}, do="save"
    )
    assert "Friend" not in client.get("/support?currency=JPY").text
    assert "Patron from ¥900 a month or ¥9,000 a year" in words(client.get("/support?currency=JPY"))
    with tools.database.reading() as session:
        first, second = session.scalars(select(Tier.id).order_by(Tier.position))
    assert desk.send(f"{GIVING}/tiers/{second}/move", do="up").status_code == 303
    with tools.database.reading() as session:
        assert session.scalars(select(Tier.name).order_by(Tier.position)).all() == ["Patron", "Friend"]
    assert desk.send(f"{GIVING}/tiers/{second}/remove").status_code == 303
    with tools.database.reading() as session:
        assert session.scalars(select(TierPrice.tier_id)).all() == [first]
    assert "tier removed" in desk.get("/desk/audit").text


def test_other_ways_are_shown_with_a_code_for_the_bank(desk: Desk, client: FlaskClient) -> None:
    assert "There is no other way just now." in words(client.get("/ways-to-give"))
    way = {"kind": "bank", "title": "By bank", "account_holder": "The Gazette", "iban": "de89 3704 0044 0532 0130 00",
           "bic": "COBADEFFXXX", "remittance": "Gift", "currency": "EUR", "details": "Bank: Harbour Bank"}  # fmt: skip
    wrong = desk.send("/desk/settings/ways/new", **{**way, "iban": "DE89370400440532013001"}, do="save")
    assert wrong.status_code == 422
    assert "This is not an IBAN." in words(wrong)
    assert "DE89 3704 0044 0532 0130 00" in words(desk.send("/desk/settings/ways/new", **way, do="preview"))
    assert desk.send("/desk/settings/ways/new", **way, do="save").status_code == 303
    page = client.get("/ways-to-give")
    assert 'data-copy="DE89 3704 0044 0532 0130 00"' in page.text
    assert "QR code for a bank transfer to The Gazette" in page.text
    assert "Set-Cookie" not in page.headers
    assert client.get("/ways-to-give", headers={"If-None-Match": page.headers["ETag"]}).status_code == 304
    [number] = set(re.findall(r"/desk/settings/ways/(\d+)", desk.get("/desk/settings/ways").text))
    assert desk.send(f"/desk/settings/ways/{number}/remove").status_code == 303
    assert client.get("/ways-to-give").headers["ETag"] != page.headers["ETag"]


def test_every_page_of_the_desk_opens(desk: Desk) -> None:
    desk.send(f"{GIVING}/currencies/new", **YEN, do="save")
    for path in ("", "/currencies/new", "/currencies/JPY", "/tiers/new"):
        assert desk.get(GIVING + path).status_code == 200
    for path in ("/desk/settings/offers", "/desk/settings/ways", "/desk/settings/ways/new", "/desk/books/gifts"):
        assert desk.get(path).status_code == 200
