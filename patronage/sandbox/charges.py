"""Charges: each attempt to take money leaves one, whether it took any or not."""

from patronage.sandbox import events
from patronage.sandbox.balance import await_fee
from patronage.sandbox.blanks import blank
from patronage.sandbox.card_tokens import as_method, payer
from patronage.sandbox.cards import AUTHENTICATION, Refusal, means_of
from patronage.sandbox.errors import invalid
from patronage.sandbox.ids import new_id
from patronage.sandbox.lists import page
from patronage.sandbox.money import check_amount, known_currency
from patronage.sandbox.objects import change, fetched, merged, picked, refuse_unsupported
from patronage.sandbox.payment_methods import card_error
from patronage.sandbox.requests import endpoint
from patronage.sandbox.schema import missing_param
from patronage.sandbox.store import Json, Tx

PASSED: Json = {
    "advice_code": None,
    "network_advice_code": None,
    "network_decline_code": None,
    "network_status": "approved_by_network",
    "reason": None,
    "risk_level": "normal",
    "risk_score": 12,
    "seller_message": "Payment complete.",
    "type": "authorized",
}


def new_charge(tx: Tx, intent: Json, method: Json, status: str, refusal: Refusal | None = None, **more: Json) -> Json:
    """Store the charge an attempt leaves behind, and tell it: succeeded, pending, or failed with its refusal."""
    captured = status != "failed" and intent["capture_method"] != "manual"
    charge: Json = {
        "id": new_id("ch" if method["type"] == "card" else "py"),
        "object": "charge",
        **blank("charge"),
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if captured else 0,
        "billing_details": method["billing_details"],
        "captured": captured,
        "created": tx.now(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "failure_code": refusal.code if refusal else None,
        "failure_message": refusal.message if refusal else None,
        "metadata": dict(intent["metadata"]),
        "outcome": _outcome(refusal),
        "paid": status == "succeeded",
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _details(method),
        "receipt_email": intent["receipt_email"],
        "shipping": intent["shipping"],
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": status,
        **more,
    }
    tx.put(charge)
    events.emit(tx, f"charge.{status}", charge)
    return charge


def _outcome(refusal: Refusal | None) -> Json:
    if refusal is None:
        return PASSED
    return {
        **PASSED,
        "network_decline_code": "02",
        "network_status": "declined_by_network",
        "reason": refusal.decline_code or refusal.code,
        "seller_message": "The bank did not return any further details with this decline.",
        "type": "issuer_declined",
    }


def _details(method: Json) -> Json:
    if method["type"] == "card":
        return {"card": _card_details(method["card"]), "type": "card"}
    account = {**method["sepa_debit"], "mandate": None}
    account.pop("generated_from")
    return {"sepa_debit": account, "type": "sepa_debit"}


def _card_details(card: Json) -> Json:
    shared = (
        "brand",
        "checks",
        "country",
        "exp_month",
        "exp_year",
        "fingerprint",
        "funding",
        "last4",
        "wallet",
    )
    return {
        **{name: card[name] for name in shared},
        "installments": None,
        "mandate": None,
        "network": card["brand"],
        "network_token": {"used": False},
        "regulated_status": "unregulated",
        "three_d_secure": None,
    }


PLAIN = ("description", "receipt_email", "shipping", "statement_descriptor", "statement_descriptor_suffix")


@endpoint("POST", "/v1/charges", "ChargeCreateParams")
def create(tx: Tx, params: Json) -> Json:
    refuse_unsupported(params, {*PLAIN, "amount", "capture", "currency", "customer", "expand", "metadata", "source"})
    for name in ("amount", "currency"):
        if name not in params:
            raise missing_param(name)
    currency = known_currency(params["currency"], "currency")
    check_amount(params["amount"], currency, "amount")
    card = payer(tx, params)
    means = means_of(card)
    wanted = {
        **dict.fromkeys(PLAIN),
        **picked(params, *PLAIN),
        "id": None,
        "amount": params["amount"],
        "capture_method": "automatic" if params.get("capture", True) else "manual",
        "currency": currency,
        "customer": params.get("customer"),
        "metadata": merged({}, params.get("metadata")),
    }
    refusal = AUTHENTICATION if means.asks == "always" else means.refusal
    charge = new_charge(tx, wanted, as_method(card), "failed" if refusal else "succeeded", refusal, source=card)
    if refusal is not None:
        raise card_error(refusal, keeps=True, charge=charge["id"])
    if charge["captured"]:
        await_fee(tx, charge)
    return charge


@endpoint("POST", "/v1/charges/<id>/capture", "ChargeCaptureParams")
def capture(tx: Tx, params: Json, id: str) -> Json:
    refuse_unsupported(params, {"amount", "expand", "receipt_email", *PLAIN[3:]})
    charge = fetched(tx, "charge", id)
    if charge["payment_intent"] is not None:
        message = f"This charge belongs to a PaymentIntent: capture {charge['payment_intent']} instead."
        raise invalid(message, "charge")
    if charge["captured"] or charge["status"] != "succeeded":
        raise invalid(f"Charge {id} has already been captured.", code="charge_already_captured")
    amount: int = params["amount"] if "amount" in params else charge["amount"]
    if not 1 <= amount <= charge["amount"]:
        raise invalid("Amount to capture exceeds that of the charge.", "amount", "amount_too_large")
    change(tx, charge, {**picked(params, "receipt_email", *PLAIN[3:]), "amount_captured": amount, "captured": True})
    events.emit(tx, "charge.captured", charge)
    await_fee(tx, charge)
    return charge


@endpoint("GET", "/v1/charges/<id>", "ChargeRetrieveParams")
def retrieve(tx: Tx, _params: Json, id: str) -> Json:
    return fetched(tx, "charge", id)


@endpoint("POST", "/v1/charges/<id>", "ChargeUpdateParams")
def update(tx: Tx, params: Json, id: str) -> Json:
    refuse_unsupported(params, {"description", "fraud_details", "metadata", "receipt_email", "shipping", "expand"})
    charge = fetched(tx, "charge", id)
    updates = picked(params, "description", "receipt_email", "shipping")
    if "metadata" in params:
        updates["metadata"] = merged(charge["metadata"], params["metadata"])
    if "fraud_details" in params:
        updates["fraud_details"] = {name: value for name, value in params["fraud_details"].items() if value}
    return change(tx, charge, updates, "charge.updated")


@endpoint("GET", "/v1/charges", "ChargeListParams")
def list_all(tx: Tx, params: Json) -> Json:
    return page(tx, "charge", params, "/v1/charges", ("customer", "payment_intent", "transfer_group"))
