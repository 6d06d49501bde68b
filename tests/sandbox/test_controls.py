"""The sandbox's own controls, as the contract names them."""

from typing import Any

import pytest
import requests
import stripe

from patronage.sandbox.serving import RunningSandbox
from tests.sandbox.opening import open_session
from tests.sandbox.receiver import Receiver, happen, listen


def control(sandbox: RunningSandbox, method: str, path: str, **more: Any) -> requests.Response:
    return requests.request(method, f"{sandbox.url}/_sandbox/{path}", timeout=30, allow_redirects=False, **more)


def test_a_session_is_paid(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    session = open_session(client)
    answer = control(
        sandbox, "POST", f"checkout/{session.id}/pay", json={"card": "4242424242424242", "email": "a@b.org"}
    ).json()
    assert answer["status"] == "complete"
    assert answer["redirect"] == f"http://127.0.0.1:9/thanks?session={session.id}"
    paid = client.v1.checkout.sessions.retrieve(session.id)
    assert (paid.status, paid.payment_status) == ("complete", "paid")


def test_an_empty_body_pays_with_the_card_that_works(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    session = open_session(client)
    assert control(sandbox, "POST", f"checkout/{session.id}/pay").json()["status"] == "complete"


def test_a_declined_card_leaves_the_session_open(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    session = open_session(client)
    answer = control(sandbox, "POST", f"checkout/{session.id}/pay", json={"card": "4000000000009995"}).json()
    assert (answer["status"], answer["decline_code"]) == ("declined", "insufficient_funds")
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"


def test_three_d_secure_is_answered(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    session = open_session(client)
    asked = control(sandbox, "POST", f"checkout/{session.id}/pay", json={"card": "4000002500003155"}).json()
    assert asked["status"] == "requires_action"
    failed = control(sandbox, "POST", f"checkout/{session.id}/authenticate", json={"outcome": "fail"}).json()
    assert failed["status"] == "declined"
    control(sandbox, "POST", f"checkout/{session.id}/pay", json={"card": "4000002500003155"})
    approved = control(sandbox, "POST", f"checkout/{session.id}/authenticate", json={"outcome": "approve"}).json()
    assert approved["status"] == "complete"


def test_leaving_tells_where_to_go(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    session = open_session(client)
    answer = control(sandbox, "POST", f"checkout/{session.id}/leave").json()
    assert answer == {"status": "open", "redirect": "http://127.0.0.1:9/support"}


def test_a_bank_debit_settles_three_days_later(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    session = open_session(client)
    control(sandbox, "POST", f"checkout/{session.id}/pay", json={"method": "bank_debit"})
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "unpaid"
    control(sandbox, "POST", "clock/advance", json={"days": 4})
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


@pytest.mark.parametrize(("step", "least"), [({"seconds": 90}, 90), ({"days": 2}, 172800), ({"months": 1}, 2419200)])
def test_the_clock_moves_on(sandbox: RunningSandbox, step: dict[str, int], least: int) -> None:
    before = control(sandbox, "GET", "clock").json()
    after = control(sandbox, "POST", "clock/advance", json=step).json()
    assert after["now"] - before["now"] >= least
    assert sandbox.settings.clock_file is not None
    assert float(sandbox.settings.clock_file.read_text()) == after["offset"]


@pytest.mark.parametrize(
    ("method", "path", "body", "word"),
    [
        ("POST", "clock/advance", "{}", "how far"),
        ("POST", "clock/advance", '{"days": 1, "months": 1}', "how far"),
        ("POST", "clock/advance", '{"days": -1}', "days"),
        ("POST", "clock/advance", '{"days": true}', "days"),
        ("POST", "clock/advance", '{"days": 1.5}', "days"),
        ("POST", "clock/advance", '{"seconds": NaN}', "seconds"),
        ("POST", "clock/advance", '{"weeks": 1}', "weeks"),
        ("POST", "clock/advance", "days=1", "JSON"),
        ("POST", "clock/advance", "\udcff", "JSON"),
        ("POST", "checkout/cs_test_x/pay", "[]", "object"),
        ("POST", "checkout/cs_test_x/pay", '{"crad": "4242"}', "crad"),
        ("POST", "checkout/cs_test_x/pay", '{"outcome": "perhaps"}', "outcome"),
        ("POST", "checkout/cs_test_x/authenticate", '{"outcome": "succeed"}', "outcome"),
        ("PUT", "faults", '{"path": "/v1/customers"}', "list"),
        ("PUT", "faults", '[{"path": "/v1/customers"}]', "fault"),
        ("PUT", "faults", '[{"path": "/v1/customers", "fault": "418"}]', "418"),
        ("PUT", "faults", '[{"path": "/v1/customers", "times": 0, "fault": "500"}]', "times"),
        ("PUT", "faults", '[{"path": "/support", "fault": "500"}]', "/v1"),
        ("PUT", "delivery", '{"duplicate": 2}', "duplicate"),
        ("PUT", "delivery", '{"reverse": 1}', "reverse"),
        ("PUT", "delivery", '{"late": 1}', "late"),
    ],
)
def test_what_a_control_cannot_use_it_refuses_in_words(
    sandbox: RunningSandbox, method: str, path: str, body: str, word: str
) -> None:
    answer = control(sandbox, method, path, data=body.encode("utf-8", "surrogateescape"))
    assert answer.status_code == 400
    assert word in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["checkout/cs_test_none/pay", "deliveries/evt_none/again"])
def test_what_does_not_exist_is_not_found(sandbox: RunningSandbox, path: str) -> None:
    assert control(sandbox, "POST", path).status_code == 404


def test_the_manner_of_delivery_is_replaced_as_a_whole(sandbox: RunningSandbox) -> None:
    control(sandbox, "PUT", "delivery", json={"duplicate": 0.5, "reverse": True})
    control(sandbox, "PUT", "delivery", json={"delay": 2})
    told = control(sandbox, "GET", "delivery").json()
    assert told == {"duplicate": 0, "reverse": False, "delay": 2, "drop": 0, "concurrent": False}


def test_the_truth_holds_all_objects_and_no_memo_of_the_sandboxs_own(
    sandbox: RunningSandbox, client: stripe.StripeClient
) -> None:
    session = open_session(client)
    control(sandbox, "POST", f"checkout/{session.id}/pay")
    truth = control(sandbox, "GET", "truth.json").json()
    assert {"checkout.session", "customer", "subscription", "invoice", "charge"} <= set(truth)
    assert not [kind for kind in truth if kind.startswith("sandbox.")]
    assert [kept["id"] for kept in truth["checkout.session"]] == [session.id]


def test_events_are_listed_newest_first(sandbox: RunningSandbox, client: stripe.StripeClient) -> None:
    first = client.v1.customers.create({"email": "a@example.org"})
    second = client.v1.customers.create({"email": "b@example.org"})
    listed = control(sandbox, "GET", "events").json()
    assert [event["data"]["object"]["id"] for event in listed] == [second.id, first.id]


@pytest.mark.parametrize("sender", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_foreign_page_cannot_press_the_buttons(sandbox: RunningSandbox, sender: dict[str, str]) -> None:
    assert control(sandbox, "POST", "clock/advance", json={"days": 1}, headers=sender).status_code == 403


def test_it_is_healthy(sandbox: RunningSandbox) -> None:
    assert requests.get(f"{sandbox.url}/healthz", timeout=30).json()["status"] == "ok"


def test_drained_tells_whether_everything_has_been_tried_once(sandbox: RunningSandbox, receiver: Receiver) -> None:
    listen(sandbox.store, receiver.url)
    happen(sandbox.store, 20)
    assert control(sandbox, "GET", "deliveries/drained").json() == {"drained": True}
    assert len(receiver.taken) == 20
