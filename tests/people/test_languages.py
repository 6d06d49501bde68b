"""People choose the language in which pages and letters speak to them."""

from datetime import datetime

import pytest

from patronage.foundation import identity
from patronage.foundation.database import Database
from patronage.people import people, staff
from patronage.people.models import Person, Role
from tests.fixtures.app import Browsers, SignIn


@pytest.fixture
def person(database: Database, now: datetime) -> Person:
    """Ann, to whom English is spoken."""
    with database.transaction() as session:
        return people.find_or_add(session, "ann@reader.example", now)


def test_the_language_one_chooses_is_spoken_from_then_on(
    browsers: Browsers, signed_in: SignIn, person: Person, database: Database
) -> None:
    browser = browsers()
    token = signed_in(browser, person)
    answer = browser.post("/account/language", data={"csrf_token": token, "language": "uk"})
    assert (answer.status_code, answer.location) == (303, "/account")
    page = browser.get("/account", headers={"Accept-Language": "en"}).text
    assert '<html lang="uk"' in page
    assert '<option selected value="uk">Українська</option>' in page
    with database.reading() as session:
        assert session.get_one(Person, person.id).language == "uk"


@pytest.mark.parametrize("language", ["", "tlh", "uk_UA", "EN"])
def test_a_language_not_spoken_here_changes_nothing(
    browsers: Browsers, signed_in: SignIn, person: Person, database: Database, language: str
) -> None:
    browser = browsers()
    token = signed_in(browser, person)
    assert browser.post("/account/language", data={"csrf_token": token, "language": language}).status_code == 422
    with database.reading() as session:
        assert session.get_one(Person, person.id).language == "en"


def test_new_staff_are_spoken_to_in_the_newsrooms_language(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        identity.describe(session, locale="uk")
    with database.transaction() as session:
        assert staff.grant(session, "desk@newsroom.example", Role.EDITOR, now).language == "uk"


def test_staff_who_were_here_keep_their_language(database: Database, person: Person, now: datetime) -> None:
    with database.transaction() as session:
        identity.describe(session, locale="uk")
    with database.transaction() as session:
        assert staff.grant(session, person.email, Role.EDITOR, now).language == "en"
