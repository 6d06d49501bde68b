"""The API's calls on payment intents."""

from patronage.sandbox import billing, clock, events
from patronage.sandbox.balance import await_fee
from patronage.sandbox.customers import in_time_of
from patronage.sandbox.errors import StripeError, invalid, unexpected_state
from patronage.sandbox.lists import page
from patronage.sandbox.money import check_amount, known_currency
from patronage.sandbox.objects import change, fetched, merged, named, picked, refuse_unsupported
from patronage.sandbox.payment_methods import attach, card_error, from_params, resolved
from patronage.sandbox.payments import attempt, new_intent, question_of, refusal_in, succeed
from patronage.sandbox.requests import endpoint
from patronage.sandbox.store import Json, Tx

PLAIN = (
    "allowed_payment_method_types",
    "description",
    "excluded_payment_method_types",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
)
SUPPORTED = {
    *PLAIN,
    "amount",
    "automatic_payment_methods",
    "capture_method",
    "confirm",
    "currency",
    "customer",
    "expand",
    "metadata",
    "off_session",
    "payment_method",
    "payment_method_data",
    "return_url",
}
CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


@endpoint("POST", "/v1/payment_intents", "PaymentIntentCreateParams")
def create(tx: Tx, params: Json) -> Json:
    refuse_unsupported(params, SUPPORTED)
    currency = known_currency(params["currency"], "currency")
    if params["amount"] < 1:
        raise invalid("This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer")
    check_amount(params["amount"], currency, "amount")
    customer = named(tx, "customer", params["customer"], "customer") if "customer" in params else None
    with in_time_of(tx, customer):
        method = _method(tx, params)
        intent = new_intent(
            tx,
            params["amount"],
            currency,
            **picked(params, *PLAIN, "capture_method", "customer"),
            metadata=merged({}, params.get("metadata")),
            payment_method=method["id"] if method else None,
            status="requires_confirmation" if method else "requires_payment_method",
        )
        return _confirmed(tx, intent, params) if params.get("confirm") else intent


def _method(tx: Tx, params: Json) -> Json | None:
    if "payment_method" in params:
        return resolved(tx, params["payment_method"])
    if "payment_method_data" in params:
        data = params["payment_method_data"]
        known = {"type", "card", "sepa_debit", "billing_details", "metadata", "allow_redisplay"}
        refuse_unsupported(data, known, "payment_method_data")
        return from_params(tx, data)
    return None


def _confirmed(tx: Tx, intent: Json, params: Json) -> Json:
    if intent["payment_method"] is None:
        raise unexpected_state(
            "payment_intent_unexpected_state",
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the"
            " PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a"
            " payment method or ConfirmationToken.",
            payment_intent=intent,
        )
    method = fetched(tx, "payment_method", intent["payment_method"])
    if method["customer"] not in (None, intent["customer"]):
        raise invalid("The provided PaymentMethod belongs to another Customer.", "payment_method", "resource_missing")
    off_session = bool(params.get("off_session"))
    question = question_of(tx, intent, params.get("return_url"))
    intent = conclude(tx, attempt(tx, intent, method, off_session=off_session, question=question), method)
    error = intent["last_payment_error"]
    if intent["status"] == "requires_payment_method" and error:
        told = {"charge": error.get("charge"), "payment_intent": intent, "payment_method": method}
        raise card_error(refusal_in(error), keeps=True, **told)
    return intent


def conclude(tx: Tx, intent: Json, method: Json) -> Json:
    """What an attempt means beyond its intent: for the invoice it pays, and for the card that is to be kept."""
    invoice = billing.invoice_of(tx, intent)
    if invoice is not None:
        billing.after_attempt(tx, invoice, intent)
    paid = intent["status"] in ("succeeded", "processing", "requires_capture")
    if paid and intent["setup_future_usage"] and intent["customer"] and method["customer"] is None:
        attach(tx, method["id"], intent["customer"])
    return intent


@endpoint("POST", "/v1/payment_intents/<id>/confirm", "PaymentIntentConfirmParams")
def confirm(tx: Tx, params: Json, id: str) -> Json:
    known = {"payment_method", "payment_method_data", "off_session", "return_url", "receipt_email", "expand"}
    refuse_unsupported(params, known | {"setup_future_usage"})
    intent = fetched(tx, "payment_intent", id)
    _require(intent, CONFIRMABLE, "confirm")
    customer = tx.get(intent["customer"]) if intent["customer"] else None
    with in_time_of(tx, customer):
        method = _method(tx, params)
        updates = picked(params, "receipt_email", "setup_future_usage")
        if method is not None:
            updates["payment_method"] = method["id"]
        return _confirmed(tx, change(tx, intent, updates), params)


def _require(intent: Json, allowed: tuple[str, ...], verb: str) -> None:
    if intent["status"] not in allowed:
        done = {"confirm": "confirmed", "capture": "captured", "cancel": "canceled", "update": "updated"}[verb]
        message = (
            f"This PaymentIntent could not be {done} because it has a status of {intent['status']}. Only a"
            f" PaymentIntent with one of the following statuses may be {done}: {', '.join(allowed)}."
        )
        if verb == "confirm" and intent["status"] == "succeeded":
            already = "it has already succeeded after being previously confirmed."
            message = f"You cannot confirm this PaymentIntent because {already}"
        raise unexpected_state("payment_intent_unexpected_state", message, payment_intent=intent)


@endpoint("POST", "/v1/payment_intents/<id>/capture", "PaymentIntentCaptureParams")
def capture(tx: Tx, params: Json, id: str) -> Json:
    refuse_unsupported(params, {"amount_to_capture", "metadata", "expand"})
    intent = fetched(tx, "payment_intent", id)
    _require(intent, ("requires_capture",), "capture")
    charge = tx.get(intent["latest_charge"])
    amount = int(params.get("amount_to_capture") or intent["amount_capturable"])
    if charge is None or not 1 <= amount <= intent["amount_capturable"]:
        raise StripeError(
            400,
            f"The remaining amount on this PaymentIntent that you can capture is {intent['amount_capturable']}.",
            code="amount_too_large",
            param="amount_to_capture",
        )
    change(tx, charge, {"captured": True, "amount_captured": amount})
    events.emit(tx, "charge.captured", charge)
    await_fee(tx, charge)
    change(tx, intent, {"amount_capturable": 0, "metadata": merged(intent["metadata"], params.get("metadata"))})
    return succeed(tx, intent, charge)


@endpoint("POST", "/v1/payment_intents/<id>/cancel", "PaymentIntentCancelParams")
def cancel(tx: Tx, params: Json, id: str) -> Json:
    intent = fetched(tx, "payment_intent", id)
    _require(intent, (*CONFIRMABLE, "requires_capture"), "cancel")
    clock.unschedule(tx, "debit", id)
    updates = {
        "amount_capturable": 0,
        "canceled_at": tx.now(),
        "cancellation_reason": params.get("cancellation_reason"),
        "next_action": None,
        "status": "canceled",
    }
    change(tx, intent, updates)
    events.emit(tx, "payment_intent.canceled", intent)
    return intent


@endpoint("POST", "/v1/payment_intents/<id>", "PaymentIntentUpdateParams")
def update(tx: Tx, params: Json, id: str) -> Json:
    refuse_unsupported(params, SUPPORTED - {"confirm", "capture_method"})
    intent = fetched(tx, "payment_intent", id)
    updates = picked(params, *PLAIN, "customer", "amount", "currency")
    if "amount" in params or "currency" in params or "payment_method" in params:
        _require(intent, CONFIRMABLE, "update")
    if "amount" in params:
        check_amount(params["amount"], str(params.get("currency", intent["currency"])), "amount")
    if "metadata" in params:
        updates["metadata"] = merged(intent["metadata"], params["metadata"])
    method = _method(tx, params)
    if method is not None:
        updates.update(payment_method=method["id"], status="requires_confirmation")
    return change(tx, intent, updates)


@endpoint("GET", "/v1/payment_intents/<id>", "PaymentIntentRetrieveParams")
def retrieve(tx: Tx, _params: Json, id: str) -> Json:
    return fetched(tx, "payment_intent", id)


@endpoint("GET", "/v1/payment_intents", "PaymentIntentListParams")
def list_all(tx: Tx, params: Json) -> Json:
    return page(tx, "payment_intent", params, "/v1/payment_intents", ("customer",))
