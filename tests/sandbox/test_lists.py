"""Lists: what they refuse, and how they are filtered and cut."""

from typing import Any

import pytest
import stripe

from tests.sandbox.desk import Desk

Json = dict[str, Any]


def refusal(desk: Desk, path: str, params: Json) -> stripe.InvalidRequestError:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        desk.ask("get", path, params)
    assert refused.value.http_status == 400
    return refused.value


@pytest.mark.parametrize("limit", [0, 101, -1, "abc", "1.5"])
def test_a_page_holds_one_to_a_hundred(desk: Desk, limit: object) -> None:
    refused = refusal(desk, "/v1/customers", {"limit": limit})

    assert (refused.code, refused.param) == ("parameter_invalid_integer", "limit")


def test_both_cursors_at_once_are_refused(desk: Desk) -> None:
    made = desk.v1.customers.create({})

    for path, id in (("/v1/customers", made.id), ("/v1/events", desk.events()[0].id)):
        refused = refusal(desk, path, {"starting_after": id, "ending_before": id})
        assert "only specify one of these parameters: ending_before, starting_after" in str(refused)


@pytest.mark.parametrize("cursor", ["starting_after", "ending_before"])
@pytest.mark.parametrize("path", ["/v1/customers", "/v1/events", "/v1/prices"])
def test_a_cursor_that_is_no_such_object_is_refused(desk: Desk, path: str, cursor: str) -> None:
    other = desk.v1.products.create({"name": "Support"})

    for id in ("nobody", other.id):
        refused = refusal(desk, path, {cursor: id})
        assert (refused.code, refused.param) == ("resource_missing", cursor)


@pytest.mark.parametrize(
    ("path", "filter"),
    [
        ("/v1/subscriptions", {"customer": "cus_no"}),
        ("/v1/invoices", {"customer": "cus_no"}),
        ("/v1/invoices", {"subscription": "sub_no"}),
        ("/v1/charges", {"payment_intent": "pi_no"}),
        ("/v1/payment_intents", {"customer": "cus_no"}),
        ("/v1/payment_methods", {"customer": "cus_no"}),
        ("/v1/prices", {"product": "prod_no"}),
        ("/v1/refunds", {"charge": "ch_no"}),
        ("/v1/checkout/sessions", {"subscription": "sub_no"}),
        ("/v1/invoice_payments", {"invoice": "in_no"}),
    ],
)
def test_a_filter_by_what_there_is_not_is_refused(desk: Desk, path: str, filter: Json) -> None:
    refused = refusal(desk, path, filter)

    assert (refused.code, refused.param) == ("resource_missing", next(iter(filter)))


def test_a_filter_the_sandbox_does_not_know_is_refused_not_ignored(desk: Desk) -> None:
    refused = refusal(desk, "/v1/setup_intents", {"attach_to_self": "true"})

    assert "does not support" in str(refused)


def test_what_was_deleted_can_still_be_asked_for(desk: Desk) -> None:
    patron = desk.patron()
    desk.v1.customers.delete(patron.customer)

    assert desk.v1.subscriptions.list({"customer": patron.customer, "status": "all"}).data[0].id == patron.id


def test_lists_are_filtered_by_each_field(desk: Desk) -> None:
    patron = desk.patron()
    desk.open("payment")
    product = desk.v1.products.create({"name": "Gift", "active": False})
    price = desk.v1.prices.create({"currency": "usd", "unit_amount": 500, "product": product.id})

    assert [found.id for found in desk.v1.products.list({"active": False}).data][:1] == [product.id]
    assert [found.id for found in desk.v1.prices.list({"active": True}).data] == [price.id]
    assert [found.id for found in desk.v1.prices.list({"type": "one_time", "currency": "usd"}).data] == [price.id]
    assert len(desk.v1.subscriptions.list({"status": "active", "customer": patron.customer}).data) == 1
    assert desk.v1.subscriptions.list({"status": "canceled"}).data == []
    assert len(desk.v1.invoices.list({"status": "paid", "subscription": patron.id}).data) == 1
    assert [found.status for found in desk.v1.checkout.sessions.list({"status": "open"}).data] == ["open"]
    assert len(desk.v1.checkout.sessions.list({"subscription": patron.id}).data) == 1
    [charge] = desk.v1.charges.list({"customer": patron.customer}).data
    assert desk.v1.charges.list({"payment_intent": charge.payment_intent}).data[0].id == charge.id
    assert len(desk.v1.balance_transactions.list({"type": "charge", "source": charge.id}).data) == 1
    assert len(desk.v1.payment_methods.list({"customer": patron.customer, "type": "card"}).data) == 1


def test_created_takes_a_moment_and_every_comparison(desk: Desk) -> None:
    moments = []
    for _ in range(3):
        moments.append(desk.v1.customers.create({}).created)
        desk.pass_time(days=1)

    def found(created: object) -> list[int]:
        return [customer.created for customer in desk.v1.customers.list({"created": created}).data][::-1]

    assert found(moments[1]) == [moments[1]]
    assert found({"gt": moments[0]}) == moments[1:]
    assert found({"gte": moments[1], "lt": moments[2]}) == [moments[1]]
    assert found({"lte": moments[1]}) == moments[:2]


def test_a_list_inside_an_object_is_cut_like_any_other(desk: Desk) -> None:
    line = {"price_data": {"currency": "eur", "unit_amount": 100, "product_data": {"name": "Gift"}}, "quantity": 1}
    session = desk.open("payment", line_items=[line] * 3)
    lines = desk.v1.checkout.sessions.line_items

    first = lines.list(session.id, {"limit": 2})
    rest = lines.list(session.id, {"starting_after": first.data[-1].id})

    assert (len(first.data), first.has_more, len(rest.data), rest.has_more) == (2, True, 1, False)
    assert [back.id for back in lines.list(session.id, {"ending_before": rest.data[0].id}).data] == [
        found.id for found in first.data
    ]
    with pytest.raises(stripe.InvalidRequestError, match="No such item"):
        lines.list(session.id, {"starting_after": "li_none"})
