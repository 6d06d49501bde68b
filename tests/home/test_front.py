"""The front page and what we say of privacy, the same for every stranger."""

import pytest
from flask.testing import FlaskClient

from patronage.foundation import identity
from patronage.foundation.database import Database
from patronage.people import people
from tests.fixtures.app import Browsers, SignIn


@pytest.mark.parametrize("page", ["/", "/privacy"])
def test_a_stranger_gets_the_page_without_a_cookie_and_need_not_fetch_it_twice(browsers: Browsers, page: str) -> None:
    browser = browsers()
    first = browser.get(page)
    assert first.status_code == 200
    assert "Set-Cookie" not in first.headers
    assert "Cookie" not in first.headers["Vary"]
    again = browser.get(page, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_whoever_is_signed_in_sees_what_strangers_see(
    browsers: Browsers, database: Database, signed_in: SignIn, now: object
) -> None:
    browser, stranger = browsers(), browsers()
    with database.transaction() as session:
        person = people.find_or_add(
            session, "olena@example.org", browser.application.extensions["patronage"].tools.clock.now()
        )
    signed_in(browser, person)
    assert browser.get("/").data == stranger.get("/").data


def test_the_front_page_asks_in_the_newsrooms_words_and_leads_in(database: Database, browsers: Browsers) -> None:
    with database.transaction() as session:
        identity.describe(
            session, name="The <b>Gazette</b>", tagline="News for the river", story_line="A coffee a month."
        )
    page = browsers().get("/").get_data(as_text=True)
    for text in ("The &lt;b&gt;Gazette&lt;/b&gt;", "News for the river", "A coffee a month."):
        assert text in page
    for path in ("/support", "/topics", "/sign-in", "/privacy"):
        assert f'href="{path}"' in page


def test_a_new_name_is_on_the_page_within_a_second(database: Database, client: FlaskClient) -> None:
    client.get("/")
    with database.transaction() as session:
        identity.describe(session, name="Renamed Gazette")
    client.application.extensions["patronage"].newsroom.forget()  # a second has passed
    assert "Renamed Gazette" in client.get("/").get_data(as_text=True)


def test_robots_are_kept_from_personal_pages(client: FlaskClient) -> None:
    lines = client.get("/robots.txt").get_data(as_text=True).splitlines()
    assert lines[0] == "User-agent: *"
    assert {"Disallow: /account", "Disallow: /desk", "Disallow: /sign-in"} <= set(lines)


@pytest.mark.parametrize(
    ("address", "contact"),
    [("safety@gazette.example", "mailto:safety@gazette.example"), ("", "https://support.example.org/")],
)
def test_security_txt_says_whom_to_tell_for_less_than_a_year(
    database: Database, client: FlaskClient, address: str, contact: str
) -> None:
    with database.transaction() as session:
        identity.describe(session, contact_email=address)
    text = client.get("/.well-known/security.txt").get_data(as_text=True)
    assert text.splitlines() == [
        f"Contact: {contact}",
        "Expires: 2026-08-29T00:00:00Z",
        "Preferred-Languages: en, uk",
        "Canonical: https://support.example.org/.well-known/security.txt",
    ]
