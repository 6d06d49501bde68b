"""Webhook endpoints, and the events sent to them, through the API."""

from typing import Any
from urllib.parse import urlsplit

from patronage.sandbox.errors import invalid, not_found
from patronage.sandbox.ids import new_id
from patronage.sandbox.lists import page, select
from patronage.sandbox.objects import change, fetched, merged, picked, refuse_unsupported
from patronage.sandbox.requests import endpoint
from patronage.sandbox.schema import API_VERSION
from patronage.sandbox.store import Json, Tx


@endpoint("POST", "/v1/webhook_endpoints", "WebhookEndpointCreateParams")
def create(tx: Tx, params: Json) -> Json:
    refuse_unsupported(params, {"api_version", "description", "enabled_events", "expand", "metadata", "url"})
    if params.get("api_version", API_VERSION) != API_VERSION:
        raise invalid(f"The sandbox speaks {API_VERSION} only.", "api_version")
    made = {
        "id": new_id("we"),
        "object": "webhook_endpoint",
        "api_version": params.get("api_version"),
        "application": None,
        "created": tx.now(),
        "description": params.get("description") or None,
        "enabled_events": params["enabled_events"],
        "livemode": False,
        "metadata": merged({}, params.get("metadata")),
        "secret": new_id("whsec"),
        "status": "enabled",
        "url": _address(params["url"]),
    }
    return tx.put(made)


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise invalid("Invalid URL: An explicit scheme (such as https) must be provided.", "url", "url_invalid")
    return url


def _without_secret(shown: Json) -> Json:
    return {name: value for name, value in shown.items() if name != "secret"}


@endpoint("GET", "/v1/webhook_endpoints/<id>", "WebhookEndpointRetrieveParams")
def retrieve(tx: Tx, _params: Json, id: str) -> Json:
    return _without_secret(fetched(tx, "webhook_endpoint", id))


@endpoint("POST", "/v1/webhook_endpoints/<id>", "WebhookEndpointUpdateParams")
def update(tx: Tx, params: Json, id: str) -> Json:
    found = fetched(tx, "webhook_endpoint", id)
    updates = picked(params, "description", "enabled_events")
    if "url" in params:
        updates["url"] = _address(params["url"])
    if "disabled" in params:
        updates["status"] = "disabled" if params["disabled"] else "enabled"
    if "metadata" in params:
        updates["metadata"] = merged(found["metadata"], params["metadata"])
    return _without_secret(change(tx, found, updates))


@endpoint("DELETE", "/v1/webhook_endpoints/<id>", "WebhookEndpointDeleteParams")
def delete(tx: Tx, _params: Json, id: str) -> Json:
    fetched(tx, "webhook_endpoint", id)
    tx.delete(id)
    return {"id": id, "object": "webhook_endpoint", "deleted": True}


@endpoint("GET", "/v1/webhook_endpoints", "WebhookEndpointListParams")
def list_all(tx: Tx, params: Json) -> Json:
    found = page(tx, "webhook_endpoint", params, "/v1/webhook_endpoints")
    return {**found, "data": [_without_secret(shown) for shown in found["data"]]}


SHOWN = "json_set(body, '$.pending_webhooks', pending) AS body"


@endpoint("GET", "/v1/events/<id>", "EventRetrieveParams")
def retrieve_event(tx: Tx, _params: Json, id: str) -> Json:
    found = select(tx, "events", ["id = ?"], [id], {}, "/v1/events", "event", SHOWN)["data"]
    if not found:
        raise not_found("event", id)
    event: Json = found[0]
    return event


@endpoint("GET", "/v1/events", "EventListParams")
def list_events(tx: Tx, params: Json) -> Json:
    if "type" in params and "types" in params:
        raise invalid("You may only specify one of these parameters: type, types.", "types")
    clauses: list[str] = ["1"]
    bound: list[Any] = []
    kinds = [params["type"]] if "type" in params else params.get("types", [])
    if kinds:
        clauses.append("(" + " OR ".join("type GLOB ?" for _ in kinds) + ")")
        bound.extend(kinds)
    if "delivery_success" in params:
        clauses.append("pending = 0" if params["delivery_success"] else "pending > 0")
    return select(tx, "events", clauses, bound, params, "/v1/events", "event", SHOWN)
