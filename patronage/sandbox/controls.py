"""The sandbox's own controls under /_sandbox: JSON for whoever drives it, beside Stripe's API."""

import json
from dataclasses import asdict
from typing import Any

import flask
from werkzeug.wrappers import Response

from patronage.sandbox import authentication, bodies, checkout, delivery, event_pages, faults, mailbox, web
from patronage.sandbox.bodies import Unusable, checked, parsed
from patronage.sandbox.courier import Courier
from patronage.sandbox.delivery import Manner
from patronage.sandbox.settings import SandboxSettings
from patronage.sandbox.store import Json, Store

# All that Stripe would know; what the sandbox keeps for itself is no part of the truth.
KEPT = "SELECT object, body FROM objects WHERE object NOT LIKE 'sandbox.%' ORDER BY seq"
DAYS = 366 * 3  # how far one move of the clock may go
DRAIN_SECONDS = 10.0  # how long a question whether all was delivered waits for a yes
PAY = {
    "card": bodies.text,
    "email": bodies.text_or_null,
    "name": bodies.text_or_null,
    "method": bodies.one_of("card", "bank_debit"),
    "outcome": bodies.one_of("succeed", "fail"),
}
ADVANCE = {
    "seconds": bodies.between(0, DAYS * 86400),
    "days": bodies.whole(0, DAYS),
    "months": bodies.whole(0, 36),
}
FAULT = {"path": bodies.text, "times": bodies.whole(1, 1000000), "fault": bodies.one_of(*faults.KINDS)}
MANNER = {
    "duplicate": bodies.chance,
    "reverse": bodies.truth,
    "delay": bodies.between(0, 30 * 86400),
    "drop": bodies.chance,
    "concurrent": bodies.truth,
}


def blueprint(store: Store, settings: SandboxSettings, courier: Courier) -> flask.Blueprint:
    """Every control; each answers JSON, and a page where a browser asks for one."""
    controls = flask.Blueprint("controls", __name__, url_prefix="/_sandbox")
    controls.register_error_handler(Unusable, lambda error: web.refused(400, str(error)))
    _add_checkout(controls, store)
    _add_clock(controls, store, courier)
    _add_faults(controls, store)
    _add_manner(controls, store)
    _add_deliveries(controls, store)
    _add_records(controls, store, settings)
    return controls


def _asked() -> Any:
    return parsed(flask.request.get_data())


def _add_checkout(controls: flask.Blueprint, store: Store) -> None:
    @controls.post("/checkout/<session>/pay")
    def pay(session: str) -> Response:
        return _json(checkout.pay(store, session, **checked(_asked(), PAY)))

    @controls.post("/checkout/<session>/authenticate")
    def authenticate(session: str) -> Response:
        asked = checked(_asked(), {"outcome": bodies.one_of("approve", "fail")})
        return _json(checkout.authenticate(store, session, **asked))

    @controls.post("/payment_intents/<intent>/authenticate")
    @controls.post("/setup_intents/<intent>/authenticate")
    def answer_bank(intent: str) -> Response:
        asked = checked(_asked(), {"outcome": bodies.one_of("approve", "fail")})
        return _json(authentication.answer(store, intent, **asked))

    @controls.post("/checkout/<session>/code")
    def use_code(session: str) -> Response:
        wrong = checkout.apply_code(store, session, checked(_asked(), {"code": bodies.text}, ("code",))["code"])
        return web.refused(400, wrong) if wrong else _json({"status": "applied"})

    @controls.post("/checkout/<session>/leave")
    def leave(session: str) -> Response:
        checked(_asked(), {})
        return _json({"status": "open", "redirect": checkout.leave(store, session)})


def _add_clock(controls: flask.Blueprint, store: Store, courier: Courier) -> None:
    @controls.post("/clock/advance")
    def advance() -> Response:
        asked = checked(_asked(), ADVANCE)
        if len(asked) != 1:
            raise Unusable("Say how far: one of seconds, days, months.")
        courier.forward(**asked)
        return _json(web.clock_reading(store))


def _add_faults(controls: flask.Blueprint, store: Store) -> None:
    @controls.get("/faults")
    def get_faults() -> Response:
        return _json(faults.listed(store))

    @controls.put("/faults")
    def put_faults() -> Response:
        asked = _asked() or []
        if not isinstance(asked, list):
            raise Unusable('A JSON list is needed: [{"path": "/v1/…", "times": 1, "fault": "500"}].')
        wanted = [{"times": 1, **checked(fault, FAULT, ("path", "fault"))} for fault in asked]
        for fault in wanted:
            if not str(fault["path"]).startswith("/v1"):
                raise Unusable(f"“path” must begin with /v1, not {json.dumps(fault['path'])}.")
        faults.replace(store, wanted)
        return _json(wanted)


def _add_manner(controls: flask.Blueprint, store: Store) -> None:
    @controls.get("/delivery")
    def get_manner() -> Response:
        with store.read() as tx:
            return _json(asdict(delivery.manner(tx)))

    @controls.put("/delivery")
    def put_manner() -> Response:
        wanted = Manner(**checked(_asked(), MANNER))
        with store.write() as tx:
            delivery.set_manner(tx, wanted)
        return _json(asdict(wanted))


def _add_deliveries(controls: flask.Blueprint, store: Store) -> None:
    @controls.get("/deliveries/drained")
    def drained() -> Response:
        return _json({"drained": delivery.drain(store, DRAIN_SECONDS)})

    @controls.get("/deliveries")
    def deliveries() -> Response:
        if web.wants_page():
            return event_pages.deliveries(store)
        with store.read() as tx:
            return _json(delivery.listed(tx, event=flask.request.args.get("event"), most=_limit()))

    @controls.post("/deliveries/<event>/again")
    def again(event: str) -> Response:
        with store.write() as tx:
            queued = delivery.again(tx, event)
        if queued is None:
            return web.refused(404, f"There is no event “{event}”.")
        if web.wants_page():
            return flask.redirect(flask.url_for("controls.deliveries", event=event), 303)
        return _json({"event": event, "queued": queued}, 202)


def _add_records(controls: flask.Blueprint, store: Store, settings: SandboxSettings) -> None:
    @controls.get("/events")
    def events() -> Response:
        if web.wants_page():
            return event_pages.events(store)
        with store.read() as tx:
            rows = tx.sql("SELECT body, pending FROM events ORDER BY seq DESC LIMIT ?", (_limit(),))
            return _json([{**json.loads(row["body"]), "pending_webhooks": row["pending"]} for row in rows])

    @controls.get("/truth.json")
    def truth() -> Response:
        objects: dict[str, list[Json]] = {}
        with store.read() as tx:
            for row in tx.sql(KEPT):
                objects.setdefault(row["object"], []).append(json.loads(row["body"]))
        return _json(objects)

    @controls.get("/mail.json")
    def mail() -> Response:
        to = flask.request.args.get("to")
        return _json([asdict(letter) for letter in mailbox.letters(settings.mail_dir, to=to)])


def _limit() -> int:
    """`?limit=`, or no limit."""
    return flask.request.args.get("limit", -1, int)


def _json(body: Any, status: int = 200) -> Response:
    return flask.Response(json.dumps(body, indent=2, ensure_ascii=False), status, mimetype="application/json")
