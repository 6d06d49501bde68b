"""Customers: what they hold, what unsets it, and what is left of one who is deleted."""

from typing import Any

import pytest
import stripe

from tests.sandbox.desk import Desk

WHOLE = {"city": "Lviv", "country": None, "line1": "Rynok 1", "line2": None, "postal_code": None, "state": None}


@pytest.fixture
def ana(desk: Desk) -> Any:
    return desk.v1.customers.create(
        {
            "email": "ana@example.org",
            "name": "Ana",
            "phone": "+380",
            "description": "A reader",
            "address": {"city": "Lviv", "line1": "Rynok 1", "line2": ""},
            "shipping": {"name": "Ana", "address": {"city": "Lviv"}},
            "metadata": {"a": "1", "b": "2", "c": "3"},
        }
    )


def test_an_address_has_all_its_parts(ana: Any) -> None:
    assert ana.address.to_dict() == WHOLE
    assert ana.shipping.address.city == "Lviv"
    assert ana.shipping.phone is None


@pytest.mark.parametrize("field", ["name", "email", "phone", "description", "address", "shipping"])
def test_an_empty_value_unsets(desk: Desk, ana: Any, field: str) -> None:
    assert desk.v1.customers.update(ana.id, {field: ""})[field] is None


def test_metadata_is_merged_key_by_key_and_cleared_by_an_empty_value(desk: Desk, ana: Any) -> None:
    merged = desk.v1.customers.update(ana.id, {"metadata": {"a": "9", "b": "", "d": "4"}})
    assert merged.metadata.to_dict() == {"a": "9", "c": "3", "d": "4"}
    assert desk.events()[-1].data.previous_attributes["metadata"].to_dict() == {"a": "1", "b": "2", "d": None}
    assert desk.v1.customers.update(ana.id, {"metadata": {}}).metadata.to_dict() == merged.metadata.to_dict()
    assert desk.v1.customers.update(ana.id, {"metadata": ""}).metadata.to_dict() == {}


def test_an_update_that_changes_nothing_tells_nothing(desk: Desk, ana: Any) -> None:
    desk.news()
    desk.v1.customers.update(ana.id, {"name": "Ana"})
    assert desk.news() == []


def test_an_event_names_the_request_that_caused_it_and_what_was_there_before(desk: Desk, ana: Any) -> None:
    desk.news()
    desk.v1.customers.update(ana.id, {"name": "Anna"}, {"idempotency_key": "k1"})

    [event] = desk.events()

    assert (event.type, event.api_version, event.pending_webhooks) == ("customer.updated", stripe.api_version, 0)
    assert event.data.previous_attributes.to_dict() == {"name": "Ana"}
    assert event.request.idempotency_key == "k1"
    assert event.request.id.startswith("req_")


def test_a_deleted_customer_is_told_of_and_can_no_longer_be_changed_or_named(desk: Desk, ana: Any) -> None:
    deleted = desk.v1.customers.delete(ana.id)

    assert deleted.to_dict() == {"id": ana.id, "object": "customer", "deleted": True}
    assert desk.v1.customers.retrieve(ana.id).to_dict() == deleted.to_dict()
    assert desk.events()[-1].data.object.email == "ana@example.org"
    for method in ("post", "delete"):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            desk.ask(method, f"/v1/customers/{ana.id}")
        assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        desk.v1.payment_intents.create({"amount": 500, "currency": "eur", "customer": ana.id})
    assert (refused.value.http_status, refused.value.param) == (400, "customer")


def test_a_card_that_is_refused_leaves_no_customer_and_is_the_answer_to_its_key(desk: Desk) -> None:
    answers = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as refused:
            desk.v1.customers.create({"payment_method": "pm_card_chargeDeclined"}, {"idempotency_key": "k1"})
        answers.append((refused.value.http_body, (refused.value.headers or {}).get("idempotent-replayed")))
    assert answers[0][0] == answers[1][0]
    assert [replayed for _, replayed in answers] == [None, "true"]
    assert desk.v1.customers.list().data == []
