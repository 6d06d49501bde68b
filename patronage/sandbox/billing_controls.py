"""The sandbox's controls over billing: the portal without its pages, and dunning."""

import json
from typing import Any

import flask
from werkzeug.wrappers import Response

from patronage.sandbox import bodies, dunning, invoice_paying, payment_methods, portal, web
from patronage.sandbox.bodies import Unusable, checked, parsed
from patronage.sandbox.store import Store

Fields = dict[str, bodies.Check]
CARD: Fields = {"card": bodies.text}
OUTCOME: Fields = {"outcome": bodies.one_of("approve", "fail")}
WHICH: Fields = {"subscription": bodies.text}
CANCEL: Fields = {**WHICH, "feedback": bodies.text, "comment": bodies.text}
DUNNING: Fields = {
    "tries": bodies.whole(1, 20),
    "days": bodies.whole(1, 60),
    "end": bodies.one_of(*dunning.ENDS),
}
PAUSE: Fields = {**WHICH, "option": bodies.whole(0, 100)}


def blueprint(store: Store) -> flask.Blueprint:
    """Controls under /_sandbox, JSON in and out."""
    controls = flask.Blueprint("billing_controls", __name__, url_prefix="/_sandbox")
    controls.register_error_handler(Unusable, lambda error: web.refused(400, str(error)))
    _add_portal(controls, store)
    _add_dunning(controls, store)
    _add_paying(controls, store)
    return controls


def _add_paying(controls: flask.Blueprint, store: Store) -> None:
    @controls.post("/invoices/<invoice>/pay")
    def pay_invoice(invoice: str) -> Response:
        return _json(invoice_paying.pay(store, invoice, **_asked(CARD)))

    @controls.post("/payment_methods/<method>/replace")
    def replace_method(method: str) -> Response:
        asked = _asked(CARD)
        with store.write() as tx:
            return _json(payment_methods.replace_automatically(tx, method, **asked))


def _add_dunning(controls: flask.Blueprint, store: Store) -> None:
    @controls.get("/dunning")
    def get_dunning() -> Response:
        with store.read() as tx:
            return _json(dunning.setting(tx))

    @controls.put("/dunning")
    def put_dunning() -> Response:
        wished = _asked(DUNNING)
        with store.write() as tx:
            return _json(dunning.set_to(tx, wished))


def _add_portal(controls: flask.Blueprint, store: Store) -> None:
    @controls.post("/portal/<session>/card")
    def card(session: str) -> Response:
        return _json(portal.card(store, session, **_asked(CARD)))

    @controls.post("/portal/<session>/authenticate")
    def authenticate(session: str) -> Response:
        return _json(portal.authenticate(store, session, **_asked(OUTCOME)))

    @controls.post("/portal/<session>/cancel")
    def cancel(session: str) -> Response:
        return _json(portal.cancel(store, session, **_asked(CANCEL)))

    @controls.post("/portal/<session>/undo")
    def undo(session: str) -> Response:
        return _json(portal.undo(store, session, **_asked(WHICH)))

    @controls.post("/portal/<session>/pause")
    def pause(session: str) -> Response:
        return _json(portal.pause(store, session, **_asked(PAUSE)))

    @controls.post("/portal/<session>/resume")
    def resume(session: str) -> Response:
        return _json(portal.unpause(store, session, **_asked(WHICH)))


def _asked(fields: Fields) -> Any:
    return checked(parsed(flask.request.get_data()), fields)


def _json(body: Any) -> Response:
    return flask.Response(json.dumps(body, indent=2, ensure_ascii=False), mimetype="application/json")
