"""Browsers for the tests of voting, which send forms from our own pages."""

import pytest
from flask.testing import FlaskClient

from patronage.foundation.settings import Settings
from tests.fixtures.app import Browsers


@pytest.fixture
def browsers(browsers: Browsers, settings: Settings) -> Browsers:
    """`browsers()` opens a browser that tells, as real ones do, that its forms come from our own pages."""

    def another() -> FlaskClient:
        browser = browsers()
        browser.environ_base["HTTP_REFERER"] = f"{settings.base_url}/topics"
        return browser

    return another
