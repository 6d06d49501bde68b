"""Checkout sessions through the API, once they are open: read, listed, expired."""

from patronage.sandbox import clock, events
from patronage.sandbox.errors import invalid
from patronage.sandbox.expanding import line_items
from patronage.sandbox.lists import page, whole
from patronage.sandbox.objects import change, fetched, merged, refuse_unsupported
from patronage.sandbox.requests import endpoint
from patronage.sandbox.store import Json, Tx


@endpoint("GET", "/v1/checkout/sessions/<id>", "checkout.SessionRetrieveParams")
def retrieve(tx: Tx, _params: Json, id: str) -> Json:
    return fetched(tx, "checkout.session", id)


@endpoint("POST", "/v1/checkout/sessions/<id>", "checkout.SessionUpdateParams")
def update(tx: Tx, params: Json, id: str) -> Json:
    refuse_unsupported(params, {"metadata", "expand"})
    session = fetched(tx, "checkout.session", id)
    return change(tx, session, {"metadata": merged(session["metadata"], params.get("metadata", {}))})


@endpoint("GET", "/v1/checkout/sessions", "checkout.SessionListParams")
def list_all(tx: Tx, params: Json) -> Json:
    asked = dict(params)
    email = asked.pop("customer_details", {}).get("email")
    if email is not None:
        asked["customer_details.email"] = email
    equal = ("customer", "payment_intent", "status", "subscription", "customer_details.email")
    return page(tx, "checkout.session", asked, "/v1/checkout/sessions", equal)


@endpoint("GET", "/v1/checkout/sessions/<id>/line_items", "checkout.SessionLineItemListParams")
def list_line_items(tx: Tx, params: Json, id: str) -> Json:
    fetched(tx, "checkout.session", id)
    return whole(line_items(tx, id), params, f"/v1/checkout/sessions/{id}/line_items")


@endpoint("POST", "/v1/checkout/sessions/<id>/expire", "checkout.SessionExpireParams")
def expire(tx: Tx, _params: Json, id: str) -> Json:
    session = fetched(tx, "checkout.session", id)
    if session["status"] != "open":
        raise invalid(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of'
            f" {session['status']}."
        )
    clock.unschedule(tx, "session", id)
    return expire_now(tx, session)


def expire_now(tx: Tx, session: Json) -> Json:
    """The session can no longer be paid."""
    change(tx, session, {"status": "expired", "url": None})
    events.emit(tx, "checkout.session.expired", session)
    return session


@clock.handler("session")
def expire_in_time(tx: Tx, session_id: str) -> None:
    """Nobody has paid until `expires_at`."""
    session = tx.get(session_id)
    if session is not None and session["status"] == "open":
        expire_now(tx, session)
