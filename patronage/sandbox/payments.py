"""Taking a payment: an intent, a means of paying, and what comes of the two."""

from patronage.sandbox import clock, events
from patronage.sandbox.balance import await_fee
from patronage.sandbox.blanks import blank
from patronage.sandbox.cards import AUTHENTICATION, UNAUTHENTICATED, Refusal, means_of
from patronage.sandbox.charges import new_charge
from patronage.sandbox.ids import new_id
from patronage.sandbox.objects import change
from patronage.sandbox.store import Json, Tx

DEBIT_TAKES = 3 * 86400


def new_intent(tx: Tx, amount: int, currency: str, **fields: object) -> Json:
    """Store a payment intent that has not been tried yet, and tell of it."""
    id = new_id("pi")
    intent: Json = {
        "id": id,
        "object": "payment_intent",
        **blank("payment_intent"),
        "amount": amount,
        "client_secret": f"{id}_secret_{new_id('x')[2:]}",
        "created": tx.now(),
        "currency": currency,
        "payment_method_types": ["card", "sepa_debit"] if currency == "eur" else ["card"],
        **fields,
    }
    tx.put(intent)
    events.emit(tx, "payment_intent.created", intent)
    return intent


def attempt(
    tx: Tx,
    intent: Json,
    method: Json,
    *,
    off_session: bool = False,
    authenticated: bool = False,
    bank_page: str = "",
) -> Json:
    """Try to take the money; the intent afterwards is succeeded, processing, requires_action, requires_capture,
    or requires_payment_method with `last_payment_error`. Its charge, if any, is `latest_charge`."""
    means = means_of(method)
    intent["payment_method"] = method["id"]
    if means.refusal is None and means.asks and not authenticated:
        if not off_session:
            return _ask(tx, intent, bank_page)
        if means.asks == "always":
            return refuse(tx, intent, method, AUTHENTICATION)
    if means.is_bank_account:
        return _debit(tx, intent, method)
    if means.refusal is not None:
        return refuse(tx, intent, method, means.refusal)
    charge = new_charge(tx, intent, method, "succeeded")
    if intent["capture_method"] == "manual":
        held = {"status": "requires_capture", "amount_capturable": intent["amount"]}
        intent = _settle(tx, intent, charge, held)
        events.emit(tx, "payment_intent.amount_capturable_updated", intent)
        return intent
    await_fee(tx, charge)
    return succeed(tx, intent, charge)


def succeed(tx: Tx, intent: Json, charge: Json) -> Json:
    """The money is taken: the intent succeeds and tells so."""
    intent = _settle(tx, intent, charge, {"status": "succeeded", "amount_received": charge["amount_captured"]})
    events.emit(tx, "payment_intent.succeeded", intent)
    return intent


def _settle(tx: Tx, intent: Json, charge: Json | None, updates: Json) -> Json:
    cleared = {"next_action": None, "last_payment_error": None, "processing": None}
    latest = {"latest_charge": charge["id"]} if charge else {}
    return change(tx, intent, {**cleared, **latest, **updates})


def _ask(tx: Tx, intent: Json, bank_page: str) -> Json:
    action: Json = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    if bank_page:
        action = {"redirect_to_url": {"return_url": None, "url": bank_page}, "type": "redirect_to_url"}
    change(tx, intent, {"status": "requires_action", "next_action": action, "last_payment_error": None})
    events.emit(tx, "payment_intent.requires_action", intent)
    return intent


def refuse(tx: Tx, intent: Json, method: Json, refusal: Refusal, charge: Json | None = None) -> Json:
    """The money is not taken; a charge tells so unless the reader failed before any was tried."""
    if charge is None and refusal is not UNAUTHENTICATED:
        charge = new_charge(tx, intent, method, "failed", refusal)
    error = {
        "charge": charge["id"] if charge else None,
        "code": refusal.code,
        "decline_code": refusal.decline_code,
        "doc_url": f"https://stripe.com/docs/error-codes/{refusal.code.replace('_', '-')}",
        "message": refusal.message,
        "payment_method": method,
        "type": "invalid_request_error" if refusal is UNAUTHENTICATED else "card_error",
    }
    kept = {name: value for name, value in error.items() if value is not None}
    updates = {"status": "requires_payment_method", "payment_method": None, "last_payment_error": kept}
    intent = _settle(tx, intent, charge, updates)
    events.emit(tx, "payment_intent.payment_failed", intent)
    return intent


def _debit(tx: Tx, intent: Json, method: Json) -> Json:
    charge = new_charge(tx, intent, method, "pending")
    intent = _settle(tx, intent, charge, {"status": "processing"})
    events.emit(tx, "payment_intent.processing", intent)
    clock.schedule(tx, tx.now() + DEBIT_TAKES, "debit", intent["id"])
    return intent


def settle_debit(tx: Tx, intent: Json) -> Json:
    """Three days later the bank has paid, or has not."""
    charge, method = tx.get(intent["latest_charge"]), tx.get(intent["payment_method"])
    if charge is None or method is None:
        raise LookupError(f"{intent['id']} is processing without a charge and a method")
    refusal = means_of(method).refusal
    if refusal is None:
        change(tx, charge, {"status": "succeeded", "paid": True})
        events.emit(tx, "charge.succeeded", charge)
        await_fee(tx, charge)
        return succeed(tx, intent, charge)
    failed = {"status": "failed", "failure_code": refusal.code, "failure_message": refusal.message}
    change(tx, charge, {**failed, "amount_captured": 0, "captured": False})
    events.emit(tx, "charge.failed", charge)
    return refuse(tx, intent, method, refusal, charge)
