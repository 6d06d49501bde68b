"""The desk's pages of tokens and hooks: secrets shown once, tests sent, everything written down, for admins alone."""

import re
from datetime import datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Database
from patronage.foundation.post import Mailbox
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.newsroom.api.models import ApiToken
from patronage.newsroom.hooks.models import Hook
from patronage.people import staff
from patronage.people.models import AuditEntry
from tests.fixtures.app import SignIn
from tests.fixtures.receiver import Receiver

HOOKS, TOKENS = "/desk/settings/hooks", "/desk/settings/tokens"


@pytest.fixture
def tools(database: Database, clock: FrozenClock, mailbox: Mailbox, payments: object, receiver: Receiver) -> Tools:
    """Tools whose world outside is the receiver."""
    return Tools(database, clock, mailbox, payments, receiver.outside())


@pytest.fixture
def admin(client: FlaskClient, database: Database, signed_in: SignIn, now: datetime) -> dict[str, str]:
    """An administrator is signed in; what their forms send along."""
    with database.transaction() as session:
        person = staff.grant(session, "admin@newsroom.example", "admin", now)
    return {"csrf_token": signed_in(client, person)}


def deeds(database: Database) -> list[str]:
    """What was written down."""
    with database.reading() as session:
        return list(session.scalars(select(AuditEntry.deed).order_by(AuditEntry.id)))


def test_a_token_is_made_shown_once_and_revoked(client: FlaskClient, database: Database, admin: dict[str, str]) -> None:
    empty = client.post(TOKENS, data={**admin, "name": "", "days": "365"})
    assert empty.status_code == 422
    made = client.post(TOKENS, data={**admin, "name": "Archive", "scopes": ["results:read"], "days": "90"})
    token = re.search(r"patronage_[\w-]{43}", made.text)
    assert token
    assert token[0] not in client.get(TOKENS).text
    sent = {"Authorization": f"Bearer {token[0]}"}
    assert client.get("/api/v1/rounds", headers=sent).status_code == 200
    with database.reading() as session:
        row = session.scalars(select(ApiToken)).one()
    assert client.post(f"{TOKENS}/{row.id}/revoke", data=admin).status_code == 303
    assert client.get("/api/v1/rounds", headers=sent).status_code == 401
    assert deeds(database)[-2:] == ["API token made", "API token revoked"]


def test_an_address_is_added_tested_and_sent_to_again(
    client: FlaskClient, database: Database, admin: dict[str, str], receiver: Receiver, worker: Worker
) -> None:
    said = {**admin, "name": "Archive", "kind": "standard", "url": receiver.url, "events": ["round.closed"]}
    refused = client.post(f"{HOOKS}/new", data={**said, "url": "http://inside.example/"})
    assert refused.status_code == 422
    assert "https://" in refused.text
    added = client.post(f"{HOOKS}/new", data=said)
    secret = re.search(r"whsec_[\w+/=]{44}", added.text)
    assert secret
    with database.reading() as session:
        place = f"{HOOKS}/{session.scalars(select(Hook.id)).one()}"
    assert client.post(f"{place}/test", data=admin).status_code == 303
    worker.work_until_idle()
    assert b"test.ping" in receiver.received[0][1]
    page = client.get(place)
    assert "thank you" in page.text
    assert secret[0] not in page.text
    again = re.search(rf"{place}/messages/\d+/again", page.text)
    assert again
    client.post(again[0], data=admin)
    worker.work_until_idle()
    assert receiver.received[0][1] == receiver.received[1][1]


def test_an_address_is_changed_switched_renewed_and_removed(
    client: FlaskClient, database: Database, admin: dict[str, str], receiver: Receiver
) -> None:
    said = {**admin, "name": "Chat", "kind": "chat", "url": receiver.url, "events": ["round.closed"]}
    assert client.post(f"{HOOKS}/new", data=said).status_code == 303  # a chat has no secret to show
    client.post(f"{HOOKS}/new", data={**said, "kind": "standard"})
    with database.reading() as session:
        chat, program = (f"{HOOKS}/{each}" for each in session.scalars(select(Hook.id).order_by(Hook.id)))
    client.post(chat, data={**admin, "name": "Channel", "url": "", "events": ["topic.published", "round.opened"]})
    assert client.post(f"{chat}/secret", data=admin).status_code == 404
    assert "whsec_" in client.post(f"{program}/secret", data=admin).text
    client.post(f"{chat}/off", data=admin)
    assert "Switched off since" in client.get(chat).text
    client.post(f"{chat}/on", data=admin)
    client.post(f"{program}/remove", data=admin)
    assert client.get(program).status_code == 404
    assert "Channel" in client.get(HOOKS).text
    wanted = ["hook added", "hook added", "hook changed", "hook secret renewed", "hook switched", "hook switched"]
    assert deeds(database)[-7:] == [*wanted, "hook removed"]


def test_names_are_kept_in_one_line_without_signs_nobody_sees(
    client: FlaskClient, database: Database, admin: dict[str, str], receiver: Receiver
) -> None:
    typed, blank = "Chat\0 of\r\nthe \u202edesk", "\0 \u200b"
    hook = {**admin, "kind": "chat", "url": receiver.url, "events": ["round.closed"]}
    token = {**admin, "scopes": ["results:read"], "days": "90"}
    for place, said in ((f"{HOOKS}/new", hook), (TOKENS, token)):
        assert client.post(place, data={**said, "name": blank}).status_code == 422
        assert client.post(place, data={**said, "name": typed}).status_code in {200, 303}
    with database.reading() as session:
        assert session.scalars(select(Hook.name).union_all(select(ApiToken.name))).all() == ["Chat of the desk"] * 2


@pytest.mark.parametrize(
    "url", ["https://[::1", "https://news.example:99999/", "https://news.example:x/", "https://a b.example/", "https://",
            "https://news.example/\r\nx", "https://user:word@news.example/", "https://" + "a" * 300 + ".example/"],
)  # fmt: skip
def test_what_is_no_address_is_told_beside_its_field(
    client: FlaskClient, database: Database, admin: dict[str, str], url: str
) -> None:
    said = {**admin, "name": "Bus", "kind": "standard", "url": url, "events": ["round.closed"]}
    answer = client.post(f"{HOOKS}/new", data=said)
    assert answer.status_code == 422
    assert 'href="#url"' in answer.text
    with database.reading() as session:
        assert session.scalars(select(Hook)).all() == []


def test_editors_do_not_come_here(client: FlaskClient, database: Database, signed_in: SignIn, now: datetime) -> None:
    with database.transaction() as session:
        person = staff.grant(session, "editor@newsroom.example", "editor", now)
    signed_in(client, person)
    assert {client.get(path).status_code for path in (HOOKS, f"{HOOKS}/new", f"{HOOKS}/1", TOKENS)} == {403}
