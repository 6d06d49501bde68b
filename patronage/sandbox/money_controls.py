"""The sandbox's controls over money: disputes, fraud warnings, payouts, and what the account settles in."""

import json
from typing import Any

import flask
from werkzeug.wrappers import Response

from patronage.sandbox import bodies, clock, disputes, fraud_warnings, payout_schedule, payouts, web
from patronage.sandbox.bodies import Unusable, checked, parsed
from patronage.sandbox.errors import invalid
from patronage.sandbox.exchange import EUROS
from patronage.sandbox.objects import fetched, named
from patronage.sandbox.store import Json, Store, Tx

STATUS = {"status": bodies.one_of(*disputes.STATUSES)}
DISPUTE = {
    "charge": bodies.text,
    "amount": bodies.whole(1, 10**9),
    "reason": bodies.one_of(*disputes.REASONS),
    **STATUS,
}
PAYOUTS = {"schedule": bodies.one_of(*payout_schedule.SCHEDULES), "fail_next": bodies.truth}


def blueprint(store: Store) -> flask.Blueprint:
    """Controls under /_sandbox, JSON in and out."""
    controls = flask.Blueprint("money_controls", __name__, url_prefix="/_sandbox")
    controls.register_error_handler(Unusable, lambda error: web.refused(400, str(error)))
    controls.before_request(lambda: clock.catch_up(store))
    _add_disputes(controls, store)
    _add_payouts(controls, store)
    _add_account(controls, store)
    return controls


def _add_disputes(controls: flask.Blueprint, store: Store) -> None:
    @controls.post("/disputes")
    def dispute() -> Response:
        asked = checked(_asked(), DISPUTE, ("charge",))
        with store.write() as tx:
            return _json(_new_dispute(tx, asked))

    @controls.post("/disputes/<id>")
    def move(id: str) -> Response:
        asked = checked(_asked(), STATUS, ("status",))
        with store.write() as tx:
            return _json(disputes.move(tx, disputes.current(tx, fetched(tx, "dispute", id)), asked["status"]))

    @controls.post("/early_fraud_warnings")
    def warn() -> Response:
        asked = checked(_asked(), {"charge": bodies.text}, ("charge",))
        with store.write() as tx:
            return _json(fraud_warnings.new_warning(tx, _charge(tx, asked)))


def _charge(tx: Tx, asked: Json) -> Json:
    charge = named(tx, "charge", asked["charge"], "charge")
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise invalid("Only a charge that has taken money can be contested.", "charge")
    return charge


def _new_dispute(tx: Tx, asked: Json) -> Json:
    charge = _charge(tx, asked)
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = asked.get("amount", left)
    if not 1 <= amount <= charge["amount_captured"]:
        raise invalid(f"The amount must be from 1 to {charge['amount_captured']}.", "amount")
    card = "card" in charge["payment_method_details"]
    reason = asked.get("reason", "fraudulent" if card else "debit_not_authorized")
    status = asked.get("status", "needs_response" if card else "lost")  # a bank debit's dispute is final
    return disputes.new_dispute(tx, charge, amount, reason, status)


def _add_payouts(controls: flask.Blueprint, store: Store) -> None:
    @controls.get("/payouts")
    def get_payouts() -> Response:
        with store.read() as tx:
            return _json(_manner(tx))

    @controls.put("/payouts")
    def put_payouts() -> Response:
        asked = checked(_asked(), PAYOUTS)
        with store.write() as tx:
            if "schedule" in asked:
                payout_schedule.set_schedule(tx, asked["schedule"])
            if "fail_next" in asked:
                tx.remember(payouts.FAIL_NEXT, "1" if asked["fail_next"] else "")
            return _json(_manner(tx))


def _manner(tx: Tx) -> Json:
    return {"schedule": payout_schedule.schedule(tx), "fail_next": tx.fact(payouts.FAIL_NEXT) == "1"}


def _add_account(controls: flask.Blueprint, store: Store) -> None:
    @controls.get("/account")
    def get_account() -> Response:
        with store.read() as tx:
            return _json({"settlement_currency": tx.fact("settlement_currency") or None})

    @controls.put("/account")
    def put_account() -> Response:
        asked = checked(_asked(), {"settlement_currency": _currency}, ("settlement_currency",))
        with store.write() as tx:
            tx.remember("settlement_currency", asked["settlement_currency"] or "")
        return _json(asked)


def _currency(value: Any) -> str | None:
    return None if value is None or value in EUROS else f"null or one of {', '.join(EUROS)}"


def _asked() -> Any:
    return parsed(flask.request.get_data())


def _json(body: Any) -> Response:
    return flask.Response(json.dumps(body, indent=2, ensure_ascii=False), mimetype="application/json")
