"""The bank's 3-D Secure question for intents that are confirmed outside Checkout, and its answer."""

from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlencode, urlsplit

from patronage.sandbox import clock, setup_intents
from patronage.sandbox.cards import UNAUTHENTICATED
from patronage.sandbox.customers import in_time_of
from patronage.sandbox.errors import invalid, not_found
from patronage.sandbox.objects import fetched
from patronage.sandbox.payment_intents import conclude
from patronage.sandbox.payments import attempt, refuse
from patronage.sandbox.store import Json, Store, Tx

KINDS = ("payment_intent", "setup_intent")
OWN_PAGES = {"/c/pay/": "checkout", "/p/session/": "portal"}  # they ask the bank's question themselves


def answer(store: Store, intent_id: str, outcome: str = "approve") -> dict[str, Any]:
    """Answer the bank with `approve` or `fail`.

    Returns the intent's `status` and `redirect`, where the reader goes next, or None when the shop did not say.
    Raises StripeError 404 when there is no such intent, 400 when nothing is asked of it.
    """
    clock.catch_up(store)
    with store.write() as tx:
        intent = asked(tx, intent_id)
        back = return_url(intent)
        with _in_time_of(tx, intent):
            if intent["object"] == "setup_intent":
                _set_up(tx, intent, outcome)
            else:
                _pay(tx, intent, outcome)
        return {"status": intent["status"], "redirect": _way_back(intent, back, outcome) if back else None}


def asked(tx: Tx, intent_id: str) -> Json:
    """The intent of which the bank asks something outside Checkout."""
    intent = tx.get(intent_id)
    if intent is None or intent["object"] not in KINDS:
        raise not_found("payment_intent", intent_id)
    if intent["status"] != "requires_action":
        raise invalid(f"Nothing is asked of this intent; its status is {intent['status']}.")
    action = intent["next_action"].get("redirect_to_url")
    for page, place in OWN_PAGES.items():
        if action is not None and page in action["url"]:
            raise invalid(f"This intent belongs to a {place} page; answer the bank there.")
    return intent


def return_url(intent: Json) -> str | None:
    """Where the shop wants the reader back, or None."""
    action: Json = intent["next_action"].get("redirect_to_url") or {}
    return action.get("return_url")


def _in_time_of(tx: Tx, intent: Json) -> AbstractContextManager[None]:
    return in_time_of(tx, tx.get(intent["customer"]) if intent["customer"] else None)


def _pay(tx: Tx, intent: Json, outcome: str) -> None:
    method = fetched(tx, "payment_method", intent["payment_method"])
    if outcome == "approve":
        attempt(tx, intent, method, authenticated=True)
    else:
        refuse(tx, intent, method, UNAUTHENTICATED)
    conclude(tx, intent, method)


def _set_up(tx: Tx, intent: Json, outcome: str) -> None:
    if outcome == "approve":
        setup_intents.succeed(tx, intent)
    else:
        setup_intents.fail(tx, intent, UNAUTHENTICATED)


def _way_back(intent: Json, url: str, outcome: str) -> str:
    told = {
        intent["object"]: intent["id"],
        f"{intent['object']}_client_secret": intent["client_secret"],
        "redirect_status": "succeeded" if outcome == "approve" else "failed",
    }
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(told)}"
