"""Guards: forms from elsewhere are refused, and so is what we cannot place."""

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue

from patronage.foundation.tools import Tools
from patronage.foundation.web.guards import machine, patron, public, staff
from patronage.foundation.web.ids import LARGEST
from patronage.people import staff as people_staff
from patronage.people.models import Person
from patronage.people.people import find_or_add
from tests.fixtures.app import SignIn
from tests.fixtures.tools import BASE_URL

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def _inside() -> ResponseReturnValue:
    return Response("in", mimetype="text/plain")


@pytest.fixture
def doors(app: Flask, client: FlaskClient) -> FlaskClient:
    """A browser for an app with one door of each sort."""
    for name, guard in {"public": public, "machine": machine, "patron": patron, "staff": staff("editor")}.items():
        app.add_url_rule(f"/door/{name}", f"door_{name}", guard(_inside), methods=METHODS)
    return client


@pytest.fixture
def person(tools: Tools) -> Person:
    with tools.database.transaction() as session:
        return find_or_add(session, "reader@example.org", tools.clock.now())


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://support.example.org"},
    {"Origin": "https://support.example.org:8443"},
    {"Origin": "https://support.example.org.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "something-new"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "cross-site", "Origin": BASE_URL},
]
OURS: list[dict[str, str]] = [
    {},
    {"Origin": BASE_URL},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-origin", "Origin": BASE_URL},
]


def test_a_form_from_elsewhere_is_refused(doors: FlaskClient) -> None:
    for headers in FOREIGN:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert doors.open("/door/public", method=method, headers=headers).status_code == 403, (method, headers)


def test_a_form_of_our_own_is_taken(doors: FlaskClient) -> None:
    for headers in OURS:
        assert doors.post("/door/public", headers=headers).status_code == 200, headers


def test_links_may_come_from_anywhere(doors: FlaskClient) -> None:
    for headers in FOREIGN:
        for method in ("GET", "HEAD", "OPTIONS"):
            assert doors.open("/door/public", method=method, headers=headers).status_code == 200, (method, headers)


def test_machines_are_not_asked_where_they_come_from(doors: FlaskClient) -> None:
    assert doors.post("/door/machine", headers={"Origin": "null"}).status_code == 200


@pytest.mark.parametrize("door", ["patron", "staff"])
def test_strangers_are_asked_to_sign_in_and_come_back(doors: FlaskClient, door: str) -> None:
    answer = doors.get(f"/door/{door}?page=2")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/sign-in?next=/door/{door}?page%3D2")
    assert doors.post(f"/door/{door}").headers["Location"] == "/sign-in?next=/account"


def test_a_signed_in_form_needs_its_token_and_our_origin(doors: FlaskClient, signed_in: SignIn, person: Person) -> None:
    token = signed_in(doors, person)
    assert doors.post("/door/patron").status_code == 403
    assert doors.post("/door/patron", data={"csrf_token": "forged"}).status_code == 403
    good = {"csrf_token": token}
    assert doors.post("/door/patron", data=good, headers={"Origin": "https://evil.example"}).status_code == 403
    secure = {"Referer": BASE_URL + "/account", "Origin": BASE_URL}
    assert doors.post("/door/patron", data=good, headers=secure).status_code == 200


def test_a_token_of_one_session_is_none_in_another(doors: FlaskClient, signed_in: SignIn, person: Person) -> None:
    first = signed_in(doors, person)
    signed_in(doors, person)
    assert doors.post("/door/patron", data={"csrf_token": first}).status_code == 403


def test_a_patron_is_not_staff(doors: FlaskClient, signed_in: SignIn, person: Person) -> None:
    signed_in(doors, person)
    assert doors.get("/door/staff").status_code == 403


@pytest.mark.parametrize(("role", "status"), [("editor", 200), ("admin", 200), ("bookkeeper", 403)])
def test_a_door_opens_for_its_roles_and_for_administrators(
    doors: FlaskClient, signed_in: SignIn, tools: Tools, person: Person, role: str, status: int
) -> None:
    with tools.database.transaction() as session:
        people_staff.grant(session, person.email, role, tools.clock.now())
    signed_in(doors, person)
    assert doors.get("/door/staff").status_code == status


def test_a_page_mark_that_is_none_is_the_first_page(
    client: FlaskClient, signed_in: SignIn, tools: Tools, person: Person
) -> None:
    with tools.database.transaction() as session:
        people_staff.grant(session, person.email, "admin", tools.clock.now())
    signed_in(client, person)
    for mark in ("0", "-1", str(LARGEST), str(LARGEST + 1), "9" * 400, "٣", "1e3", "x", "1.0"):
        for page in ("/desk/patrons?before=", "/desk/audit?before=", "/account?before=1-", "/account?before="):
            assert client.get(page + mark).status_code == 200, (page, mark)


def test_an_id_no_row_can_have_is_a_page_that_is_not_there(
    client: FlaskClient, signed_in: SignIn, tools: Tools, person: Person
) -> None:
    with tools.database.transaction() as session:
        people_staff.grant(session, person.email, "admin", tools.clock.now())
    signed_in(client, person)
    for number in (LARGEST, LARGEST + 1, int("9" * 400)):
        for path in ("/topics", "/desk/rounds", "/desk/topics"):
            assert client.get(f"{path}/{number}").status_code == 404, path
