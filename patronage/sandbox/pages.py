"""The sandbox's own pages for people: home, clock, health."""

import flask
from werkzeug.wrappers import Response

from patronage.sandbox import web
from patronage.sandbox.amounts import moment
from patronage.sandbox.courier import Courier
from patronage.sandbox.store import Store

STEPS: dict[str, dict[str, int]] = {
    "hour": {"seconds": 3600},
    "day": {"days": 1},
    "week": {"days": 7},
    "month": {"months": 1},
}
COUNTED = {
    "customer": "customers",
    "subscription": "subscriptions",
    "invoice": "invoices",
    "charge": "charges",
    "checkout.session": "Checkout sessions",
    "webhook_endpoint": "webhook endpoints",
}


def blueprint(store: Store, courier: Courier) -> flask.Blueprint:
    """`/`, `/healthz` and the clock."""
    pages = flask.Blueprint("pages", __name__)

    @pages.get("/")
    def home() -> str:
        return flask.render_template("home.html", counts=_counts(store), now=_now(store))

    @pages.get("/healthz")
    def health() -> Response:
        return flask.jsonify(status="ok", **web.clock_reading(store))

    @pages.get("/_sandbox/clock")
    def clock() -> str | Response:
        if not web.wants_page():
            return flask.jsonify(web.clock_reading(store))
        since = flask.request.args.get("since", type=int)
        happened = None if since is None else _happened(store, since)
        return flask.render_template("clock.html", now=_now(store), happened=happened, steps=STEPS)

    @pages.post("/_sandbox/clock")
    def move() -> Response:
        step = STEPS.get(flask.request.form.get("step", ""))
        if step is None:
            return web.refused(400, "Choose how far: an hour, a day, a week or a month.")
        before = _last_event(store)
        courier.forward(seconds=step.get("seconds", 0), days=step.get("days", 0), months=step.get("months", 0))
        return flask.redirect(flask.url_for("pages.clock", since=before), 303)

    return pages


def _now(store: Store) -> str:
    with store.read() as tx:
        return moment(tx.now())


def _counts(store: Store) -> dict[str, int]:
    """How many there are of what people ask after first, by its name."""
    with store.read() as tx:
        rows = tx.sql("SELECT object, count(*) AS n FROM objects GROUP BY object")
        found = {row["object"]: row["n"] for row in rows}
    return {name: found.get(kind, 0) for kind, name in COUNTED.items()}


def _last_event(store: Store) -> int:
    with store.read() as tx:
        return int(tx.sql("SELECT coalesce(max(seq), 0) AS seq FROM events").fetchone()["seq"])


def _happened(store: Store, since: int) -> dict[str, int]:
    """How many events of each type came after a place in the order."""
    with store.read() as tx:
        rows = tx.sql(
            "SELECT type, count(*) AS n FROM events WHERE seq > ? GROUP BY type ORDER BY n DESC, type", (since,)
        )
        return {row["type"]: row["n"] for row in rows}
