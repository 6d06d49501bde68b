"""The way in by mail: a letter, a button or a code, a session; and the way out."""

from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Database
from patronage.foundation.jobs import Job
from patronage.foundation.outbox import Letter
from patronage.foundation.post import Mailbox
from patronage.foundation.settings import Settings
from patronage.foundation.worker import Worker
from patronage.people import people, signing_in, staff
from patronage.people.models import Person, SessionToken, SignIn
from tests.fixtures.app import Browsers
from tests.fixtures.app import SignIn as SignedIn
from tests.people.conftest import ADDRESS, AskForLetter


def _count(database: Database, table: type[SignIn | SessionToken | Letter]) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def _is_signed_in(client: FlaskClient) -> bool:
    """Whoever is signed in is sent on from the form; others are shown it."""
    return client.get("/sign-in").status_code == 303


def test_a_link_signs_in_at_the_press_of_a_button(
    browsers: Browsers, person: Person, ask_for_letter: AskForLetter
) -> None:
    browser = browsers()
    path = ask_for_letter(browser, next="/topics?from=letter").path
    assert "Press the button" in browser.get(path).get_data(as_text=True)
    assert not _is_signed_in(browser)
    answer = browser.post(path)
    assert (answer.status_code, answer.location) == (303, "/topics?from=letter")
    assert _is_signed_in(browser)


@pytest.mark.parametrize("typed", [str.upper, str.lower, lambda code: " " + code.replace("-", "  ")])
def test_a_code_signs_in_however_it_is_typed(
    browsers: Browsers, person: Person, ask_for_letter: AskForLetter, typed: type[str]
) -> None:
    browser = browsers()
    code = ask_for_letter(browser).code
    assert ADDRESS in browser.get("/sign-in/sent").get_data(as_text=True)
    answer = browser.post("/sign-in/code", data={"code": typed(code)})
    assert (answer.status_code, answer.location) == (303, "/account")
    assert _is_signed_in(browser)


def test_staff_arrive_at_the_desk(
    browsers: Browsers, person: Person, database: Database, now: datetime, ask_for_letter: AskForLetter
) -> None:
    with database.transaction() as session:
        staff.grant(session, ADDRESS, "editor", now)
    browser = browsers()
    assert browser.post(ask_for_letter(browser).path).location == "/desk"


def test_scanners_that_open_links_use_nothing_up(
    browsers: Browsers, person: Person, ask_for_letter: AskForLetter
) -> None:
    reader, scanner = browsers(), browsers()
    path = ask_for_letter(reader).path
    for _ in range(5):
        assert scanner.get(path).status_code == 200
        assert scanner.head(path).status_code == 200
    assert scanner.options(path).status_code == 200
    assert reader.post(path).status_code == 303
    assert _is_signed_in(reader)
    assert not _is_signed_in(scanner)


def test_a_link_works_once(browsers: Browsers, person: Person, ask_for_letter: AskForLetter) -> None:
    browser = browsers()
    path = ask_for_letter(browser).path
    browser.post(path)
    assert browser.post(path).status_code == browser.get(path).status_code == 410
    assert browsers().post(path, data={"confirmed": "yes"}).status_code == 410


def test_a_code_works_once_and_not_after_its_link(
    browsers: Browsers, person: Person, ask_for_letter: AskForLetter
) -> None:
    browser = browsers()
    sent = ask_for_letter(browser)
    asking = browser.get_cookie("patronage_asking", path="/sign-in", domain="support.example.org")
    assert asking is not None
    browser.post(sent.path)
    browser.set_cookie("patronage_asking", asking.value, path="/sign-in", domain="support.example.org")
    assert browser.post("/sign-in/code", data={"code": sent.code}).status_code == 422


def test_after_a_quarter_of_an_hour_link_and_code_are_too_old(
    browsers: Browsers, person: Person, ask_for_letter: AskForLetter, clock: FrozenClock
) -> None:
    browser = browsers()
    sent = ask_for_letter(browser)
    clock.advance(minutes=15)
    assert browser.get(sent.path).status_code == browser.post(sent.path).status_code == 410
    assert browser.post("/sign-in/code", data={"code": sent.code}).status_code == 422
    assert not _is_signed_in(browser)


@pytest.mark.parametrize("token", ["0" * 64, "x", "%00", "ї", "a" * 2000])
def test_an_invented_link_looks_like_an_old_one(client: FlaskClient, token: str) -> None:
    assert client.get(f"/sign-in/{token}").status_code == client.post(f"/sign-in/{token}").status_code == 410


def test_another_browser_is_asked_back_and_sees_the_address_masked(
    browsers: Browsers, person: Person, ask_for_letter: AskForLetter
) -> None:
    path = ask_for_letter(browsers()).path
    other = browsers()
    page = other.get(path).get_data(as_text=True)
    assert "Sign in as o…@e….org?" in page
    assert ADDRESS not in page
    answer = other.post(path)
    assert (answer.status_code, answer.location) == (303, path)
    assert not _is_signed_in(other)
    assert other.post(path, data={"confirmed": "yes"}).location == "/account"
    assert _is_signed_in(other)


def test_a_code_works_only_in_the_browser_that_asked(
    browsers: Browsers, person: Person, ask_for_letter: AskForLetter
) -> None:
    code = ask_for_letter(browsers()).code
    other = browsers()
    assert other.post("/sign-in/code", data={"code": code}).location == "/sign-in"
    other.post("/sign-in", data={"email": "other@example.org"})
    assert other.post("/sign-in/code", data={"code": code}).status_code == 422
    assert not _is_signed_in(other)


def test_after_five_wrong_codes_the_right_one_no_longer_helps(
    browsers: Browsers, person: Person, ask_for_letter: AskForLetter
) -> None:
    browser = browsers()
    sent = ask_for_letter(browser)
    for _ in range(5):
        assert browser.post("/sign-in/code", data={"code": "2222-2222"}).status_code == 422
    assert browser.post("/sign-in/code", data={"code": sent.code}).status_code == 422
    assert browser.post(sent.path).status_code == 303


def test_either_letter_works_when_the_reader_asked_twice(
    browsers: Browsers, person: Person, ask_for_letter: AskForLetter
) -> None:
    browser = browsers()
    first, _second = ask_for_letter(browser), ask_for_letter(browser)
    assert browser.post("/sign-in/code", data={"code": first.code}).status_code == 303


def test_signing_in_replaces_the_session_that_was_there(
    browsers: Browsers, person: Person, database: Database, now: datetime, ask_for_letter: AskForLetter,
    signed_in: SignedIn,
) -> None:  # fmt: skip
    browser = browsers()
    with database.transaction() as session:
        planted = people.find_or_add(session, "stranger@example.org", now)
    signed_in(browser, planted)
    with browser.session_transaction(base_url="https://support.example.org") as cookie:
        before = dict(cookie)
    browser.post(ask_for_letter(browser).path)
    with browser.session_transaction(base_url="https://support.example.org") as cookie:
        assert cookie["_user_id"] != before["_user_id"]
        assert "csrf_token" not in cookie
    with database.reading() as session:
        assert session.scalars(select(SessionToken.person_id)).all() == [person.id]


def test_signing_out_ends_every_copy_of_the_cookie(
    browsers: Browsers, person: Person, database: Database, signed_in: SignedIn
) -> None:
    browser, thief = browsers(), browsers()
    token = signed_in(browser, person)
    stolen = browser.get_cookie("patronage", domain="support.example.org")
    assert stolen is not None
    thief.set_cookie("patronage", stolen.value, domain="support.example.org")
    assert _is_signed_in(thief)
    ours = {"Referer": "https://support.example.org/account"}  # over TLS the form token is taken from our pages only
    answer = browser.post("/sign-out", data={"csrf_token": token}, headers=ours)
    assert (answer.status_code, answer.location) == (303, "/")
    assert not _is_signed_in(thief)
    assert not _is_signed_in(browser)
    assert _count(database, SessionToken) == 0


def test_another_site_signs_nobody_out(browsers: Browsers, person: Person, signed_in: SignedIn) -> None:
    browser = browsers()
    token = signed_in(browser, person)
    assert browser.get("/sign-out").status_code == 405
    ours = {"Referer": "https://support.example.org/account"}
    assert browser.post("/sign-out", headers=ours).status_code == 403
    assert browser.post("/sign-out", data={"csrf_token": "invented"}, headers=ours).status_code == 403
    foreign = {**ours, "Origin": "https://evil.example"}
    assert browser.post("/sign-out", data={"csrf_token": token}, headers=foreign).status_code == 403
    assert _is_signed_in(browser)


def test_another_site_can_neither_ask_nor_press_the_button(
    browsers: Browsers, person: Person, ask_for_letter: AskForLetter, database: Database
) -> None:
    browser = browsers()
    path = ask_for_letter(browser).path
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert browser.post("/sign-in", data={"email": ADDRESS}, headers=foreign).status_code == 403
    assert browser.post(path, headers=foreign).status_code == 403
    assert browser.post(path, headers={"Origin": "null"}).status_code == 403
    assert _count(database, SignIn) == 1
    assert browser.post(path, headers={"Origin": "https://support.example.org"}).status_code == 303


def test_the_operators_link_signs_in_anywhere_once_and_is_written_down(
    app: Flask, browsers: Browsers, person: Person, database: Database, now: datetime
) -> None:
    with app.app_context(), database.transaction() as session:
        url = signing_in.sign_in_url_for(session, person.id, now, "/desk/rounds")
    path = url.removeprefix("https://support.example.org")
    browser = browsers()
    assert browser.get(path).status_code == 200
    assert browser.post(path).location == "/desk/rounds"
    assert browsers().post(path).status_code == 410


def test_links_are_built_from_the_configured_address_whatever_host_was_asked(
    browsers: Browsers, person: Person, worker: Worker, mailbox: Mailbox, settings: Settings
) -> None:
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    browsers().post("/sign-in", data={"email": ADDRESS}, headers=forged)
    worker.work_until_idle()
    for letter in mailbox.to(ADDRESS):
        assert "evil.example" not in letter.as_string()
        assert settings.base_url in letter.as_string()


def test_neither_link_nor_code_lies_in_the_database(
    browsers: Browsers, person: Person, database: Database, worker: Worker, mailbox: Mailbox,
    ask_for_letter: AskForLetter,
) -> None:  # fmt: skip
    browser = browsers()
    browser.post("/sign-in", data={"email": ADDRESS})
    with database.reading() as session:
        before = str([vars(row) for table in (SignIn, Job, Letter) for row in session.scalars(select(table))])
    sent = ask_for_letter(browser)
    with database.reading() as session:
        after = str([vars(row) for table in (SignIn, Job, Letter) for row in session.scalars(select(table))])
    for secret in (sent.path.removeprefix("/sign-in/"), sent.code, sent.code.replace("-", "")):
        assert secret not in before + after


def test_a_letter_speaks_the_persons_language_and_holds_nobody_elses_words(
    browsers: Browsers, person: Person, mailbox: Mailbox, ask_for_letter: AskForLetter
) -> None:
    ask_for_letter(browsers())
    letter = mailbox.to(ADDRESS)[-1]
    assert letter["To"] == ADDRESS
    assert letter["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
