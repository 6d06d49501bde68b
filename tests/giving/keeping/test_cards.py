"""Another card, chosen in the portal, is what the next payment is charged to: of this pledge, and of no other."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from patronage.foundation.worker import Worker
from patronage.giving.gateway import Answer
from patronage.giving.models import Pledge
from patronage.sandbox import portal
from tests.giving.keeping.patrons import ANN, CutOff, Patron
from tests.giving.readers import Readers


def _session_of(address: str) -> str:
    return address.rpartition("/")[2]


def _card_of(ann: Patron, subscription: Any) -> str:
    return str(ann.readers.stripe.api.payment_methods.retrieve(subscription.default_payment_method).card.last4)


def _choose_another(ann: Patron) -> None:
    """Press the button, and enter another card on Stripe's page."""
    answer = ann.send("card")
    assert answer.status_code == 303
    store = ann.readers.stripe.sandbox.store
    ann.readers.stripe.advance(seconds=60)
    done = portal.card(store, _session_of(answer.headers["Location"]), card="5555555555554444")
    assert done["redirect"].endswith("/account")


def test_the_page_says_from_when_on_the_new_card_is_charged(ann: Patron) -> None:
    assert "from the next payment, on 2 April 2026." in ann.see("card")


def test_a_new_card_is_charged_from_the_next_payment_on(ann: Patron, readers: Readers) -> None:
    seen = len(readers.stripe.events())
    _choose_another(ann)
    assert _card_of(ann, ann.subscription) == "4242"  # a subscription's own default wins over the customer's
    readers.catch_up(seen)
    assert _card_of(ann, ann.subscription) == "4444"
    ann.told()
    assert _card_of(ann, ann.subscription) == "4444"


def test_when_the_event_is_lost_a_job_looks(ann: Patron, readers: Readers, worker: Worker) -> None:
    _choose_another(ann)
    readers.wait(minutes=11)
    worker.work_until_idle()
    assert _card_of(ann, ann.subscription) == "4444"


def test_a_card_that_staff_chose_later_stays(ann: Patron, readers: Readers) -> None:
    seen = len(readers.stripe.events())
    _choose_another(ann)
    readers.stripe.advance(seconds=60)
    api, pledge = readers.stripe.api, ann.pledge
    method = api.payment_methods.attach("pm_card_discover", {"customer": pledge.stripe_customer_id})
    api.subscriptions.update(pledge.stripe_subscription_id, {"default_payment_method": method.id})
    readers.catch_up(seen)
    assert ann.subscription.default_payment_method == method.id


def test_the_other_pledge_keeps_its_card(ann: Patron, readers: Readers) -> None:
    readers.patron(email=ANN, amount_minor=300)
    seen = len(readers.stripe.events())
    _choose_another(ann)
    readers.catch_up(seen)
    with readers.tools.database.reading() as session:
        other = next(each for each in session.query(Pledge) if each.reference != ann.reference)
    theirs = readers.stripe.api.subscriptions.retrieve(other.stripe_subscription_id)
    assert (_card_of(ann, theirs), _card_of(ann, ann.subscription)) == ("4242", "4444")


@pytest.mark.parametrize("fault", ["500", "drop"])
def test_when_stripe_is_silent_nothing_has_happened(ann: Patron, readers: Readers, fault: str) -> None:
    readers.stripe.faults({"path": "/v1/billing_portal/sessions", "times": 1, "fault": fault})
    assert ann.press("card") == 503
    assert ann.press("card") == 303


def test_an_error_of_stripes_does_not_keep_the_old_card_for_a_day(
    ann: Patron, readers: Readers, payments: CutOff, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, ask_stripe, calls = len(readers.stripe.events()), payments.call, itertools.count(1)

    def err(ask: Callable[[Any], Any]) -> Answer:
        if next(calls) == 2:
            path = f"/v1/subscriptions/{ann.pledge.stripe_subscription_id}"
            readers.stripe.faults({"path": path, "times": 1, "fault": "500"})
        return ask_stripe(ask)

    _choose_another(ann)
    monkeypatch.setattr(payments, "call", err)
    readers.catch_up(seen)
    assert _card_of(ann, ann.subscription) == "4242"
    readers.wait(minutes=5)
    readers.apply()
    assert _card_of(ann, ann.subscription) == "4444"
