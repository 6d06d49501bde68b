"""Events: what happened, written down in the transaction in which it happened."""

from patronage.sandbox.ids import new_id
from patronage.sandbox.schema import API_VERSION
from patronage.sandbox.store import Json, Tx, written


def emit(tx: Tx, type: str, obj: Json, previous: Json | None = None) -> Json:
    """Append an event with a snapshot of the object; `previous` holds the old values of what changed."""
    data: Json = {"object": obj}
    if previous is not None:
        data["previous_attributes"] = previous
    waiting = sum(wants(endpoint, type) for endpoint in tx.all("webhook_endpoint"))
    event: Json = {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "context": None,
        "created": tx.now(),
        "data": data,
        "livemode": False,
        "pending_webhooks": waiting,
        "request": {"id": tx.request_id, "idempotency_key": tx.idempotency_key},
        "type": type,
    }
    tx.sql(
        "INSERT INTO events (id, type, created, pending, body) VALUES (?, ?, ?, ?, ?)",
        (
            event["id"],
            type,
            event["created"],
            waiting,
            written(event),
        ),
    )
    return event


def wants(endpoint: Json, type: str) -> bool:
    """Whether a webhook endpoint is switched on and subscribed to events of that type."""
    subscribed = endpoint["enabled_events"]
    return endpoint["status"] == "enabled" and ("*" in subscribed or type in subscribed)


def delivered(tx: Tx, event_id: str) -> None:
    """Note that one more endpoint has taken the event."""
    tx.sql(
        "UPDATE events SET pending = pending - 1 WHERE id = ? AND pending > 0",
        (event_id,),
    )
