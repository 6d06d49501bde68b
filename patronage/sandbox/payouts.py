"""Payouts: what is available leaves for the bank, by itself or when asked, arrives a day later, or comes back."""

from patronage.sandbox import clock, events, payout_schedule
from patronage.sandbox.balance import available, new_transaction
from patronage.sandbox.blanks import blank
from patronage.sandbox.errors import invalid
from patronage.sandbox.exchange import Settled
from patronage.sandbox.ids import new_id
from patronage.sandbox.lists import COMPARISONS, page
from patronage.sandbox.money import known_currency
from patronage.sandbox.objects import change, fetched, merged, picked, refuse_unsupported
from patronage.sandbox.payout_schedule import DAY, HOUR, midnight
from patronage.sandbox.requests import endpoint
from patronage.sandbox.store import Json, Tx

FAIL_NEXT = "payout_fails_next"
REFUSED: Json = {
    "failure_code": "account_closed",
    "failure_message": "The bank account has been closed.",
}


@clock.handler("payout")
def pay_out(tx: Tx, _subject: str) -> None:
    """The day of an automatic payout: one for each currency of which more than nothing is available."""
    for currency, amount in available(tx).items():
        if amount > 0:
            _pay_out_all(tx, currency, amount)
    payout_schedule.await_next(tx)


def _pay_out_all(tx: Tx, currency: str, amount: int) -> None:
    payout = _new_payout(tx, currency, amount, automatic=True, description="STRIPE PAYOUT")
    tx.sql(
        "INSERT INTO paid_out (id, payout) SELECT id, ? FROM unpaid WHERE currency = ? AND available_on <= ?",
        (payout["id"], currency, tx.now()),
    )
    tx.sql("DELETE FROM unpaid WHERE currency = ? AND available_on <= ?", (currency, tx.now()))
    change(tx, payout, {"status": "in_transit", "reconciliation_status": "completed"}, "payout.updated")
    events.emit(tx, "payout.reconciliation_completed", payout)


def _new_payout(tx: Tx, currency: str, amount: int, *, automatic: bool, **fields: object) -> Json:
    """Store a payout on its way to arrive tomorrow, with its own movement of money."""
    payout: Json = {
        "id": new_id("po"),
        "object": "payout",
        **blank("payout"),
        "amount": amount,
        "arrival_date": midnight(tx.now()) + DAY,
        "automatic": automatic,
        "created": tx.now(),
        "currency": currency,
        "reconciliation_status": "in_progress" if automatic else "not_applicable",
        **fields,
    }
    payout["balance_transaction"] = new_transaction(tx, payout, Settled(-amount, currency), ("payout", "payout"))["id"]
    tx.put(payout)
    events.emit(tx, "payout.created", payout)
    clock.schedule(tx, payout["arrival_date"], "arrive", payout["id"])
    return payout


@clock.handler("send_payout")
def send(tx: Tx, payout_id: str) -> None:
    """What was asked for by hand leaves an hour later; until then it can be canceled."""
    payout = tx.get(payout_id)
    if payout is not None and payout["status"] == "pending":
        change(tx, payout, {"status": "in_transit"}, "payout.updated")


@clock.handler("arrive")
def arrive(tx: Tx, payout_id: str) -> None:
    """The bank has the money, or sends it back."""
    payout = tx.get(payout_id)
    if payout is None or payout["status"] not in ("pending", "in_transit"):
        return
    if tx.fact(FAIL_NEXT) == "1":
        tx.remember(FAIL_NEXT, "")
        change(tx, payout, {"status": "failed", **REFUSED, **_returned(tx, payout, "payout_failure")})
        events.emit(tx, "payout.failed", payout)
    else:
        change(tx, payout, {"status": "paid"})
        events.emit(tx, "payout.paid", payout)


def _returned(tx: Tx, payout: Json, type: str) -> Json:
    """The money comes back, and is part of the next payout."""
    back = Settled(payout["amount"], payout["currency"])
    return {"failure_balance_transaction": new_transaction(tx, payout, back, (type, "payout_reversal"))["id"]}


@endpoint("POST", "/v1/payouts", "PayoutCreateParams")
def create(tx: Tx, params: Json) -> Json:
    plain = ("description", "statement_descriptor", "metadata")
    refuse_unsupported(params, {*plain, "amount", "currency", "expand", "method", "source_type"})
    if params.get("method", "standard") != "standard" or params.get("source_type", "card") != "card":
        raise invalid("The sandbox pays out by the standard method only, and from the card balance.", "method")
    currency = known_currency(params["currency"], "currency")
    if params["amount"] < 1:
        raise invalid("This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer")
    if params["amount"] > available(tx).get(currency, 0):
        raise invalid(
            "You have insufficient funds in your Stripe account for this transfer. Your card balance is too low.",
            "amount",
            "balance_insufficient",
        )
    told = {**picked(params, *plain), "metadata": merged({}, params.get("metadata"))}
    payout = _new_payout(tx, currency, params["amount"], automatic=False, **told)
    clock.schedule(tx, min(tx.now() + HOUR, payout["arrival_date"] - 1), "send_payout", payout["id"])
    return payout


@endpoint("GET", "/v1/payouts/<id>", "PayoutRetrieveParams")
def retrieve(tx: Tx, _params: Json, id: str) -> Json:
    return fetched(tx, "payout", id)


@endpoint("POST", "/v1/payouts/<id>", "PayoutUpdateParams")
def update(tx: Tx, params: Json, id: str) -> Json:
    payout = fetched(tx, "payout", id)
    if "metadata" not in params:
        return payout
    return change(tx, payout, {"metadata": merged(payout["metadata"], params["metadata"])}, "payout.updated")


@endpoint("POST", "/v1/payouts/<id>/cancel", "PayoutCancelParams")
def cancel(tx: Tx, _params: Json, id: str) -> Json:
    payout = fetched(tx, "payout", id)
    if payout["automatic"] or payout["status"] != "pending":
        raise invalid("Payouts can only be canceled when they are manual and pending.", code="payout_not_cancelable")
    change(tx, payout, {"status": "canceled", **_returned(tx, payout, "payout_cancel")})
    events.emit(tx, "payout.canceled", payout)
    return payout


@endpoint("GET", "/v1/payouts", "PayoutListParams")
def list_all(tx: Tx, params: Json) -> Json:
    asked = params.get("arrival_date", {})
    bounds = {"gte": asked, "lte": asked} if isinstance(asked, int) else asked
    where = " AND ".join(f"json_extract(body, '$.arrival_date') {COMPARISONS[name]} ?" for name in bounds)
    return page(tx, "payout", params, "/v1/payouts", ("status",), where, list(bounds.values()), ("arrival_date",))
