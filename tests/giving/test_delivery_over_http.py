"""The sandbox's own courier carries events to the served app: late, twice, last first, from several sides at once."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from werkzeug.serving import WSGIRequestHandler, make_server

from patronage.app import create_app
from patronage.foundation.clock import FrozenClock
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.giving.gateway import Gateway
from patronage.sandbox.serving import RunningSandbox
from patronage.sandbox.settings import SandboxSettings
from tests.fixtures.stripe import StripeTools
from tests.giving.readers import Readers, outcomes, picture

PATRONS = 3
PATIENCE_SECONDS = 20


class Quiet(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@pytest.fixture
def sandbox(tmp_path: Path, clock: FrozenClock) -> Iterator[RunningSandbox]:
    """A sandbox that delivers by itself."""
    behind = int(time.time()) - int(clock.now().timestamp())
    with RunningSandbox(SandboxSettings(tmp_path / "sandbox.db", "", starts_ago=behind)) as running:
        yield running


@pytest.fixture
def served(sandbox: RunningSandbox, tools: Tools, settings: Settings, stripe_tools: StripeTools) -> Iterator[Readers]:
    """Readers of an app that is served on loopback, with the sandbox told where its door is."""
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True, request_handler=Quiet)
    door = f"http://127.0.0.1:{server.port}/webhooks/stripe"
    made = stripe_tools.api.webhook_endpoints.create({"url": door, "enabled_events": ["*"]})
    known = settings.model_copy(
        update={"stripe_webhook_secret": SecretStr(made.secret), "stripe_api_base": sandbox.url}
    )
    ours = Tools(tools.database, tools.clock, tools.post, Gateway(known, retries=0))
    server.app = create_app(known, ours)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    yield Readers(server.app, ours, known, stripe_tools)
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.mark.parametrize(
    "manner",
    [{"duplicate": 1.0}, {"reverse": True}, {"concurrent": True, "duplicate": 0.5}, {"delay": 1}],
    ids=["twice", "last first", "from several sides", "late"],
)
def test_whatever_the_manner_of_delivery_the_same_is_true_after(
    served: Readers, stripe_tools: StripeTools, tools: Tools, manner: dict[str, Any]
) -> None:
    stripe_tools.deliver_in(manner)
    for number in range(PATRONS):
        stripe_tools.pay(served.offered(email=f"reader{number}@reader.example"))
    told = {event["id"] for event in stripe_tools.events()}
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and not (told <= set(outcomes(tools)) and "None" not in outcomes(tools).values()):
        served.apply()
        time.sleep(0.05)
    shown = picture(tools)
    assert set(outcomes(tools).values()) == {"applied", "ignored"}
    assert [(each["state"], each["attached"]) for each in shown["pledges"]] == [("active", True)] * PATRONS
    assert shown["letters"] == ["giving/receipt"] * PATRONS
    assert [entry[0] for entry in shown["ledger"]] == ["fee"] * PATRONS + ["payment"] * PATRONS
