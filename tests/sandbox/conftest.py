"""A sandbox that runs, Stripe's own library for it, a desk to work at, and somebody who listens."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import stripe

from patronage.sandbox.serving import RunningSandbox
from patronage.sandbox.settings import SandboxSettings
from tests.fixtures.stripe import emptied
from tests.sandbox.desk import Desk
from tests.sandbox.receiver import Receiver
from tests.sandbox.shapes import problems

stripe.enable_telemetry = False


def in_shape(answer: requests.Response, **_more: object) -> None:
    """Hold what is answered against the classes of the installed package."""
    if answer.status_code == 200:
        assert problems(answer.json()) == []


@contextmanager
def library(sandbox: RunningSandbox) -> Iterator[stripe.StripeClient]:
    """Stripe's library, pointed at the sandbox; it does not try again by itself."""
    with requests.Session() as session:
        session.hooks["response"].append(in_shape)
        http = stripe.RequestsClient(timeout=30, session=session)
        yield stripe.StripeClient(
            "sk_test_sandbox", base_addresses={"api": sandbox.url}, max_network_retries=0, http_client=http
        )


@pytest.fixture
def desk(kept_sandbox: RunningSandbox) -> Iterator[Desk]:
    """A quiet sandbox whose time moves only when told to; every answer and event is checked for its shape."""
    running = emptied(kept_sandbox)
    with library(running) as client:
        now = time.time()
        running.store.wall = lambda: now  # a slow machine must not let anything fall due
        yield Desk(running, client)
        with running.store.read() as tx:
            told = [json.loads(row["body"])["data"]["object"] for row in tx.sql("SELECT body FROM events")]
    assert sorted({line for told_of in told for line in problems(told_of)}) == []


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[RunningSandbox]:
    """A sandbox on a free port that delivers, empty, with a Maildir at `tmp_path / "mail"`."""
    settings = SandboxSettings(
        path=tmp_path / "sandbox.db",
        base_url="",
        mail_dir=tmp_path / "mail",
        clock_file=tmp_path / "clock",
    )
    with RunningSandbox(settings) as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox: RunningSandbox) -> Iterator[stripe.StripeClient]:
    """Stripe's library for `sandbox`."""
    with library(sandbox) as client:
        yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook receiver on a free port."""
    with Receiver().running() as receiver:
        yield receiver
