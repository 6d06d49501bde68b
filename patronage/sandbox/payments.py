"""Taking a payment: an intent, a means of paying, and what comes of the two."""

from patronage.sandbox import clock, events
from patronage.sandbox.balance import await_fee
from patronage.sandbox.blanks import blank
from patronage.sandbox.cards import AUTHENTICATION, UNAUTHENTICATED, Refusal, means_of
from patronage.sandbox.charges import new_charge
from patronage.sandbox.ids import new_id
from patronage.sandbox.objects import change
from patronage.sandbox.store import Json, Tx


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
    question: Json | None = None,
) -> Json:
    """Try to take the money.

    The intent afterwards is succeeded, processing, requires_action (with `question` as its `next_action`),
    requires_capture, or requires_payment_method with `last_payment_error`. Its charge, if any, is `latest_charge`.
    """
    means = means_of(method)
    intent["payment_method"] = method["id"]
    if means.refusal is None and means.asks and not authenticated:
        if not off_session:
            return ask(tx, intent, question)
        if _must_be_asked(tx, method):
            return refuse(tx, intent, method, AUTHENTICATION)
    if authenticated:
        tx.remember(f"set_up:{method['id']}", "1")  # a card that asks once can now be charged when nobody is present
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


def _must_be_asked(tx: Tx, method: Json) -> bool:
    """Whether the bank takes nothing while the reader is away: always, or until it was asked once."""
    return means_of(method).asks == "always" or tx.fact(f"set_up:{method['id']}") is None


def succeed(tx: Tx, intent: Json, charge: Json) -> Json:
    """The money is taken: the intent succeeds and tells so."""
    intent = _settle(tx, intent, charge, {"status": "succeeded", "amount_received": charge["amount_captured"]})
    events.emit(tx, "payment_intent.succeeded", intent)
    return intent


def _settle(tx: Tx, intent: Json, charge: Json | None, updates: Json) -> Json:
    cleared = {"next_action": None, "last_payment_error": None, "processing": None}
    latest = {"latest_charge": charge["id"]} if charge else {}
    return change(tx, intent, {**cleared, **latest, **updates})


def ask(tx: Tx, intent: Json, question: Json | None) -> Json:
    """The bank wants to know who pays (or, of a setup intent, whose card it is): nothing moves until it is answered."""
    action = question or {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    errors: Json = {name: None for name in ("last_payment_error", "last_setup_error") if name in intent}
    change(tx, intent, {"status": "requires_action", "next_action": action, **errors})
    events.emit(tx, f"{intent['object']}.requires_action", intent)
    return intent


def redirect_to(url: str, return_url: str | None = None) -> Json:
    """The `next_action` that sends the reader to the bank's page, and from there back."""
    return {"redirect_to_url": {"return_url": return_url, "url": url}, "type": "redirect_to_url"}


def question_of(tx: Tx, intent: Json, return_url: str | None) -> Json | None:
    """What to do when the bank asks outside Checkout: its own page where the shop said how to come back."""
    return redirect_to(f"{tx.fact('base_url')}/3ds/{intent['id']}", return_url) if return_url else None


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
        "param": refusal.param,
        "payment_method": method,
        "type": "invalid_request_error" if refusal is UNAUTHENTICATED else "card_error",
    }
    kept = {name: value for name, value in error.items() if value is not None}
    updates = {"status": "requires_payment_method", "payment_method": None, "last_payment_error": kept}
    intent = _settle(tx, intent, charge, updates)
    events.emit(tx, "payment_intent.payment_failed", intent)
    return intent


def refusal_in(error: Json) -> Refusal:
    """Why an attempt was refused, out of the `last_payment_error` it left behind."""
    return Refusal(error["code"], error.get("decline_code"), error["message"], error.get("param"))


def _debit(tx: Tx, intent: Json, method: Json) -> Json:
    charge = new_charge(tx, intent, method, "pending")
    intent = _settle(tx, intent, charge, {"status": "processing"})
    events.emit(tx, "payment_intent.processing", intent)
    clock.schedule(tx, tx.now() + means_of(method).takes, "debit", intent["id"])
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
