"""What a reader does on the hosted checkout page: pay, prove who they are, or leave."""

from typing import Any

from patronage.sandbox import billing, clock, events, invoices
from patronage.sandbox.balance import learn_fee
from patronage.sandbox.cards import (
    BAD_ACCOUNT,
    BY_NUMBER,
    GOOD_ACCOUNT,
    UNAUTHENTICATED,
    UNKNOWN_NUMBER,
    means_of,
)
from patronage.sandbox.customers import in_time_of, new_customer
from patronage.sandbox.expanding import line_items
from patronage.sandbox.objects import NO_ADDRESS, change, fetched, merged
from patronage.sandbox.payment_methods import attach, new_payment_method
from patronage.sandbox.payments import attempt, new_intent, redirect_to, refuse, settle_debit
from patronage.sandbox.setup_intents import new_setup_intent
from patronage.sandbox.store import Json, Store, Tx
from patronage.sandbox.subscribing import begin, new_subscription

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
        customer = _owner(tx, session)
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
        with in_time_of(tx, _owner(tx, session)):
            if session["status"] != "open":
                return _already(session)
            intent = tx.get(visit["intent"]) if visit and visit["intent"] else None
            if visit is None or intent is None or intent["status"] != "requires_action":
                return _declined(None, "There is nothing to authenticate.")
            if outcome == "approve":
                return _proceed(tx, session, visit, authenticated=True)
            refuse(tx, intent, _method(tx, visit), UNAUTHENTICATED)
            return _declined(UNAUTHENTICATED.code, UNAUTHENTICATED.message)


def leave(store: Store, session_id: str) -> str:
    """Go back without paying: the address to go to. The session stays open."""
    with store.read() as tx:
        session = fetched(tx, "checkout.session", session_id)
    return str(session["cancel_url"] or session["success_url"])


def _owner(tx: Tx, session: Json) -> Json | None:
    open_to = session["customer"] if session["status"] == "open" else None
    return fetched(tx, "customer", open_to) if open_to else None


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


def _method(tx: Tx, visit: Json) -> Json:
    return fetched(tx, "payment_method", visit["payment_method"])


def _aside(tx: Tx, session: Json, name: str) -> Json:
    kept = tx.get(f"{session['id']}:line_items") or {}
    found: Json = kept.get(name) or {}
    return found


def _proceed(tx: Tx, session: Json, visit: Json, *, authenticated: bool) -> Json:
    if session["mode"] == "setup":
        return _set_up(tx, session, visit)
    method = _method(tx, visit)
    intent = tx.get(visit["intent"]) if visit["intent"] else None
    customer = _who_pays(tx, session, visit) if _will_pay(method, authenticated) else None
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
    _complete(tx, session, visit, intent, customer)
    return _already(session)


def _will_pay(method: Json, authenticated: bool) -> bool:
    means = means_of(method)
    return means.is_bank_account or (means.refusal is None and (not means.asks or authenticated))


def _bank_page(tx: Tx, session: Json) -> str:
    return f"{tx.fact('base_url')}/c/pay/{session['id']}/authenticate"


def _who_pays(tx: Tx, session: Json, visit: Json) -> Json | None:
    if session["customer"]:
        return _owner(tx, session)
    if session["customer_creation"] != "always":
        return None
    return new_customer(tx, email=visit["email"], name=visit["name"])


def _first_intent(tx: Tx, session: Json, visit: Json, customer: Json | None) -> Json:
    wished = _aside(tx, session, "payment_intent_data")
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


def _complete(tx: Tx, session: Json, visit: Json, intent: Json, customer: Json | None) -> None:
    method = _method(tx, visit)
    updates = _completed(visit, "paid" if intent["status"] == "succeeded" else "unpaid")
    if customer is not None:
        updates["customer"] = customer["id"]
        if intent["setup_future_usage"]:
            attach(tx, method["id"], customer["id"])
    if session["mode"] == "subscription" and customer is not None:
        updates.update(_subscribe(tx, session, customer, method, intent))
    _tell_completed(tx, session, updates)
    if intent["status"] == "succeeded":
        learn_fee(tx, intent["latest_charge"])


def _completed(visit: Json, payment_status: str) -> Json:
    details = {
        "address": NO_ADDRESS,
        "business_name": None,
        "email": visit["email"],
        "individual_name": None,
        "name": visit["name"],
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
    return {"status": "complete", "payment_status": payment_status, "url": None, "customer_details": details}


def _tell_completed(tx: Tx, session: Json, updates: Json) -> None:
    clock.unschedule(tx, "session", session["id"])
    change(tx, session, updates)
    events.emit(tx, "checkout.session.completed", session)


def _subscribe(tx: Tx, session: Json, customer: Json, method: Json, intent: Json) -> Json:
    wished = _aside(tx, session, "subscription_data")
    subscription = new_subscription(
        tx,
        customer,
        line_items(tx, session["id"]),
        "active",
        default_payment_method=method["id"],
        description=wished.get("description") or None,
        metadata=merged({}, wished.get("metadata")),
    )
    invoice = invoices.finalize(tx, begin(tx, subscription), intent)
    billing.after_attempt(tx, invoice, intent)
    return {"subscription": subscription["id"], "invoice": invoice["id"]}


def _set_up(tx: Tx, session: Json, visit: Json) -> Json:
    customer = _who_pays(tx, session, visit)
    method = _method(tx, visit)
    refusal = means_of(method).refusal
    if refusal is not None and not means_of(method).attaches:
        return _declined(refusal.decline_code or refusal.code, refusal.message)
    updates = _completed(visit, "no_payment_required")
    if customer is not None:
        attach(tx, method["id"], customer["id"])
        updates["customer"] = customer["id"]
    metadata = merged({}, _aside(tx, session, "setup_intent_data").get("metadata"))
    owner = customer["id"] if customer else None
    setup = new_setup_intent(tx, customer=owner, payment_method=method["id"], metadata=metadata)
    change(tx, setup, {"status": "succeeded"})
    events.emit(tx, "setup_intent.succeeded", setup)
    _tell_completed(tx, session, {**updates, "setup_intent": setup["id"]})
    return _already(session)


@clock.handler("debit")
def debit_settles(tx: Tx, intent_id: str) -> None:
    """A bank debit has come, or has not: the intent, its invoice and its checkout session learn of it."""
    intent = tx.get(intent_id)
    if intent is None or intent["status"] != "processing":
        return
    intent = settle_debit(tx, intent)
    invoice = billing.invoice_of(tx, intent)
    if invoice is None:
        sessions = tx.find("checkout.session", payment_intent=intent_id)
    else:
        billing.after_attempt(tx, invoice, intent)
        sessions = tx.find("checkout.session", invoice=invoice["id"])
    for session in sessions:
        _learn_of_debit(tx, session, paid=intent["status"] == "succeeded")


def _learn_of_debit(tx: Tx, session: Json, *, paid: bool) -> None:
    if session["status"] != "complete" or session["payment_status"] != "unpaid":
        return
    if paid:
        change(tx, session, {"payment_status": "paid"})
    told = tx.fact(f"debit_told:{session['id']}")
    if told is None:
        tx.remember(f"debit_told:{session['id']}", "1")
        events.emit(tx, f"checkout.session.async_payment_{'succeeded' if paid else 'failed'}", session)
