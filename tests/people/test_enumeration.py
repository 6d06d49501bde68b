"""Whether somebody has an address here, or a page leads elsewhere: nobody learns it from signing in."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from patronage.foundation.database import Database
from patronage.foundation.post import Mailbox
from patronage.foundation.worker import Worker
from patronage.people import signing_in
from patronage.people.models import Person
from tests.fixtures.app import Browsers
from tests.people.conftest import ADDRESS, AskForLetter

STRANGER = "nobody@example.org"


@contextmanager
def _statements(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "FROM identity" not in statement and not statement.startswith("BEGIN"):  # read again once a second
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


def _told(answer: TestResponse) -> tuple[int, str, list[str], str]:
    """What an answer tells, but for the signed cookie, which differs every time."""
    cookies = [cookie.split(";", 1)[1] for cookie in answer.headers.getlist("Set-Cookie")]
    others = sorted(f"{name}: {value}" for name, value in answer.headers if name not in {"Set-Cookie", "Date"})
    return answer.status_code, answer.get_data(as_text=True), cookies, "\n".join(others)


def _ask(client: FlaskClient, email: str) -> tuple[tuple[int, str, list[str], str], str]:
    told = _told(client.post("/sign-in", data={"email": email}))
    return told, client.get("/sign-in/sent").get_data(as_text=True).replace(email, "…")


def test_known_and_unknown_addresses_are_answered_alike(
    browsers: Browsers, person: Person, worker: Worker, mailbox: Mailbox
) -> None:
    known, unknown = _ask(browsers(), ADDRESS), _ask(browsers(), STRANGER)
    assert [value if "Expires" not in str(value) else "" for value in known[0]] == [
        value if "Expires" not in str(value) else "" for value in unknown[0]
    ]
    assert known[1] == unknown[1]
    worker.work_until_idle()
    assert len(mailbox.to(ADDRESS)) == 1
    assert mailbox.to(STRANGER) == []


def test_known_and_unknown_addresses_cost_the_same_statements(
    browsers: Browsers, person: Person, database: Database
) -> None:
    with _statements(database) as for_known:
        browsers().post("/sign-in", data={"email": ADDRESS})
    with _statements(database) as for_unknown:
        browsers().post("/sign-in", data={"email": STRANGER})
    assert for_known == for_unknown
    assert len(for_known) > 3


def test_wrong_codes_are_answered_alike(browsers: Browsers, person: Person, ask_for_letter: AskForLetter) -> None:
    pages = []
    for email in (ADDRESS, STRANGER):
        browser = browsers()
        browser.post("/sign-in", data={"email": email})
        answers = [browser.post("/sign-in/code", data={"code": "2222-2222"}) for _ in range(6)]
        pages.append([(answer.status_code, answer.get_data(as_text=True).replace(email, "…")) for answer in answers])
    assert pages[0] == pages[1]


def test_whoever_asks_too_often_gets_the_same_answer_but_no_letter(
    browsers: Browsers, person: Person, worker: Worker, mailbox: Mailbox
) -> None:
    answers = {email: [_ask(browsers(), email) for _ in range(7)] for email in (ADDRESS, STRANGER)}
    assert {answer[0][0] for answer in answers[ADDRESS]} == {303}
    assert answers[ADDRESS][0][1] == answers[ADDRESS][6][1] == answers[STRANGER][6][1]
    worker.work_until_idle()
    assert len(mailbox.to(ADDRESS)) == 5


def test_one_network_cannot_lock_an_address_out_for_others(
    browsers: Browsers, person: Person, worker: Worker, mailbox: Mailbox
) -> None:
    for _ in range(10):
        browsers().post("/sign-in", data={"email": ADDRESS}, environ_overrides={"REMOTE_ADDR": "203.0.113.5"})
    browsers().post("/sign-in", data={"email": ADDRESS}, environ_overrides={"REMOTE_ADDR": "198.51.100.7"})
    worker.work_until_idle()
    assert len(mailbox.to(ADDRESS)) == 6


@pytest.mark.parametrize("typed", ["", "olena", "olena@example.org\r\nBcc: x@example.org", "a" * 300 + "@example.org"])
def test_a_bad_address_is_told_beside_the_field_and_kept(client: FlaskClient, typed: str) -> None:
    answer = client.post("/sign-in", data={"email": typed})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "<title>Error:" in page
    assert 'href="#email"' in page
    assert typed.split("\r", maxsplit=1)[0] in page


def test_spaces_around_an_address_do_no_harm(
    browsers: Browsers, person: Person, worker: Worker, mailbox: Mailbox
) -> None:
    browsers().post("/sign-in", data={"email": f"  {ADDRESS} "})
    worker.work_until_idle()
    assert len(mailbox.to(ADDRESS)) == 1


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
        "evil.example",
        "/\t/evil.example", "/\n/evil.example", "javascript:alert(1)", " /account", "/a b",
        "/" + "a" * 600, "/sign-out", "",
    ],
)  # fmt: skip
def test_the_way_on_never_leads_elsewhere(
    browsers: Browsers, person: Person, ask_for_letter: AskForLetter, path: str
) -> None:
    browser = browsers()
    assert signing_in.inside(path) == ""
    assert browser.post(ask_for_letter(browser, next=path).path).location == "/account"


@pytest.mark.parametrize("path", ["/", "/account", "/topics/3?lang=uk", "/desk/rounds#open"])
def test_the_way_on_leads_to_any_page_of_ours(path: str) -> None:
    assert signing_in.inside(path) == path
