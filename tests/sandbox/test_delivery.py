"""Webhooks as they leave the sandbox: signed, in order, tried again, and misbehaving when told to."""

from itertools import pairwise
from pathlib import Path

import pytest
import requests
import stripe

from patronage.sandbox import clock, delivery
from patronage.sandbox.serving import RunningSandbox
from patronage.sandbox.settings import SandboxSettings
from patronage.sandbox.signing import signature
from tests.sandbox.receiver import SECRET, Receiver, happen, listen


def told(sandbox: RunningSandbox, **manner: float) -> None:
    requests.put(f"{sandbox.url}/_sandbox/delivery", json=manner, timeout=30).raise_for_status()


def deliveries(sandbox: RunningSandbox, event: str) -> list[dict]:  # type: ignore[type-arg]  # JSON as it comes
    return requests.get(f"{sandbox.url}/_sandbox/deliveries", params={"event": event}, timeout=30).json()  # type: ignore[no-any-return]  # JSON as it comes


def test_the_library_of_stripe_accepts_the_signature(sandbox: RunningSandbox, receiver: Receiver) -> None:
    listen(sandbox.store, receiver.url)
    [event] = happen(sandbox.store)
    receiver.wait_for(1)
    taken = receiver.taken[0]
    assert stripe.WebhookSignature.verify_header(taken.body.decode(), taken.signature, SECRET, tolerance=300)
    assert taken.event["id"] == event


def test_another_secret_is_not_accepted() -> None:
    header = signature(b"{}", "whsec_other", 1)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header("{}", header, SECRET)


def test_events_come_in_order_and_each_once(sandbox: RunningSandbox, receiver: Receiver) -> None:
    listen(sandbox.store, receiver.url)
    events = happen(sandbox.store, 30) + happen(sandbox.store, 30)
    assert delivery.drain(sandbox.store, 30)
    assert receiver.ids() == events


def test_an_endpoint_is_told_only_what_it_asked_for(sandbox: RunningSandbox, receiver: Receiver) -> None:
    listen(sandbox.store, receiver.url, enabled=("invoice.paid",))
    happen(sandbox.store, 3)
    [wanted] = happen(sandbox.store, type="invoice.paid")
    assert delivery.drain(sandbox.store, 30)
    assert receiver.ids() == [wanted]


def test_the_signature_bears_the_sandboxs_time(sandbox: RunningSandbox, receiver: Receiver) -> None:
    clock.advance(sandbox.store, days=40)
    listen(sandbox.store, receiver.url)
    happen(sandbox.store)
    receiver.wait_for(1)
    with sandbox.store.read() as tx:
        now = tx.now()
    assert abs(int(receiver.taken[0].signature[2:].split(",")[0]) - now) <= 10


def test_a_refused_webhook_comes_again_on_the_sandboxs_clock(sandbox: RunningSandbox, receiver: Receiver) -> None:
    receiver.answer = lambda nth: 500 if nth < 4 else 200
    listen(sandbox.store, receiver.url)
    [event] = happen(sandbox.store)
    receiver.wait_for(1)
    assert delivery.drain(sandbox.store, 30)
    requests.post(f"{sandbox.url}/_sandbox/clock/advance", json={"days": 1}, timeout=30).raise_for_status()
    receiver.wait_for(4)
    assert receiver.ids() == [event] * 4
    assert len({taken.signature for taken in receiver.taken}) == 4
    [listed] = deliveries(sandbox, event)
    assert [attempt["status"] for attempt in listed["attempts"]] == [500, 500, 500, 200]
    assert listed["state"] == "delivered"


def test_gaps_grow_and_trying_ends_after_three_days(sandbox: RunningSandbox, receiver: Receiver) -> None:
    receiver.answer = lambda _nth: 404
    listen(sandbox.store, receiver.url)
    [event] = happen(sandbox.store)
    receiver.wait_for(1)
    for _ in range(2):
        requests.post(f"{sandbox.url}/_sandbox/clock/advance", json={"days": 2}, timeout=30).raise_for_status()
    [listed] = deliveries(sandbox, event)
    moments = [attempt["at"] for attempt in listed["attempts"]]
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert listed["state"] == "failed"
    assert gaps[0] < gaps[3] < gaps[6]
    assert 2 * 86400 < moments[-1] - moments[0] <= 3 * 86400


def test_an_endpoint_that_is_away_is_told_when_it_is_back(sandbox: RunningSandbox, receiver: Receiver) -> None:
    listen(sandbox.store, "http://127.0.0.1:1/nobody")
    [event] = happen(sandbox.store)
    assert delivery.drain(sandbox.store, 30)
    assert deliveries(sandbox, event)[0]["attempts"][0]["status"] is None
    listen(sandbox.store, receiver.url)
    requests.post(f"{sandbox.url}/_sandbox/clock/advance", json={"seconds": 60}, timeout=30).raise_for_status()
    receiver.wait_for(1)
    assert receiver.ids() == [event]


def test_a_redirect_is_not_followed_and_not_success(sandbox: RunningSandbox, receiver: Receiver) -> None:
    receiver.answer = lambda _nth: 302
    listen(sandbox.store, receiver.url)
    [event] = happen(sandbox.store)
    assert delivery.drain(sandbox.store, 30)
    assert deliveries(sandbox, event)[0]["ok"] is False


def test_events_count_the_endpoints_that_have_not_taken_them(sandbox: RunningSandbox, receiver: Receiver) -> None:
    listen(sandbox.store, receiver.url, "we_1")
    listen(sandbox.store, "http://127.0.0.1:1/nobody", "we_2")
    [event] = happen(sandbox.store)
    assert receiver.ids() == [] or receiver.taken[0].event["pending_webhooks"] == 2
    assert delivery.drain(sandbox.store, 30)
    [listed] = requests.get(f"{sandbox.url}/_sandbox/events", timeout=30).json()
    assert (listed["id"], listed["pending_webhooks"]) == (event, 1)


def test_deliveries_come_twice_when_told_to(sandbox: RunningSandbox, receiver: Receiver) -> None:
    told(sandbox, duplicate=1)
    listen(sandbox.store, receiver.url)
    events = happen(sandbox.store, 3)
    assert delivery.drain(sandbox.store, 30)
    assert receiver.ids() == [event for event in events for _ in range(2)]


def test_deliveries_come_in_reverse_when_told_to(sandbox: RunningSandbox, receiver: Receiver) -> None:
    told(sandbox, reverse=True)
    listen(sandbox.store, receiver.url)
    events = happen(sandbox.store, 4) + happen(sandbox.store, 4)
    assert delivery.drain(sandbox.store, 30)
    assert receiver.ids() == events[::-1]


def test_deliveries_are_lost_when_told_to_be_and_can_be_sent_again(sandbox: RunningSandbox, receiver: Receiver) -> None:
    told(sandbox, drop=1)
    listen(sandbox.store, receiver.url)
    [event] = happen(sandbox.store)
    assert delivery.drain(sandbox.store, 30)
    assert receiver.taken == []
    assert deliveries(sandbox, event)[0]["state"] == "dropped"
    answer = requests.post(f"{sandbox.url}/_sandbox/deliveries/{event}/again", timeout=30)
    assert answer.json() == {"event": event, "queued": 1}
    receiver.wait_for(1)
    assert receiver.ids() == [event]


def test_deliveries_come_late_when_told_to(sandbox: RunningSandbox, receiver: Receiver) -> None:
    told(sandbox, delay=3600)
    listen(sandbox.store, receiver.url)
    [event] = happen(sandbox.store)
    assert not delivery.drain(sandbox.store, 0.5)
    requests.post(f"{sandbox.url}/_sandbox/clock/advance", json={"days": 1}, timeout=30).raise_for_status()
    receiver.wait_for(1)
    assert receiver.ids() == [event]


def test_deliveries_come_from_several_sides_at_once_when_told_to(sandbox: RunningSandbox, receiver: Receiver) -> None:
    told(sandbox, concurrent=True, duplicate=1)
    receiver.slowness = 0.2
    listen(sandbox.store, receiver.url)
    happen(sandbox.store)
    assert delivery.drain(sandbox.store, 30)
    assert max(taken.beside for taken in receiver.taken) == 1


def test_what_was_not_sent_before_the_end_is_sent_after_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    settings = SandboxSettings(path=tmp_path / "sandbox.db", base_url="", deliver=False)
    with RunningSandbox(settings) as first:
        listen(first.store, receiver.url)
        events = happen(first.store, 3)
    assert receiver.taken == []
    with RunningSandbox(SandboxSettings(path=settings.path, base_url="")) as second:
        assert delivery.drain(second.store, 30)
    assert receiver.ids() == events


def test_an_endpoint_that_is_switched_off_is_told_nothing_more(sandbox: RunningSandbox, receiver: Receiver) -> None:
    receiver.answer = lambda _nth: 500
    listen(sandbox.store, receiver.url)
    [event] = happen(sandbox.store)
    receiver.wait_for(1)
    assert delivery.drain(sandbox.store, 30)
    with sandbox.store.write() as tx:
        endpoint = tx.get("we_1")
        assert endpoint is not None
        tx.put({**endpoint, "status": "disabled"})
    happen(sandbox.store, 3)
    requests.post(f"{sandbox.url}/_sandbox/clock/advance", json={"days": 1}, timeout=30).raise_for_status()
    assert receiver.ids() == [event]
    assert deliveries(sandbox, event)[0]["state"] == "failed"
