"""What tests of signing in share: a person, and a way to ask for a letter and read it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pytest
from flask.testing import FlaskClient

from patronage.foundation.database import Database
from patronage.foundation.post import Mailbox
from patronage.foundation.worker import Worker
from patronage.people import people
from patronage.people.models import Person

ADDRESS = "olena@example.org"


@dataclass(frozen=True)
class Sent:
    """What a letter to sign in holds: the path of its link, and its code as written."""

    path: str
    code: str


AskForLetter = Callable[..., Sent]


@pytest.fixture
def person(database: Database, now: datetime) -> Person:
    """Somebody with an address here."""
    with database.transaction() as session:
        return people.find_or_add(session, ADDRESS, now, name="Olena")


@pytest.fixture
def ask_for_letter(worker: Worker, mailbox: Mailbox) -> AskForLetter:
    """`ask_for_letter(client, email=…, next=…)` asks to sign in and returns what the newest letter holds."""

    def ask(client: FlaskClient, email: str = ADDRESS, **form: str) -> Sent:
        answer = client.post("/sign-in", data={"email": email, **form})
        assert answer.status_code == 303, answer.get_data(as_text=True)
        worker.work_until_idle()
        letter = mailbox.to(email)[-1].get_body(("plain",))
        assert letter is not None
        text = letter.get_content()
        path, code = re.search(r"https://[^/]+(/sign-in/\w+)", text), re.search(r"\b\w{4}-\w{4}\b", text)
        assert path, text
        assert code, text
        return Sent(path[1], code[0])

    return ask
