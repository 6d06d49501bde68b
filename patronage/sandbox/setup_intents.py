"""Setup intents: a card kept for later without charging it."""

from patronage.sandbox import events
from patronage.sandbox.blanks import blank
from patronage.sandbox.cards import Refusal, means_of
from patronage.sandbox.errors import StripeError, unexpected_state
from patronage.sandbox.ids import new_id
from patronage.sandbox.lists import page
from patronage.sandbox.objects import change, fetched, merged, named, picked, refuse_unsupported
from patronage.sandbox.payment_methods import attach, card_error, resolved
from patronage.sandbox.payments import ask, question_of
from patronage.sandbox.requests import endpoint
from patronage.sandbox.store import Json, Tx

SUPPORTED = {"automatic_payment_methods", "confirm", "customer", "description", "expand", "metadata"}
SUPPORTED |= {"payment_method", "return_url", "usage"}


def new_setup_intent(tx: Tx, **fields: object) -> Json:
    """Store a setup intent and tell of it."""
    id = new_id("seti")
    intent: Json = {
        "id": id,
        "object": "setup_intent",
        **blank("setup_intent"),
        "client_secret": f"{id}_secret_{new_id('x')[2:]}",
        "created": tx.now(),
        **fields,
    }
    tx.put(intent)
    events.emit(tx, "setup_intent.created", intent)
    return intent


@endpoint("POST", "/v1/setup_intents", "SetupIntentCreateParams")
def create(tx: Tx, params: Json) -> Json:
    refuse_unsupported(params, SUPPORTED)
    if "customer" in params:
        named(tx, "customer", params["customer"], "customer")
    fields = picked(params, "customer", "description", "usage")
    if "payment_method" in params:
        fields["payment_method"] = resolved(tx, params["payment_method"])["id"]
        fields["status"] = "requires_confirmation"
    intent = new_setup_intent(tx, **fields, metadata=merged({}, params.get("metadata")))
    return _confirmed(tx, intent, params) if params.get("confirm") else intent


def _confirmed(tx: Tx, intent: Json, params: Json) -> Json:
    if intent["payment_method"] is None:
        raise unexpected_state(
            "setup_intent_unexpected_state",
            "You cannot confirm this SetupIntent because it's missing a payment method.",
        )
    method = fetched(tx, "payment_method", intent["payment_method"])
    means = means_of(method)
    if means.refusal is not None and not means.attaches:
        raise fail(tx, intent, means.refusal)
    if means.asks:
        return ask(tx, intent, question_of(tx, intent, params.get("return_url")))
    return succeed(tx, intent)


def fail(tx: Tx, intent: Json, refusal: Refusal) -> StripeError:
    """The card is not kept: the intent tells why, and the error it is told with is returned."""
    method = tx.get(intent["payment_method"])
    error = card_error(refusal, keeps=True, payment_method=method)
    updates = {"status": "requires_payment_method", "payment_method": None, "next_action": None}
    change(tx, intent, {**updates, "last_setup_error": dict(error.fields)})
    events.emit(tx, "setup_intent.setup_failed", intent)
    return error


def succeed(tx: Tx, intent: Json) -> Json:
    """The card may be charged later; it now belongs to the intent's customer, if there is one."""
    method = fetched(tx, "payment_method", intent["payment_method"])
    if intent["customer"]:
        attach(tx, method["id"], intent["customer"])
    tx.remember(f"set_up:{method['id']}", "1")
    change(tx, intent, {"status": "succeeded", "next_action": None, "last_setup_error": None})
    events.emit(tx, "setup_intent.succeeded", intent)
    return intent


@endpoint("POST", "/v1/setup_intents/<id>/confirm", "SetupIntentConfirmParams")
def confirm(tx: Tx, params: Json, id: str) -> Json:
    refuse_unsupported(params, {"payment_method", "return_url", "expand"})
    intent = fetched(tx, "setup_intent", id)
    if intent["status"] in ("succeeded", "canceled"):
        raise unexpected_state(
            "setup_intent_unexpected_state",
            f"You cannot confirm this SetupIntent because it has already {intent['status']}.",
        )
    if "payment_method" in params:
        change(tx, intent, {"payment_method": resolved(tx, params["payment_method"])["id"]})
    return _confirmed(tx, intent, params)


@endpoint("POST", "/v1/setup_intents/<id>/cancel", "SetupIntentCancelParams")
def cancel(tx: Tx, params: Json, id: str) -> Json:
    intent = fetched(tx, "setup_intent", id)
    if intent["status"] in ("succeeded", "canceled"):
        raise unexpected_state(
            "setup_intent_unexpected_state",
            f"You cannot cancel this SetupIntent because it has a status of {intent['status']}.",
        )
    reason = params.get("cancellation_reason")
    change(tx, intent, {"status": "canceled", "cancellation_reason": reason, "next_action": None})
    events.emit(tx, "setup_intent.canceled", intent)
    return intent


@endpoint("POST", "/v1/setup_intents/<id>", "SetupIntentUpdateParams")
def update(tx: Tx, params: Json, id: str) -> Json:
    refuse_unsupported(params, {"customer", "description", "metadata", "payment_method", "expand"})
    intent = fetched(tx, "setup_intent", id)
    updates = picked(params, "customer", "description")
    if "metadata" in params:
        updates["metadata"] = merged(intent["metadata"], params["metadata"])
    if "payment_method" in params:
        updates["payment_method"] = resolved(tx, params["payment_method"])["id"]
        updates["status"] = "requires_confirmation"
    return change(tx, intent, updates)


@endpoint("GET", "/v1/setup_intents/<id>", "SetupIntentRetrieveParams")
def retrieve(tx: Tx, _params: Json, id: str) -> Json:
    return fetched(tx, "setup_intent", id)


@endpoint("GET", "/v1/setup_intents", "SetupIntentListParams")
def list_all(tx: Tx, params: Json) -> Json:
    return page(tx, "setup_intent", params, "/v1/setup_intents", ("customer", "payment_method"))
