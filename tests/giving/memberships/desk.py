"""The administrator's browser in the tests of memberships."""

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

ORIGIN = {"Origin": "https://support.example.org"}


@dataclass
class Desk:
    """A browser signed in at the desk."""

    browser: FlaskClient
    token: str

    def get(self, path: str) -> TestResponse:
        """Open a page."""
        return self.browser.get(path)

    def send(self, path: str, **fields: Any) -> TestResponse:
        """Send a form."""
        return self.browser.post(path, data={"csrf_token": self.token, **fields}, headers=ORIGIN)
