"""What goes wrong when it is told to, as Stripe's own library meets it."""

import queue
import threading
from pathlib import Path

import pytest
import requests
import stripe

from patronage.sandbox import faults
from patronage.sandbox.serving import RunningSandbox
from patronage.sandbox.settings import SandboxSettings


def broken(sandbox: RunningSandbox, fault: str, path: str = "/v1/customers", times: int = 1) -> None:
    wanted: list[dict[str, str | int]] = [{"path": path, "times": times, "fault": fault}]
    requests.put(f"{sandbox.url}/_sandbox/faults", json=wanted, timeout=30).raise_for_status()


def emails(client: stripe.StripeClient) -> list[str | None]:
    return [customer.email for customer in client.v1.customers.list().data]


def patient(sandbox: RunningSandbox) -> stripe.StripeClient:
    return stripe.StripeClient(
        "sk_test_sandbox",
        base_addresses={"api": sandbox.url},
        max_network_retries=2,
        http_client=stripe.RequestsClient(timeout=30),
    )


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("429", stripe.RateLimitError),
        ("500", stripe.APIError),
        ("html503", stripe.APIError),
        ("drop", stripe.APIConnectionError),
    ],
)
def test_a_fault_is_an_error_once_and_does_nothing(
    sandbox: RunningSandbox, client: stripe.StripeClient, fault: str, error: type[stripe.StripeError]
) -> None:
    broken(sandbox, fault)
    with pytest.raises(error):
        client.v1.customers.create({"email": "first@example.org"})
    client.v1.customers.create({"email": "second@example.org"})
    assert emails(client) == ["second@example.org"]


def test_what_is_dropped_after_the_commit_was_done(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    broken(sandbox, "commit_then_drop")
    with pytest.raises(stripe.APIConnectionError):
        client.v1.customers.create({"email": "reader@example.org"})
    assert emails(client) == ["reader@example.org"]


def test_a_dropped_call_tried_again_with_its_key_is_done_once(sandbox: RunningSandbox) -> None:
    broken(sandbox, "commit_then_drop")
    client = patient(sandbox)
    customer = client.v1.customers.create({"email": "reader@example.org"})
    assert [kept.id for kept in client.v1.customers.list().data] == [customer.id]


def test_a_kept_500_is_the_answer_to_its_key(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    broken(sandbox, "500")
    for _ in range(2):
        with pytest.raises(stripe.APIError) as caught:
            client.v1.customers.create({"email": "reader@example.org"}, {"idempotency_key": "once"})
        assert caught.value.http_status == 500
    assert emails(client) == []


def test_a_call_that_hangs_outlasts_the_patience_of_the_client(sandbox: RunningSandbox) -> None:
    broken(sandbox, "hang")
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{sandbox.url}/v1/customers", timeout=0.5)
    assert faults.HANG > 15  # seconds: longer than the product waits


def test_a_call_that_hangs_is_let_go_at_the_end(tmp_path: Path) -> None:
    outcome: queue.Queue[Exception] = queue.Queue()

    def hang(url: str) -> None:
        try:
            requests.get(f"{url}/v1/customers", timeout=faults.HANG * 2)
        except requests.RequestException as error:
            outcome.put(error)

    with RunningSandbox(SandboxSettings(path=tmp_path / "sandbox.db", base_url="", deliver=False)) as sandbox:
        broken(sandbox, "hang")
        caller = threading.Thread(target=hang, args=[sandbox.url])
        caller.start()
        while faults.listed(sandbox.store):
            pass
    assert isinstance(outcome.get(timeout=faults.HANG / 2), requests.ConnectionError)
    caller.join()


def test_faults_meet_their_own_path_alone_and_are_used_up(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    broken(sandbox, "429", path="/v1/customers", times=2)
    client.v1.products.list()
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError):
            client.v1.customers.list()
    client.v1.customers.list()
    assert requests.get(f"{sandbox.url}/_sandbox/faults", timeout=30).json() == []


def test_a_drop_with_a_body_leaves_nothing_on_the_line(sandbox: RunningSandbox) -> None:
    broken(sandbox, "drop")
    with requests.Session() as line:
        headers = {"Authorization": "Bearer sk_test_sandbox"}
        with pytest.raises(requests.ConnectionError):
            line.post(f"{sandbox.url}/v1/customers", data={"name": "x" * 50000}, headers=headers, timeout=30)
        answer = line.get(f"{sandbox.url}/v1/customers", headers=headers, timeout=30)
    assert answer.status_code == 200
