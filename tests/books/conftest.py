"""What tests of papers share: the context in which words are translated, and who keeps the books."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from patronage.foundation.database import Database
from patronage.people import staff
from patronage.people.models import Person
from tests.books.donors import donor
from tests.fixtures.app import Browsers, SignIn


@pytest.fixture
def app_context(app: Flask) -> Iterator[None]:
    """Inside a request, as words are translated into its language."""
    with app.test_request_context(base_url="https://support.example.org"):
        yield


@pytest.fixture
def vira(database: Database, now: datetime) -> Person:
    """Somebody who gives."""
    with database.transaction() as session:
        return donor(session, now)


@pytest.fixture
def her_browser(browsers: Browsers, signed_in: SignIn, vira: Person) -> tuple[FlaskClient, str]:
    """The donor's browser, and what its forms send as `csrf_token`."""
    browser = browsers()
    return browser, signed_in(browser, vira)


@pytest.fixture
def bookkeeper(database: Database, now: datetime) -> Person:
    """Whoever keeps the books."""
    with database.transaction() as session:
        return staff.grant(session, "books@newsroom.example", "bookkeeper", now)


@pytest.fixture
def desk(browsers: Browsers, signed_in: SignIn, bookkeeper: Person) -> tuple[FlaskClient, str]:
    """The bookkeeper's browser, and what its forms send as `csrf_token`."""
    browser = browsers()
    return browser, signed_in(browser, bookkeeper)
