"""What a reader does on the billing portal's pages: a new card, an end, a change of mind, a pause."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from patronage.sandbox import clock, portal_sessions, setup_intents
from patronage.sandbox.cards import BY_NUMBER, UNAUTHENTICATED, UNKNOWN_NUMBER, means_of
from patronage.sandbox.customers import in_time_of
from patronage.sandbox.ending import ENDED, end, plan
from patronage.sandbox.errors import StripeError, invalid
from patronage.sandbox.objects import change, fetched
from patronage.sandbox.payment_methods import new_payment_method
from patronage.sandbox.payments import ask, redirect_to
from patronage.sandbox.store import Json, Store, Tx

LASTS = 3600  # seconds for which the address of a session can be used
MONTHS_PAUSED = {"day": 0, "week": 0, "month": 1, "year": 12}
DAYS_PAUSED = {"day": 1, "week": 7, "month": 0, "year": 0}


def opened(tx: Tx, session_id: str) -> tuple[Json, Json, Json]:
    """The session, its customer and its configuration.

    Raises StripeError 404 when there is no such session, 410 when its hour is over.
    """
    session = fetched(tx, portal_sessions.KIND, session_id)
    if tx.now() > session["created"] + LASTS:
        raise StripeError(410, "This page of the billing portal has expired. Go back to where you came from.")
    customer = fetched(tx, "customer", session["customer"])
    return session, customer, fetched(tx, "billing_portal.configuration", session["configuration"])


@contextmanager
def _visit(store: Store, session_id: str, feature: str) -> Iterator[tuple[Tx, Json, Json, Json]]:
    clock.catch_up(store)
    with store.write() as tx:
        session, customer, configuration = opened(tx, session_id)
        allowed: Json = configuration["features"][feature]
        if not allowed["enabled"]:
            raise invalid(f"This portal does not offer {feature}.")
        with in_time_of(tx, customer):
            yield tx, session, customer, allowed


def alive(tx: Tx, customer_id: str) -> list[Json]:
    """The customer's subscriptions that have not ended, the newest first."""
    return [found for found in tx.find("subscription", customer=customer_id) if found["status"] not in ENDED]


def _subscription(tx: Tx, session: Json, given: str | None) -> Json:
    flow = session["flow"] or {}
    about = flow.get(flow.get("type")) or {}
    wished = given or about.get("subscription")
    theirs = alive(tx, session["customer"])
    chosen = [found for found in theirs if wished in (None, found["id"])]
    if len(chosen) != 1:
        raise invalid("Say which subscription of this customer is meant.", "subscription")
    return chosen[0]


def card(store: Store, session_id: str, *, card: str = "4242424242424242") -> dict[str, Any]:
    """Keep a new card (or IBAN) as the customer's default for invoices.

    Returns `status` (saved, declined, requires_action), `redirect` (the bank's page, or where the flow leads, or
    None), `decline_code` and `message`. A subscription's own default payment method is left alone, as at Stripe.
    """
    with _visit(store, session_id, "payment_method_update") as (tx, session, customer, _):
        means = BY_NUMBER.get(card.replace(" ", ""))
        if means is None:
            return _declined(UNKNOWN_NUMBER.code, UNKNOWN_NUMBER.message)
        method = new_payment_method(tx, means, {"email": customer["email"], "name": customer["name"]})
        intent = setup_intents.new_setup_intent(tx, customer=customer["id"], payment_method=method["id"])
        refusal = means_of(method).refusal
        if refusal is not None and not means.attaches:
            setup_intents.fail(tx, intent, refusal)
            return _declined(refusal.decline_code or refusal.code, refusal.message)
        if means.asks:
            page = f"{session['url']}/authenticate"
            ask(tx, intent, redirect_to(page))
            tx.put({"id": f"{session_id}:visit", "object": "sandbox.visit", "intent": intent["id"]})
            return {**_declined(None, None), "status": "requires_action", "redirect": page}
        return _saved(tx, session, customer, intent)


def authenticate(store: Store, session_id: str, outcome: str = "approve") -> dict[str, Any]:
    """Answer the bank that asks about the new card; returns the same shape as `card`."""
    with _visit(store, session_id, "payment_method_update") as (tx, session, customer, _):
        visit = tx.get(f"{session_id}:visit") or {}
        intent = tx.get(visit.get("intent", ""))
        if intent is None or intent["status"] != "requires_action":
            return _declined(None, "There is nothing to authenticate.")
        if outcome == "approve":
            return _saved(tx, session, customer, intent)
        setup_intents.fail(tx, intent, UNAUTHENTICATED)
        return _declined(UNAUTHENTICATED.code, UNAUTHENTICATED.message)


def _declined(code: str | None, message: str | None) -> Json:
    return {"status": "declined", "redirect": None, "decline_code": code, "message": message}


def _saved(tx: Tx, session: Json, customer: Json, intent: Json) -> Json:
    setup_intents.succeed(tx, intent)
    settings = {**customer["invoice_settings"], "default_payment_method": intent["payment_method"]}
    change(tx, customer, {"invoice_settings": settings}, "customer.updated")
    return {**_declined(None, None), "status": "saved", "redirect": way_on(session)}


def way_on(session: Json) -> str | None:
    """Where a flow leads when it is completed, or None when the portal itself goes on."""
    redirect = session["flow"]["after_completion"]["redirect"] if session["flow"] else None
    return redirect["return_url"] if redirect else None


def cancel(store: Store, session_id: str, *, subscription: str | None = None, **told: str | None) -> dict[str, Any]:
    """End a subscription as the configuration says; `told` may hold the reader's `feedback` and `comment`.

    Returns `subscription`, its `status`, `cancel_at` (unix seconds or None), and `redirect`.
    """
    with _visit(store, session_id, "subscription_cancel") as (tx, session, _, feature):
        found = _subscription(tx, session, subscription)
        details = {name: text for name, text in told.items() if text}
        if feature["mode"] == "immediately":
            return _changed(session, end(tx, found, "cancellation_requested", details))
        if found["cancel_at"] is not None:
            raise invalid("This subscription is already set to be canceled.")
        at = found["trial_end"] if found["status"] == "trialing" else found["items"]["data"][0]["current_period_end"]
        return _changed(session, plan(tx, found, at, details))


def undo(store: Store, session_id: str, *, subscription: str | None = None) -> dict[str, Any]:
    """Take a planned end back; returns the same shape as `cancel`."""
    with _visit(store, session_id, "subscription_cancel") as (tx, session, _, _feature):
        found = _subscription(tx, session, subscription)
        if found["cancel_at"] is None:
            raise invalid("This subscription is not set to be canceled.")
        return _changed(session, plan(tx, found, None, {"comment": None, "feedback": None}))


def pause(store: Store, session_id: str, *, subscription: str | None = None, option: int = 0) -> dict[str, Any]:
    """Let nothing be collected for a while; `option` counts the configuration's durations from 0."""
    with _visit(store, session_id, "subscription_pause") as (tx, session, _, feature):
        found = _subscription(tx, session, subscription)
        resumes_at = _pause_ends(tx, feature["duration"], option)
        clock.unschedule(tx, "resume", found["id"])
        if resumes_at is not None:
            clock.schedule(tx, resumes_at, "resume", found["id"])
        paused = {"behavior": "void", "resumes_at": resumes_at}
        return _changed(session, change(tx, found, {"pause_collection": paused}, "customer.subscription.updated"))


def unpause(store: Store, session_id: str, *, subscription: str | None = None) -> dict[str, Any]:
    """Let the next period be collected again."""
    with _visit(store, session_id, "subscription_pause") as (tx, session, _, _feature):
        found = _subscription(tx, session, subscription)
        clock.unschedule(tx, "resume", found["id"])
        return _changed(session, change(tx, found, {"pause_collection": None}, "customer.subscription.updated"))


def _pause_ends(tx: Tx, duration: Json, option: int) -> int | None:
    if duration["type"] == "indefinite":
        return None
    options = duration["interval_options"]
    if not 0 <= option < len(options):
        raise invalid("This portal offers no such pause.", "option")
    count, unit = int(options[option].get("interval_count", 1)), options[option]["interval"]
    return clock.months_later(tx.now(), count * MONTHS_PAUSED[unit]) + count * DAYS_PAUSED[unit] * 86400


def _changed(session: Json, subscription: Json) -> Json:
    told = {name: subscription[name] for name in ("status", "cancel_at", "pause_collection")}
    return {"subscription": subscription["id"], **told, "redirect": way_on(session)}
