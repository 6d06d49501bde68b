"""The door for Stripe's events: the signature is checked, the event written down, the answer given; nothing else."""

import json
import re
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy import JSON, Text, bindparam, cast
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import DataError, SQLAlchemyError
from werkzeug.exceptions import RequestEntityTooLarge

from patronage.foundation.database import Base, Busy
from patronage.foundation.logs import log
from patronage.foundation.web.guards import machine
from patronage.foundation.web.house import here
from patronage.giving.gateway import BadSignature
from patronage.giving.models import StripeEvent

LARGEST_EVENT = 256 * 1024
DEEPEST = 64  # far deeper than any event of Stripe, far less than the worker could read again
NAME = re.compile(r"[!-~]{1,255}")  # event ids and types: visible ASCII
RETRY_SECONDS = "10"
ACCEPTED = b'{"received": true}'

blueprint = Blueprint("giving_webhook", __name__)
TABLE = Base.metadata.tables[StripeEvent.__tablename__]  # Core, not the ORM: this is one of the hot paths
BODY = bindparam("body", type_=Text)  # kept as it came, byte for byte
INSERTS = {
    "sqlite": sqlite_insert(TABLE).values(attempts=0, payload=BODY).on_conflict_do_nothing(),
    "postgresql": postgresql_insert(TABLE).values(attempts=0, payload=cast(BODY, JSON)).on_conflict_do_nothing(),
}


class NotAnEvent(Exception):
    """The body is signed, yet nothing we could keep."""


@blueprint.post("/webhooks/stripe")
@machine
def stripe_webhook() -> Response:
    """Answer 200 once the event is durably written down, 400 for what Stripe did not sign or we cannot keep.

    503 while the database is away: Stripe comes again.
    """
    house = here()
    try:
        body = _body()
        house.tools.payments.verify(body, request.headers.get("Stripe-Signature", ""), house.tools.clock.now())
        event, text = _read(body)
        _refuse_others(event, is_live=house.settings.is_live)
        _keep(event, text)
    except (BadSignature, NotAnEvent, DataError) as error:
        log().warning("webhook refused", why=str(error)[:200])
        return _answer(400, "This is not an event that Stripe signed for this address just now.")
    except (SQLAlchemyError, Busy) as error:
        log().error("webhook not kept", error=str(error)[:300])
        answer = _answer(503, "The database does not answer. Please send the event again.")
        answer.headers["Retry-After"] = RETRY_SECONDS
        return answer
    return Response(ACCEPTED, mimetype="application/json")


def _body() -> bytes:
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise NotAnEvent("too large") from error
    if len(body) > LARGEST_EVENT:
        raise NotAnEvent("too large")
    return body


def _read(body: bytes) -> tuple[dict[str, Any], str]:
    """Return the event in `body`, and the body as text; raises `NotAnEvent` for anything that is not one."""
    try:
        text = body.decode("utf-8")
        event = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise NotAnEvent("not JSON") from error
    if not isinstance(event, dict):
        raise NotAnEvent("not an event")
    for name in ("id", "type"):
        if not isinstance(event.get(name), str) or not NAME.fullmatch(event[name]):
            raise NotAnEvent(f"without {name}")
    if text.count("{") + text.count("[") > DEEPEST and _is_deeper(event, DEEPEST):
        raise NotAnEvent("nested without end")
    return event, text


def _is_deeper(held: Any, levels: int) -> bool:
    """Tell whether `held` is nested more than `levels` deep; called only where there are brackets enough for that."""
    if not isinstance(held, dict | list):
        return False
    return levels == 0 or any(
        _is_deeper(each, levels - 1) for each in (held.values() if isinstance(held, dict) else held)
    )


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _refuse_others(event: dict[str, Any], *, is_live: bool) -> None:
    """Refuse a test event at a live key and the other way round, and what another account's endpoint was meant for.

    Every event says its mode; only an event of a connected account names an `account`, and our key cannot ask there.
    """
    if event.get("livemode") is not is_live:
        log().error("event of the other mode refused", stripe_event=event["id"], livemode=event.get("livemode"))
        raise NotAnEvent("of the other mode")
    if event.get("account") is not None:
        log().error("event of another account refused", stripe_event=event["id"], account=str(event["account"])[:255])
        raise NotAnEvent("of another account")


def _keep(event: dict[str, Any], text: str) -> None:
    """Write the event down as it came, once; the same one again changes nothing."""
    tools = here().tools
    now = tools.clock.now()
    row = {"event_id": event["id"], "type": event["type"], "body": text, "received_at": now, "due_at": now}
    with tools.database.transaction() as session:
        connection = session.connection()
        connection.execute(INSERTS[connection.dialect.name], row)


def _answer(status: int, reason: str) -> Response:
    body = json.dumps({"error": {"status": status, "reason": reason}})
    return Response(body, status, mimetype="application/json")
