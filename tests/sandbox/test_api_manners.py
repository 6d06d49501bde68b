"""How the API answers, whatever is asked: keys, versions, forms, errors, idempotency, expansion."""

import queue
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests
import stripe
from hypothesis import given
from hypothesis import strategies as st

from patronage.sandbox import schema
from patronage.sandbox.errors import StripeError
from patronage.sandbox.forms import parse_form
from tests.sandbox.desk import Desk


class Wire:
    """Bare HTTP, for what the library would never send."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.headers.update({"Authorization": "Bearer sk_test_x", "Stripe-Version": schema.API_VERSION})

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.http.get(self.url + path, timeout=30, **more)

    def post(self, path: str, body: str = "", key: str | None = None, **headers: str) -> requests.Response:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        if key is not None:
            headers["Idempotency-Key"] = key
        return self.http.post(self.url + path, data=body, headers=headers, timeout=30)


@pytest.fixture
def wire(desk: Desk) -> Iterator[Wire]:
    wire = Wire(desk.running.url)
    yield wire
    wire.http.close()


def test_no_key_and_a_live_key_are_refused(wire: Wire) -> None:
    for key, words in (("", "did not provide an API key"), ("Bearer sk_live_abcdefgh1234", "Invalid API Key")):
        wire.http.headers["Authorization"] = key
        refused = wire.get("/v1/customers")
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"] == 'Basic realm="Stripe"'
        assert words in refused.json()["error"]["message"]
        assert "abcdefgh" not in refused.text


def test_a_key_may_also_come_as_the_name_of_basic_authentication(wire: Wire) -> None:
    del wire.http.headers["Authorization"]

    assert wire.get("/v1/customers", auth=("sk_test_x", "")).status_code == 200
    assert wire.get("/v1/customers", auth=("pk_test_x", "")).status_code == 401


def test_another_version_is_refused(wire: Wire) -> None:
    wire.http.headers["Stripe-Version"] = "2020-08-27"

    assert wire.get("/v1/customers").status_code == 400


def test_an_unknown_path_or_method_is_404(wire: Wire) -> None:
    unknown = (wire.get("/v1/unicorns"), wire.get("/v1"), wire.get("/v2/core/events"), wire.post("/v2/x"))
    for refused in (*unknown, wire.post("/v1/balance"), wire.http.patch(wire.url + "/v1/customers")):
        assert refused.status_code == 404
        assert refused.json()["error"]["type"] == "invalid_request_error"
        assert "Unrecognized request URL" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "body", "code", "param"),
    [
        ("/v1/customers", "nickname=Ana", "parameter_unknown", "nickname"),
        ("/v1/customers", "address[planet]=Mars", "parameter_unknown", "address[planet]"),
        ("/v1/products", "", "parameter_missing", "name"),
        ("/v1/prices", "unit_amount=5", "parameter_missing", "currency"),
        ("/v1/prices", "currency=eur&unit_amount=5.5", "parameter_invalid_integer", "unit_amount"),
        ("/v1/prices", "currency=eur&unit_amount=٣", "parameter_invalid_integer", "unit_amount"),
        ("/v1/prices", "currency=eur&unit_amount=1e2", "parameter_invalid_integer", "unit_amount"),
        ("/v1/products", "name=", "parameter_invalid_empty", "name"),
        ("/v1/prices", "currency=", "parameter_invalid_empty", "currency"),
        ("/v1/customers", "metadata[]=x", None, "metadata[]"),
        ("/v1/customers", "preferred_locales[²]=x", None, "preferred_locales"),
        ("/v1/checkout/sessions", "mode=donation&success_url=http://x", None, "mode"),
        ("/v1/checkout/sessions", "success_url=http://x", "parameter_missing", "mode"),
        ("/v1/checkout/sessions", "mode=payment&success_url=http://x", "parameter_missing", "line_items"),
        ("/v1/checkout/sessions", "mode=payment&success_url=x&line_items[0][quantity]=1", "url_invalid", "success_url"),
        (
            "/v1/checkout/sessions",
            "mode=payment&payment_method_types[]=card",
            "parameter_unknown",
            "payment_method_types",
        ),
        ("/v1/payment_intents", "amount=500&currency=zzz", None, "currency"),
        ("/v1/payment_intents", "amount=5&currency=eur", "amount_too_small", "amount"),
        ("/v1/payment_intents", "amount=500&currency=eur&customer=cus_no", "resource_missing", "customer"),
    ],
)
def test_a_request_stripe_would_refuse_is_refused(
    wire: Wire, path: str, body: str, code: str | None, param: str
) -> None:
    refused = wire.post(path, quote(body, "=&[]:/"))

    error = refused.json()["error"]
    assert refused.status_code == 400, error
    assert (error.get("code"), error["param"]) == (code, param)
    assert error["type"] == "invalid_request_error"
    assert refused.headers["Request-Id"] in error["request_log_url"]


def test_wrong_kinds_of_values_are_named(wire: Wire) -> None:
    assert "must be one of payment, setup, or subscription" in wire.post("/v1/checkout/sessions", "mode=x").text
    assert "Invalid boolean" in wire.post("/v1/products", "name=a&active=perhaps").text
    assert "Invalid object" in wire.post("/v1/customers", "address=Berlin").text
    assert "Invalid array" in wire.post("/v1/customers", "preferred_locales=de").text
    assert "Invalid string" in wire.post("/v1/customers", "email[a]=1").text


def test_lists_are_taken_with_and_without_numbers(wire: Wire, desk: Desk) -> None:
    price = wire.post("/v1/prices", "currency=eur&unit_amount=500&product_data[name]=Gift").json()["id"]
    common = "mode=payment&success_url=https://news.example/thanks"

    for at in ("line_items[]", "line_items[0]"):
        body = f"{common}&{at}[price]={price}&{at}[quantity]=2&expand[]=line_items"
        made = wire.post("/v1/checkout/sessions", body).json()
        assert (made["amount_total"], len(made["line_items"]["data"])) == (1000, 1)


@pytest.mark.parametrize("body", ["a" + "[b]" * 2000 + "=1", "address=1&address[city]=Lviv", "%ff=1", "name=%ff"])
def test_a_form_that_is_none_is_refused(wire: Wire, body: str) -> None:
    assert wire.post("/v1/customers", body).status_code == 400


@pytest.mark.parametrize("number", ["--5", "9" * 40, "+5", "5_0"])
def test_a_number_that_is_none_is_refused(wire: Wire, number: str) -> None:
    refused = wire.get("/v1/customers", params={"created[gte]": number})

    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "parameter_invalid_integer"


@given(st.binary(max_size=300))
def test_any_body_is_a_form_or_a_refusal(body: bytes) -> None:
    refused = None
    try:
        parse_form(body)
    except StripeError as error:
        refused = error.status
    assert refused in (None, 400)


def test_a_missing_object_is_404_where_the_path_names_it(desk: Desk) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        desk.v1.customers.retrieve("cus_nobody")

    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")
    assert "No such customer: 'cus_nobody'" in str(refused.value)


def test_every_answer_names_its_request_and_version(wire: Wire) -> None:
    answer = wire.get("/v1/customers")

    assert answer.headers["Request-Id"].startswith("req_")
    assert answer.headers["Stripe-Version"] == schema.API_VERSION


def test_the_same_key_with_the_same_words_gives_the_first_answer(wire: Wire) -> None:
    first = wire.post("/v1/customers", "email=ana@example.org", key="k1")
    again = wire.post("/v1/customers", "email=ana@example.org", key="k1")

    assert again.json() == first.json()
    assert again.headers["Original-Request"] == first.headers["Request-Id"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.headers["Idempotency-Key"] == "k1"
    assert len(wire.get("/v1/customers").json()["data"]) == 1


def test_the_same_key_with_other_words_is_an_error(wire: Wire) -> None:
    wire.post("/v1/customers", "email=ana@example.org", key="k1")

    for path, body in (("/v1/customers", "email=ben@example.org"), ("/v1/products", "name=Gift")):
        refused = wire.post(path, body, key="k1")
        assert refused.status_code == 400
        assert refused.json()["error"]["type"] == "idempotency_error"


def test_a_key_is_forgotten_after_a_day(wire: Wire, desk: Desk) -> None:
    first = wire.post("/v1/customers", "email=ana@example.org", key="k1")
    desk.pass_time(days=2)

    wire.post("/v1/customers", "email=ben@example.org", key="k2")
    with desk.store.read() as tx:
        assert [row["key"] for row in tx.sql("SELECT key FROM answers")] == ["k2"]
    assert wire.post("/v1/customers", "email=ana@example.org", key="k1").json()["id"] != first.json()["id"]


def test_a_refused_request_does_not_use_its_key_up(wire: Wire) -> None:
    assert wire.post("/v1/products", "", key="k1").status_code == 400
    assert wire.post("/v1/products", "name=Gift", key="k1").status_code == 200


def test_a_declined_card_is_the_answer_that_is_kept(wire: Wire) -> None:
    body = "amount=500&currency=eur&confirm=true&payment_method=pm_card_chargeDeclined"

    first, again = (wire.post("/v1/payment_intents", body, key="k1") for _ in range(2))

    assert (first.status_code, again.status_code) == (402, 402)
    assert again.json() == first.json()
    assert first.json()["error"]["decline_code"] == "generic_decline"
    assert len(wire.get("/v1/charges").json()["data"]) == 1


def test_one_key_at_once_from_many_sides_makes_one_object(wire: Wire, desk: Desk) -> None:
    statuses: list[int] = []

    def ask() -> None:
        other = Wire(wire.url)
        statuses.append(other.post("/v1/customers", "email=ana@example.org", key="k1").status_code)
        other.http.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(statuses) <= {200, 409}
    assert len(desk.v1.customers.list().data) == 1


def test_a_key_that_is_in_use_is_refused_until_its_answer_is_there(wire: Wire, desk: Desk) -> None:
    answers: queue.Queue[requests.Response] = queue.Queue()

    def ask() -> None:
        other = Wire(wire.url)
        answers.put(other.post("/v1/customers", "email=ana@example.org", key="k1"))
        other.http.close()

    threads = [threading.Thread(target=ask) for _ in range(2)]
    with desk.store.write():  # nothing can be written meanwhile: one call waits for this, holding its key
        for thread in threads:
            thread.start()
        refused = answers.get(timeout=30)
    for thread in threads:
        thread.join()

    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "idempotency_key_in_use")
    assert answers.get(timeout=30).status_code == 200
    assert wire.post("/v1/customers", "email=ana@example.org", key="k1").headers["Idempotent-Replayed"] == "true"


def test_expansion_goes_four_deep_and_no_deeper(desk: Desk) -> None:
    desk.patron()

    listed = desk.v1.subscriptions.list({"expand": ["data.latest_invoice.payments", "data.customer"]})
    assert listed.data[0].latest_invoice.payments.data[0].amount_paid == 500
    assert listed.data[0].customer.email

    with pytest.raises(stripe.InvalidRequestError, match="more than 4 levels"):
        desk.v1.subscriptions.list({"expand": ["data.latest_invoice.payments.data.payment"]})
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        desk.v1.subscriptions.list({"expand": ["data.currency"]})


@pytest.mark.parametrize("path", ["foo", "email", "metadata", "address", "id", "currency"])
def test_what_is_no_object_cannot_be_expanded(desk: Desk, path: str) -> None:
    customer = desk.v1.customers.create({"metadata": {"a": "b"}})

    with pytest.raises(stripe.InvalidRequestError, match=rf"This property cannot be expanded \({path}\)") as refused:
        desk.v1.customers.retrieve(customer.id, {"expand": [path]})
    assert (refused.value.http_status, refused.value.param) == (400, "expand")


def test_what_is_no_object_yet_can_be_expanded(desk: Desk) -> None:
    customer = desk.v1.customers.create({})
    wished = {"expand": ["default_source", "invoice_settings.default_payment_method", "subscriptions"]}

    assert desk.v1.customers.retrieve(customer.id, wished).subscriptions.data == []
    with pytest.raises(stripe.InvalidRequestError, match=r"try expanding 'data\.customer' instead"):
        desk.v1.charges.list({"expand": ["customer"]})


def test_lists_go_newest_first_by_cursor_both_ways(desk: Desk) -> None:
    made = [desk.v1.customers.create({"email": f"p{number}@example.org"}).id for number in range(5)]
    newest = made[::-1]

    first = desk.v1.customers.list({"limit": 2})
    assert ([found.id for found in first.data], first.has_more) == (newest[:2], True)
    second = desk.v1.customers.list({"limit": 3, "starting_after": newest[1]})
    assert ([found.id for found in second.data], second.has_more) == (newest[2:], False)
    back = desk.v1.customers.list({"limit": 2, "ending_before": newest[4]})
    assert ([found.id for found in back.data], back.has_more) == (newest[2:4], True)
    assert [found.id for found in desk.v1.customers.list({"limit": 2}).auto_paging_iter()] == newest


def test_lists_are_filtered_by_time_and_field(desk: Desk) -> None:
    early = desk.v1.customers.create({"email": "ana@example.org"})
    desk.pass_time(days=2)
    late = desk.v1.customers.create({"email": "ben@example.org"})

    after = desk.v1.customers.list({"created": {"gte": late.created}}).data
    before = desk.v1.customers.list({"created": {"lt": late.created}}).data
    by_mail = desk.v1.customers.list({"email": "ana@example.org"}).data

    assert [found.id for found in after] == [late.id]
    assert [found.id for found in before] == [early.id]
    assert [found.id for found in by_mail] == [early.id]
