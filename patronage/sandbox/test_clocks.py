"""Test clocks: a time of their own for the customers attached to them."""

from patronage.sandbox import clock, events
from patronage.sandbox.errors import invalid
from patronage.sandbox.ids import new_id
from patronage.sandbox.lists import page
from patronage.sandbox.objects import change, fetched
from patronage.sandbox.requests import endpoint
from patronage.sandbox.store import Json, Tx

KIND = "test_helpers.test_clock"
DELETED_AFTER = 30 * 86400
LATEST = 4_102_444_800  # the beginning of 2100, UTC
TWO_YEARS = 2 * 366 * 86400
UNITS = {"day": 1, "week": 7, "month": 31, "year": 366}


@endpoint("POST", "/v1/test_helpers/test_clocks", "test_helpers.TestClockCreateParams")
def create(tx: Tx, params: Json) -> Json:
    if not 0 <= params["frozen_time"] < LATEST:
        raise invalid("`frozen_time` must be a moment before the year 2100.", "frozen_time")
    made = {
        "id": new_id("clock"),
        "object": KIND,
        "created": tx.now(),
        "deletes_after": tx.now() + DELETED_AFTER,
        "frozen_time": params["frozen_time"],
        "livemode": False,
        "name": params.get("name"),
        "status": "ready",
        "status_details": {},
    }
    tx.put(made)
    events.emit(tx, "test_helpers.test_clock.created", made)
    return made


@endpoint("POST", "/v1/test_helpers/test_clocks/<id>/advance", "test_helpers.TestClockAdvanceParams")
def advance(tx: Tx, params: Json, id: str) -> Json:
    """Answers while still `advancing`, as Stripe does; what falls due is done and told before it is `ready`."""
    found = fetched(tx, KIND, id)
    until = params["frozen_time"]
    if until <= found["frozen_time"]:
        raise invalid("`frozen_time` must be after the clock's current frozen time.", "frozen_time")
    if until > found["frozen_time"] + _furthest(tx, id):
        raise invalid(
            "You can only advance a test clock two intervals at a time, by the shortest interval of its subscriptions.",
            "frozen_time",
        )
    advancing = {"status": "advancing", "status_details": {"advancing": {"target_frozen_time": until}}}
    change(tx, found, advancing)
    events.emit(tx, "test_helpers.test_clock.advancing", found)
    answer = dict(found)
    while (last := clock.perform_due(tx, id, until, clock.BATCH)) is not None:
        change(tx, found, {"frozen_time": last})
    change(tx, found, {"status": "ready", "frozen_time": until, "status_details": {}})
    events.emit(tx, "test_helpers.test_clock.ready", found)
    return answer


def _furthest(tx: Tx, id: str) -> int:
    lengths = [
        UNITS[item["price"]["recurring"]["interval"]] * item["price"]["recurring"]["interval_count"] * 86400
        for subscription in tx.all("subscription")
        if subscription["test_clock"] == id and subscription["status"] not in ("canceled", "incomplete_expired")
        for item in subscription["items"]["data"]
    ]
    return 2 * min(lengths) if lengths else TWO_YEARS


@endpoint("GET", "/v1/test_helpers/test_clocks/<id>", "test_helpers.TestClockRetrieveParams")
def retrieve(tx: Tx, _params: Json, id: str) -> Json:
    return fetched(tx, KIND, id)


@endpoint("DELETE", "/v1/test_helpers/test_clocks/<id>", "test_helpers.TestClockDeleteParams")
def delete(tx: Tx, _params: Json, id: str) -> Json:
    """The clock goes, and with it the customers attached to it and all that is theirs."""
    found = fetched(tx, KIND, id)
    for customer in tx.find("customer", test_clock=id):
        for kind in ("subscription", "invoice", "payment_intent", "payment_method", "charge"):
            for owned in tx.find(kind, customer=customer["id"]):
                tx.delete(owned["id"])
        tx.delete(customer["id"])
    tx.sql("DELETE FROM due WHERE clock = ?", (id,))
    tx.delete(id)
    events.emit(tx, "test_helpers.test_clock.deleted", found)
    return {"id": id, "object": KIND, "deleted": True}


@endpoint("GET", "/v1/test_helpers/test_clocks", "test_helpers.TestClockListParams")
def list_all(tx: Tx, params: Json) -> Json:
    return page(tx, KIND, params, "/v1/test_helpers/test_clocks")
