"""Who and what the tests of voting begin with: a round, a patron, an editor, browsers on our own pages."""

from datetime import datetime

import pytest
from flask.testing import FlaskClient

from patronage.ballots.models import Round
from patronage.foundation.database import Database
from patronage.foundation.settings import Settings
from patronage.people import staff
from patronage.people.models import Person
from tests.ballots.polls import a_patron, an_open_round
from tests.fixtures.app import Browsers


@pytest.fixture
def browsers(browsers: Browsers, settings: Settings) -> Browsers:
    """`browsers()` opens a browser that tells, as real ones do, that its forms come from our own pages."""

    def another() -> FlaskClient:
        browser = browsers()
        browser.environ_base["HTTP_REFERER"] = f"{settings.base_url}/topics"
        return browser

    return another


@pytest.fixture
def round_(database: Database, now: datetime) -> Round:
    """A round that takes votes for seven days."""
    with database.transaction() as session:
        return an_open_round(session, now)


@pytest.fixture
def patron(database: Database, now: datetime) -> Person:
    """Somebody whose payment has settled."""
    with database.transaction() as session:
        return a_patron(session, now)


@pytest.fixture
def editor(database: Database, now: datetime) -> Person:
    """An editor of the newsroom."""
    with database.transaction() as session:
        return staff.grant(session, "editor@newsroom.example", "editor", now)
