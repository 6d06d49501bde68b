"""What a reader does on the hosted checkout page: pay, prove who they are, or leave."""

from typing import Any

from patronage.sandbox import checkout_totals, clock
from patronage.sandbox.cards import (
    BAD_ACCOUNT,
    BY_NUMBER,
    GOOD_ACCOUNT,
    UNAUTHENTICATED,
    UNKNOWN_NUMBER,
    means_of,
)
from patronage.sandbox.checkout_completing import aside, begin_free, complete, method_of, owner, set_up, who_pays
from patronage.sandbox.customers import in_time_of
from patronage.sandbox.objects import change, fetched, merged
from patronage.sandbox.payment_methods import new_payment_method
from patronage.sandbox.payments import attempt, new_intent, redirect_to, refuse
from patronage.sandbox.store import Json, Store, Tx

SOMEBODY = "reader@example.org"


def pay(
    store: Store,
    session_id: str,
    *,
    card: str = "4242424242424242",
    email: str | None = None,
    name: str | None = None,
    method: str = "card",
    outcome: str = "succeed",
) -> dict[str, Any]:
    """Pay an open session, by card or by `bank_debit` (which succeeds or fails three days later).

    Returns `status` (complete, declined, requires_action, or expired), `redirect` (where the reader goes next,
    or None), `decline_code` and `message`. Raises StripeError 404 when there is no such session.
    """
    clock.catch_up(store)
    with store.write() as tx:
        session = fetched(tx, "checkout.session", session_id)
        customer = owner(tx, session)
        with in_time_of(tx, customer):
            if session["status"] != "open":
                return _already(session)
            visit = _visit(tx, session, customer, email, name)
            number = _number(card, method, outcome)
            if number not in BY_NUMBER:
                return _declined(UNKNOWN_NUMBER.code, UNKNOWN_NUMBER.message)
            billing_details = {"email": visit["email"], "name": visit["name"]}
            visit["payment_method"] = new_payment_method(tx, BY_NUMBER[number], billing_details)["id"]
            tx.put(visit)
            return _proceed(tx, session, visit, authenticated=False)


def authenticate(store: Store, session_id: str, outcome: str = "approve") -> dict[str, Any]:
    """Answer the bank's 3-D Secure question with `approve` or `fail`; returns the same shape as `pay`."""
    clock.catch_up(store)
    with store.write() as tx:
        session = fetched(tx, "checkout.session", session_id)
        visit = tx.get(f"{session_id}:visit")
        with in_time_of(tx, owner(tx, session)):
            if session["status"] != "open":
                return _already(session)
            intent = tx.get(visit["intent"]) if visit and visit["intent"] else None
            if visit is None or intent is None or intent["status"] != "requires_action":
                return _declined(None, "There is nothing to authenticate.")
            if outcome == "approve":
                return _proceed(tx, session, visit, authenticated=True)
            refuse(tx, intent, method_of(tx, visit), UNAUTHENTICATED)
            return _declined(UNAUTHENTICATED.code, UNAUTHENTICATED.message)


def apply_code(store: Store, session_id: str, word: str) -> str | None:
    """Use a promotion code on an open session ("" takes it away again); returns what is wrong with it, or None."""
    with store.write() as tx:
        session = fetched(tx, "checkout.session", session_id)
        with in_time_of(tx, owner(tx, session)):
            if session["status"] != "open":
                return "This checkout page is closed."
            return checkout_totals.apply_code(tx, session, word)


def leave(store: Store, session_id: str) -> str:
    """Go back without paying: the address to go to. The session stays open."""
    with store.read() as tx:
        session = fetched(tx, "checkout.session", session_id)
    return str(session["cancel_url"] or session["success_url"])


def _already(session: Json) -> Json:
    if session["status"] == "complete":
        return {**_declined(None, None), "status": "complete", "redirect": _success(session)}
    return {**_declined(None, "This checkout page has expired."), "status": "expired"}


def _declined(code: str | None, message: str | None) -> Json:
    return {"status": "declined", "redirect": None, "decline_code": code, "message": message}


def _success(session: Json) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _number(card: str, method: str, outcome: str) -> str:
    if method == "bank_debit":
        return GOOD_ACCOUNT if outcome == "succeed" else BAD_ACCOUNT
    return card.replace(" ", "") if outcome == "succeed" else "4000000000000002"


def _visit(tx: Tx, session: Json, customer: Json | None, email: str | None, name: str | None) -> Json:
    known = customer or {"email": session["customer_email"], "name": None}
    visit = tx.get(f"{session['id']}:visit") or {
        "id": f"{session['id']}:visit",
        "object": "sandbox.visit",
        "intent": None,
        "payment_method": None,
    }
    fixed = known["email"] or email or SOMEBODY
    return {**visit, "email": fixed, "name": name or known["name"]}


def _proceed(tx: Tx, session: Json, visit: Json, *, authenticated: bool) -> Json:
    if session["mode"] == "setup" or session["amount_total"] == 0:
        refusal = set_up(tx, session, visit) if session["mode"] == "setup" else begin_free(tx, session, visit)
        return _declined(refusal.decline_code or refusal.code, refusal.message) if refusal else _already(session)
    method = method_of(tx, visit)
    intent = tx.get(visit["intent"]) if visit["intent"] else None
    customer = who_pays(tx, session, visit) if _will_pay(method, authenticated) else None
    if intent is None:
        intent = _first_intent(tx, session, visit, customer)
    elif customer is not None:
        change(tx, intent, {"customer": customer["id"]})
    intent = attempt(tx, intent, method, authenticated=authenticated, question=redirect_to(_bank_page(tx, session)))
    if intent["status"] == "requires_action":
        action = {"status": "requires_action", "redirect": _bank_page(tx, session)}
        return {**_declined(None, None), **action}
    if intent["status"] == "requires_payment_method":
        error = intent["last_payment_error"]
        return _declined(error.get("decline_code") or error["code"], error["message"])
    complete(tx, session, visit, intent, customer)
    return _already(session)


def _will_pay(method: Json, authenticated: bool) -> bool:
    means = means_of(method)
    return means.is_bank_account or (means.refusal is None and (not means.asks or authenticated))


def _bank_page(tx: Tx, session: Json) -> str:
    return f"{tx.fact('base_url')}/c/pay/{session['id']}/authenticate"


def _first_intent(tx: Tx, session: Json, visit: Json, customer: Json | None) -> Json:
    wished = aside(tx, session, "payment_intent_data")
    subscribes = session["mode"] == "subscription"
    intent = new_intent(
        tx,
        session["amount_total"],
        session["currency"],
        customer=customer["id"] if customer else session["customer"],
        description="Subscription creation" if subscribes else wished.get("description") or None,
        metadata=merged({}, wished.get("metadata")),
        receipt_email=wished.get("receipt_email") or None,
        setup_future_usage="off_session" if subscribes else wished.get("setup_future_usage"),
    )
    visit["intent"] = intent["id"]
    tx.put(visit)
    if not subscribes:
        change(tx, session, {"payment_intent": intent["id"]})
    return intent
