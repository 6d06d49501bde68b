"""Refunds, in full or in part; some are under way for days, some come back."""

from patronage.sandbox import clock, disputes, events, fraud_warnings
from patronage.sandbox.balance import new_transaction, transaction_of
from patronage.sandbox.cards import means_of
from patronage.sandbox.errors import invalid, not_found, unexpected_state
from patronage.sandbox.exchange import settled
from patronage.sandbox.ids import new_id
from patronage.sandbox.lists import page
from patronage.sandbox.objects import change, fetched, merged, named, refuse_unsupported
from patronage.sandbox.requests import endpoint
from patronage.sandbox.schema import missing_param
from patronage.sandbox.store import Json, Tx

FAILS_AFTER = 60  # seconds, for the cards whose refunds fail
DEBIT_TAKES = 3 * 86400  # seconds until money is back in a bank account


@endpoint("POST", "/v1/refunds", "RefundCreateParams")
def create(tx: Tx, params: Json) -> Json:
    refuse_unsupported(params, {"amount", "charge", "expand", "metadata", "payment_intent", "reason"})
    charge = _charge(tx, params)
    amount = _amount(charge, params)
    refund = tx.put(_new_refund(tx, charge, amount, params))
    events.emit(tx, "refund.created", refund)
    total = charge["amount_refunded"] + amount
    updates: Json = {"amount_refunded": total, "refunded": total == charge["amount_captured"]}
    if params.get("reason") == "fraudulent":
        updates["fraud_details"] = {"user_report": "fraudulent"}
    change(tx, charge, updates, "charge.refunded")
    events.emit(tx, "refund.updated", refund)
    _await_outcome(tx, charge, refund)
    if charge["refunded"]:
        fraud_warnings.settle(tx, charge)
        disputes.close_inquiries(tx, charge)
    return refund


def _new_refund(tx: Tx, charge: Json, amount: int, params: Json) -> Json:
    taken = transaction_of(tx, charge)
    refund: Json = {
        "id": new_id("re" if _is_card(charge) else "pyr"),
        "object": "refund",
        "amount": amount,
        "charge": charge["id"],
        "created": tx.now(),
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": _destination(charge),
        "metadata": merged({}, params.get("metadata")),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded" if _is_card(charge) else "pending",
        "transfer_reversal": None,
    }
    if refund["status"] == "pending":
        refund["pending_reason"] = "processing"
    money = settled(-amount, charge["currency"], taken["currency"])
    kind = ("refund" if _is_card(charge) else "payment_refund", "refund")
    moved = new_transaction(tx, refund, money, kind, available_on=taken["available_on"], description=_about(charge))
    return {**refund, "balance_transaction": moved["id"]}


def _is_card(charge: Json) -> bool:
    return bool(charge["payment_method_details"]["type"] == "card")


def _about(charge: Json) -> str:
    return f"REFUND FOR CHARGE ({charge['description']})" if charge["description"] else "REFUND FOR CHARGE"


def _destination(charge: Json) -> Json:
    if not _is_card(charge):
        return {"type": charge["payment_method_details"]["type"]}
    return {"card": {"reference": None, "reference_status": "pending", "type": "refund"}, "type": "card"}


def _await_outcome(tx: Tx, charge: Json, refund: Json) -> None:
    method = tx.get(charge["payment_method"])
    if method is not None and means_of(method).refund_fails:
        clock.schedule(tx, tx.now() + FAILS_AFTER, "refund_fails", refund["id"])
    elif refund["status"] == "pending":
        clock.schedule(tx, tx.now() + DEBIT_TAKES, "refund_arrives", refund["id"])


@clock.handler("refund_arrives")
def arrive(tx: Tx, refund_id: str) -> None:
    """The money is back in the reader's bank account."""
    refund = fetched(tx, "refund", refund_id)
    refund.pop("pending_reason", None)
    change(tx, refund, {"status": "succeeded"}, "refund.updated")


@clock.handler("refund_fails")
def fail(tx: Tx, refund_id: str) -> None:
    """The reader's bank sends the money back: it is ours again, and the charge counts as less refunded."""
    refund = fetched(tx, "refund", refund_id)
    charge = fetched(tx, "charge", refund["charge"])
    money = settled(refund["amount"], refund["currency"], transaction_of(tx, charge)["currency"])
    kind = ("refund_failure", "refund_failure")
    back = new_transaction(tx, refund, money, kind, description=f"REFUND FAILURE ({charge['id']})")
    failure = {"failure_balance_transaction": back["id"], "failure_reason": "expired_or_canceled_card"}
    change(tx, refund, {"status": "failed", **failure}, "refund.updated")
    events.emit(tx, "refund.failed", refund)
    updates = {"amount_refunded": charge["amount_refunded"] - refund["amount"], "refunded": False}
    change(tx, charge, updates, "charge.updated")


def _charge(tx: Tx, params: Json) -> Json:
    if "charge" in params:
        charge = named(tx, "charge", params["charge"], "charge")
    elif "payment_intent" in params:
        intent = named(tx, "payment_intent", params["payment_intent"], "payment_intent")
        if not intent["latest_charge"]:
            message = "This PaymentIntent does not have a successful charge to refund."
            raise invalid(message, "payment_intent", "payment_intent_unexpected_state")
        charge = fetched(tx, "charge", intent["latest_charge"])
    else:
        raise missing_param("payment_intent")
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise invalid("This charge has not succeeded and cannot be refunded.", "charge")
    if not disputes.refundable(tx, charge):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise invalid(message, code="charge_disputed")
    return charge


def _amount(charge: Json, params: Json) -> int:
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = int(params.get("amount", left))
    if left == 0:
        raise invalid(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if amount < 1:
        raise invalid("Invalid positive integer", "amount", "parameter_invalid_integer")
    if amount > left:
        message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
        raise invalid(message, "amount", "amount_too_large")
    return amount


@endpoint("GET", "/v1/refunds/<id>", "RefundRetrieveParams")
def retrieve(tx: Tx, _params: Json, id: str) -> Json:
    return fetched(tx, "refund", id)


@endpoint("POST", "/v1/refunds/<id>", "RefundUpdateParams")
def update(tx: Tx, params: Json, id: str) -> Json:
    refund = fetched(tx, "refund", id)
    if "metadata" not in params:
        return refund
    return change(tx, refund, {"metadata": merged(refund["metadata"], params["metadata"])}, "refund.updated")


@endpoint("POST", "/v1/refunds/<id>/cancel", "RefundCancelParams")
def cancel(tx: Tx, _params: Json, id: str) -> Json:
    refund = fetched(tx, "refund", id)
    message = f"Only refunds that require action can be canceled; this one has the status {refund['status']}."
    raise unexpected_state("refund_not_cancelable", message)


@endpoint("GET", "/v1/refunds", "RefundListParams")
def list_all(tx: Tx, params: Json) -> Json:
    return page(tx, "refund", params, "/v1/refunds", ("charge", "payment_intent"))


@endpoint("GET", "/v1/charges/<charge>/refunds", "ChargeListRefundsParams")
def list_of_charge(tx: Tx, params: Json, charge: str) -> Json:
    fetched(tx, "charge", charge)
    return page(tx, "refund", {**params, "charge": charge}, f"/v1/charges/{charge}/refunds", ("charge",))


@endpoint("GET", "/v1/charges/<charge>/refunds/<id>", "ChargeRetrieveRefundParams")
def retrieve_of_charge(tx: Tx, _params: Json, charge: str, id: str) -> Json:
    refund = fetched(tx, "refund", id)
    if refund["charge"] != charge:
        raise not_found("refund", id)
    return refund
