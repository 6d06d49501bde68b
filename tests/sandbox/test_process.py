"""The sandbox as a process of its own: empty, told to end, killed, and started again on what it kept."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import stripe

from tests.sandbox.opening import open_session
from tests.sandbox.receiver import Receiver

PATIENCE = 30  # seconds a start or an end may take on a busy machine


@contextmanager
def started(var: Path, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`patronage sandbox` and its address; killed at the end when it is still there."""
    environment = {**os.environ, "VAR": str(var), "SANDBOX_PORT": str(port)}
    command = [sys.executable, "-m", "patronage", "sandbox"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process, process.stdout.readline().split()[-1]
        finally:
            process.kill()


def library(url: str) -> stripe.StripeClient:
    http = stripe.RequestsClient(timeout=30)
    return stripe.StripeClient("sk_test_x", base_addresses={"api": url}, max_network_retries=0, http_client=http)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_sandbox_by_itself_is_empty_and_ends_when_told_to(tmp_path: Path, ending: signal.Signals) -> None:
    with started(tmp_path) as (process, url):
        assert requests.get(f"{url}/_sandbox/truth.json", timeout=30).json() == {}
        assert requests.get(f"{url}/_sandbox/deliveries", timeout=30).json() == []

        process.send_signal(ending)

        assert process.wait(PATIENCE) == 0


def test_a_sandbox_ends_at_once_though_a_webhook_hangs(tmp_path: Path, receiver: Receiver) -> None:
    receiver.hold()
    with started(tmp_path) as (process, url):
        client = library(url)
        client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["*"]})
        client.v1.customers.create({"email": "ana@example.org"})
        receiver.wait_for_a_caller()

        process.send_signal(signal.SIGTERM)

        assert process.wait(8) == 0  # a webhook is waited for longer than that


def test_what_was_told_survives_being_killed(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answer = lambda _nth: 500
    with started(tmp_path) as (process, url):
        client = library(url)
        client.v1.webhook_endpoints.create({"url": receiver.url, "enabled_events": ["checkout.session.completed"]})
        requests.post(f"{url}/_sandbox/clock/advance", json={"days": 1}, timeout=30).raise_for_status()
        session = open_session(client)
        requests.post(f"{url}/_sandbox/checkout/{session.id}/pay", timeout=30).raise_for_status()
        receiver.wait_for(1)
        before = requests.get(f"{url}/_sandbox/truth.json", timeout=30).json()
        process.kill()
        assert process.wait(PATIENCE) == -signal.SIGKILL

    receiver.answer = lambda _nth: 200
    with started(tmp_path) as (process, url):
        assert requests.get(f"{url}/_sandbox/truth.json", timeout=30).json() == before
        requests.post(f"{url}/_sandbox/clock/advance", json={"days": 1}, timeout=30).raise_for_status()
        [listed] = requests.get(f"{url}/_sandbox/deliveries", timeout=30).json()
        assert [attempt["status"] for attempt in listed["attempts"]] == [500, 200]
