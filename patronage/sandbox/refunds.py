"""Refunds, in full or in part."""

from patronage.sandbox import events
from patronage.sandbox.balance import learn_fee, new_transaction
from patronage.sandbox.errors import invalid
from patronage.sandbox.ids import new_id
from patronage.sandbox.lists import page
from patronage.sandbox.objects import change, fetched, merged, named, refuse_unsupported
from patronage.sandbox.requests import endpoint
from patronage.sandbox.schema import missing_param
from patronage.sandbox.store import Json, Tx


@endpoint("POST", "/v1/refunds", "RefundCreateParams")
def create(tx: Tx, params: Json) -> Json:
    refuse_unsupported(params, {"amount", "charge", "expand", "metadata", "payment_intent", "reason"})
    charge = _charge(tx, params)
    amount = _amount(charge, params)
    if charge["balance_transaction"] is None:
        learn_fee(tx, charge["id"])
        charge = fetched(tx, "charge", charge["id"])
    refund: Json = {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
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
        "status": "succeeded",
        "transfer_reversal": None,
    }
    category = "payment_refund" if refund["destination_details"]["type"] != "card" else "refund"
    refund["balance_transaction"] = new_transaction(tx, refund, -amount, 0, category, "refund")["id"]
    tx.put(refund)
    events.emit(tx, "refund.created", refund)
    total = charge["amount_refunded"] + amount
    updates = {"amount_refunded": total, "refunded": total == charge["amount_captured"]}
    change(tx, charge, updates, "charge.refunded")
    events.emit(tx, "refund.updated", refund)
    return refund


def _destination(charge: Json) -> Json:
    kind = charge["payment_method_details"]["type"]
    if kind != "card":
        return {"type": kind}
    return {"card": {"reference": None, "reference_status": "pending", "type": "refund"}, "type": "card"}


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


@endpoint("GET", "/v1/refunds", "RefundListParams")
def list_all(tx: Tx, params: Json) -> Json:
    return page(tx, "refund", params, "/v1/refunds", ("charge", "payment_intent"))


@endpoint("GET", "/v1/charges/<charge>/refunds", "ChargeListRefundsParams")
def list_of_charge(tx: Tx, params: Json, charge: str) -> Json:
    fetched(tx, "charge", charge)
    return page(tx, "refund", {**params, "charge": charge}, f"/v1/charges/{charge}/refunds", ("charge",))
