"""The lists a person reads to see what happened: events, and what became of their deliveries."""

import json
from sqlite3 import Row

import flask
from werkzeug.wrappers import Response

from patronage.sandbox import delivery
from patronage.sandbox.amounts import moment
from patronage.sandbox.store import Json, Store, Tx

PAGE = 50
STATES = {
    "waiting": "waiting",
    "delivered": "taken",
    "failed": "given up",
    "dropped": "lost on purpose",
}


def events(store: Store) -> Response:
    """Events, newest first, a page at a time (`?before=` a place in the order, `?type=`)."""
    before, kind = flask.request.args.get("before", type=int), flask.request.args.get("type")
    with store.read() as tx:
        rows = tx.sql(
            "SELECT * FROM events WHERE (? IS NULL OR seq < ?) AND (? IS NULL OR type = ?) ORDER BY seq DESC LIMIT ?",
            (before, before, kind, kind, PAGE + 1),
        ).fetchall()
        shown = [_event(tx, row) for row in rows[:PAGE]]
    older = rows[PAGE - 1]["seq"] if len(rows) > PAGE else None
    return flask.make_response(
        flask.render_template("events.html", events=shown, older=older, kind=kind, first_page=before is None)
    )


def _event(tx: Tx, row: Row) -> Json:
    body = json.loads(row["body"])
    counts = tx.sql("SELECT state, count(*) AS n FROM deliveries WHERE event_id = ? GROUP BY state", (row["id"],))
    return {
        "id": row["id"],
        "type": row["type"],
        "at": moment(row["created"]),
        "subject": body["data"]["object"].get("id"),
        "deliveries": ", ".join(f"{count['n']} {STATES[count['state']]}" for count in counts),
        "body": json.dumps(body, indent=2, ensure_ascii=False),
    }


def deliveries(store: Store) -> Response:
    """Deliveries, newest first, a page at a time (`?before=`), or those of one event (`?event=`)."""
    before, event = flask.request.args.get("before", type=int), flask.request.args.get("event")
    with store.read() as tx:
        rows = delivery.listed(tx, event=event, before=before, most=PAGE + 1)
        endpoints = tx.all("webhook_endpoint")
        how = delivery.manner(tx)
    shown = [_delivery(row) for row in rows[:PAGE]]
    older = rows[PAGE - 1]["id"] if len(rows) > PAGE else None
    return flask.make_response(
        flask.render_template(
            "deliveries.html", deliveries=shown, older=older, event=event, endpoints=endpoints, manner=how
        )
    )


def _delivery(row: Json) -> Json:
    next_at = row["next_attempt"]
    return {
        **row,
        "state_name": STATES[row["state"]],
        "made": moment(row["created"]),
        "next": moment(next_at) if next_at is not None else None,
        "attempts": [{**attempt, "when": moment(attempt["at"])} for attempt in row["attempts"]],
    }
