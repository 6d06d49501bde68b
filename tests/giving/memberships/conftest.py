"""Who stands at the desk in the tests of memberships."""

from datetime import datetime

import pytest
from flask.testing import FlaskClient

from patronage.foundation.database import Database
from patronage.giving.memberships.pricing import Editor
from patronage.people import staff
from patronage.people.models import Person
from tests.fixtures.app import Browsers, SignIn
from tests.giving.memberships.desk import Desk


@pytest.fixture
def admin(database: Database, now: datetime) -> Person:
    """An administrator."""
    with database.transaction() as session:
        return staff.grant(session, "admin@newsroom.example", "admin", now)


@pytest.fixture
def editor(admin: Person, now: datetime) -> Editor:
    """The administrator at this moment, as rules know them."""
    return Editor(admin.id, now)


@pytest.fixture
def desk(browsers: Browsers, signed_in: SignIn, admin: Person) -> Desk:
    """The administrator's browser."""
    browser: FlaskClient = browsers()
    return Desk(browser, signed_in(browser, admin))
