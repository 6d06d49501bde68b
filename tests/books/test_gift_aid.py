"""Gift Aid: what a taxpayer declares, and the schedule on which tax is reclaimed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.books.models import Channel
from patronage.books.papers import entities, gift_aid
from patronage.books.papers.gift_aid import Said
from patronage.books.papers.models import GiftAidDeclaration, LegalEntity, Profile
from patronage.foundation.database import Database
from patronage.people.models import Person
from tests.books.donors import KYIV, donor, given_back, receipted
from tests.giving.supporting import words

SAID = Said("Dr", "=Jane", "House-Martin", "12", "s192bd", abroad=False, covers_past=False)
HEADERS = {"Origin": "https://support.example.org"}


@pytest.fixture
def charity(database: Database, now: datetime) -> LegalEntity:
    """A British charity."""
    with database.transaction() as session:
        actor = donor(session, now, "admin@newsroom.example")
        said = entities.Said(name="The Gazette Trust", profile=Profile.UK_GIFT_AID)
        return entities.describe(session, entities.issuing_for(session, "GBP").id, said, actor.id, now)


def _rows(session: Session, entity: LegalEntity, now: datetime) -> list[list[str]]:
    span = (now - timedelta(days=900), now + timedelta(days=90))
    head, *rows = gift_aid.schedule(session, entity, span, 1, KYIV)
    assert head[0] == "Title"
    assert gift_aid.count(session, entity, *span)[0] == len(rows)
    return rows


@pytest.mark.parametrize(
    ("typed", "written"),
    [("s192bd", "S19 2BD"), (" ec1a  1bb ", "EC1A 1BB"), ("W1A 0AX", "W1A 0AX"), ("m1 1ae", "M1 1AE")],
)
def test_a_postcode_is_written_as_hmrc_wants_it(typed: str, written: str) -> None:
    assert gift_aid.postcode(typed) == written


@pytest.mark.parametrize("typed", ["", "12345", "S19", "S19 2BDX", "Ś19 2BD"])
def test_what_is_no_postcode_is_refused(typed: str) -> None:
    with pytest.raises(gift_aid.NotAPostcode):
        gift_aid.postcode(typed)


def test_the_schedule_holds_declared_gifts_in_pounds_less_what_went_back(
    database: Database, charity: LegalEntity, vira: Person, now: datetime
) -> None:
    with database.transaction() as session:
        receipted(session, vira, now - timedelta(days=1), currency="GBP", charge="before")
        gift_aid.declare(session, vira.id, charity, "The Gazette Trust", SAID, now)
        whole = receipted(session, vira, now, currency="GBP", charge="whole")
        part = receipted(session, vira, now, amount=1234, currency="GBP", charge="part")
        receipted(session, vira, now, currency="GBP", charge="disputed").disputed = True
        receipted(session, vira, now, currency="EUR", charge="euros")
        for channel in (Channel.CRYPTO, Channel.GRANT):
            receipted(session, vira, now, currency="GBP", charge=channel).channel = channel
        given_back(session, whole, 500, now, "re_1")
        given_back(session, part, 34, now, "re_2")
        session.flush()
        assert _rows(session, charity, now) == [
            ["Dr", "'=Jane", "House Martin", "12", "S19 2BD", "", "", "02/03/26", "12.00"]
        ]


def test_a_new_declaration_takes_the_place_of_the_old_and_no_gift_is_claimed_twice(
    database: Database, charity: LegalEntity, vira: Person, now: datetime
) -> None:
    later = now + timedelta(days=10)
    with database.transaction() as session:
        gift_aid.declare(session, vira.id, charity, "Trust", SAID, now)
        receipted(session, vira, now + timedelta(days=1), currency="GBP", charge="ch_1")
        moved = replace(SAID, house="Rose Cottage", abroad=True, covers_past=True)
        gift_aid.declare(session, vira.id, charity, "Trust", moved, later)
        assert [row[3:5] for row in _rows(session, charity, now)] == [["Rose Cottage", "X"]]
        gift_aid.withdraw(session, vira.id, later)
        receipted(session, vira, later, currency="GBP", charge="ch_2")
        assert len(_rows(session, charity, now)) == 1
        assert gift_aid.current(session, vira.id) is None


def test_a_declaration_reaches_back_four_years_if_it_says_so(
    database: Database, charity: LegalEntity, vira: Person, now: datetime
) -> None:
    with database.transaction() as session:
        receipted(session, vira, now - timedelta(days=800), currency="GBP")
        declared = gift_aid.declare(session, vira.id, charity, "Trust", replace(SAID, covers_past=True), now)
        assert "past 4 years to Trust. I am a UK taxpayer" in declared.wording
        assert len(_rows(session, charity, now)) == 1


def test_a_patron_declares_and_withdraws_on_their_own_pages(
    database: Database, charity: LegalEntity, her_browser: tuple[FlaskClient, str]
) -> None:
    browser, token = her_browser
    assert "Gift Aid" in words(browser.get("/account"))
    said = {"first_name": "Jane", "last_name": "Doe", "house": "12", "postcode": "s19 2bd"}
    said |= {"covers": "future", "csrf_token": token}
    refused = browser.post("/account/gift-aid", data={**said, "postcode": "nowhere"}, headers=HEADERS)
    assert refused.status_code == 422
    assert "Write the postcode of your home" in refused.text
    assert "Confirm the declaration." in refused.text
    agreed = browser.post("/account/gift-aid", data={**said, "taxpayer": "y"}, headers=HEADERS)
    assert agreed.status_code == 303
    assert "from now on to The Gazette Trust. I am a UK taxpayer" in browser.get("/account/gift-aid").text
    browser.post("/account/gift-aid/withdraw", data={"csrf_token": token}, headers=HEADERS)
    with database.reading() as session:
        assert session.scalars(select(GiftAidDeclaration.withdrawn_at)).one() is not None


def test_where_nobody_reclaims_gift_aid_it_is_not_offered(her_browser: tuple[FlaskClient, str]) -> None:
    browser, _token = her_browser
    assert browser.get("/account/gift-aid").status_code == 404
    assert "Gift Aid" not in browser.get("/account").text


def test_the_desk_sends_the_schedule_of_a_span(
    database: Database, charity: LegalEntity, vira: Person, desk: tuple[FlaskClient, str], now: datetime
) -> None:
    with database.transaction() as session:
        gift_aid.declare(session, vira.id, charity, "Trust", SAID, now)
        for number in range(2):
            receipted(
                session, vira, datetime(2026, 3, 31, 20 + number, 30, tzinfo=UTC), currency="GBP", charge=f"c{number}"
            )
    browser, _token = desk
    asked = {"begins": "2026-03-01", "ends": "2026-03-31"}
    assert "Gifts declared 1 Together £5" in words(browser.get("/desk/books/gift-aid", query_string=asked))
    sheet = browser.get("/desk/books/gift-aid.csv", query_string=asked)
    assert sheet.text.splitlines()[1:] == ["Dr,'=Jane,House Martin,12,S19 2BD,,,31/03/26,5.00"]
    assert browser.get("/desk/books/gift-aid", query_string={**asked, "ends": "2026-02-01"}).status_code == 422


@pytest.mark.parametrize(
    "asked", [{"part": "9" * 30}, {"part": "-1"}, {"part": "x"}, {"ends": "9999-12-31"}, {"begins": "0001-01-01"}, {}]
)
def test_a_span_nobody_means_is_no_error_of_ours(
    charity: LegalEntity, desk: tuple[FlaskClient, str], asked: dict[str, str]
) -> None:
    browser, _token = desk
    span = {"begins": "2026-03-01", "ends": "2026-03-31", **asked}
    for path in ("/desk/books/gift-aid", "/desk/books/gift-aid.csv"):
        assert browser.get(path, query_string=span).status_code in {200, 303, 422}
