"""What tests of the support page share: the form as a program sends it, and what a page says."""

import re
from html import unescape

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

MONTHLY = {"amount": "5", "currency": "EUR", "interval": "month", "email": "ann@reader.example"}


def send(client: FlaskClient, **fields: str) -> TestResponse:
    """Send the form: five euros a month from Ann, but for what `fields` say."""
    return client.post("/support", data=MONTHLY | fields)


def session_id(answer: TestResponse) -> str:
    """Return the id of the Checkout session an answer leads to."""
    assert answer.status_code == 303, answer.text
    found = re.search(r"/c/pay/(cs_\w+)", answer.headers["Location"])
    assert found, answer.headers["Location"]
    return found[1]


def words(answer: TestResponse) -> str:
    """Return what a page says, without its marks and with single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def path_of(address: str) -> str:
    """Return the path and query of a full address."""
    return re.sub(r"^https?://[^/]+", "", address)
