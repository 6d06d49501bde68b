"""Ann, who gives five euros a month and changes her mind in every way there is."""

import pytest

from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.sandbox.serving import RunningSandbox
from tests.fixtures.app import Browsers, SignIn
from tests.giving.keeping.patrons import ANN, CutOff, Patron, enter
from tests.giving.readers import Readers, pledges


@pytest.fixture
def payments(sandbox: RunningSandbox, settings: Settings) -> CutOff:
    """The gateway whose connection can be cut."""
    return CutOff(settings.model_copy(update={"stripe_api_base": sandbox.url}), retries=0)


@pytest.fixture
def ann(browsers: Browsers, readers: Readers, tools: Tools, signed_in: SignIn) -> Patron:
    """Ann gives five euros a month since 2 March, and is signed in."""
    readers.patron(email=ANN)
    browser = browsers()
    token = enter(browser, ANN, tools, signed_in)
    with tools.database.reading() as session:
        reference = pledges(session)[-1].reference
    return Patron(browser, token, reference, readers)
