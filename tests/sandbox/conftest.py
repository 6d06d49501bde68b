"""A sandbox that runs, Stripe's own library for it, a desk to work at, and somebody who listens."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import stripe

from patronage.sandbox.serving import RunningSandbox
from patronage.sandbox.settings import SandboxSettings
from tests.sandbox.desk import Desk
from tests.sandbox.receiver import Receiver
from tests.sandbox.shapes import problems

stripe.enable_telemetry = False


class Strict(stripe.RequestsClient):
    """Holds every answer that is read against the classes of the installed package."""

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        content, status, answered = super().request(method, url, headers, post_data, _usage=_usage)
        if status == 200:
            assert problems(json.loads(content)) == []
        return content, status, answered


@contextmanager
def library(sandbox: RunningSandbox, http: stripe.RequestsClient) -> Iterator[stripe.StripeClient]:
    """Stripe's library, pointed at the sandbox; it does not try again by itself."""
    yield stripe.StripeClient(
        "sk_test_sandbox", base_addresses={"api": sandbox.url}, max_network_retries=0, http_client=http
    )
    http.close()  # type: ignore[no-untyped-call]  # the library leaves it untyped


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A quiet sandbox whose every answer, and every event at the end, is checked for its shape."""
    settings = SandboxSettings(path=tmp_path / "sandbox.db", base_url="", deliver=False)
    with RunningSandbox(settings) as running, library(running, Strict(timeout=10)) as client:
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
    with library(sandbox, stripe.RequestsClient(timeout=3)) as client:
        yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook receiver on a free port."""
    with Receiver().running() as receiver:
        yield receiver
