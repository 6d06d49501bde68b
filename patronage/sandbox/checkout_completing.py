"""How a checkout is completed: who pays, what begins with it, and what a bank debit learns later."""

from patronage.sandbox import billing, clock, discounts, events, invoices, setup_intents, trials
from patronage.sandbox.balance import learn_fee
from patronage.sandbox.blanks import blank
from patronage.sandbox.cards import Refusal, means_of
from patronage.sandbox.customers import new_customer
from patronage.sandbox.expanding import line_items
from patronage.sandbox.objects import NO_ADDRESS, change, fetched, merged
from patronage.sandbox.payment_methods import attach
from patronage.sandbox.payments import settle_debit
from patronage.sandbox.setup_intents import new_setup_intent
from patronage.sandbox.store import Json, Tx
from patronage.sandbox.subscribing import begin, new_subscription


def owner(tx: Tx, session: Json) -> Json | None:
    """The customer the session was opened for, while it is open."""
    open_to = session["customer"] if session["status"] == "open" else None
    return fetched(tx, "customer", open_to) if open_to else None


def aside(tx: Tx, session: Json, name: str) -> Json:
    """What the shop wants said on what the session makes: `payment_intent_data` and its kin."""
    kept = tx.get(f"{session['id']}:line_items") or {}
    found: Json = kept.get(name) or {}
    return found


def who_pays(tx: Tx, session: Json, visit: Json) -> Json | None:
    """The customer it is paid by; a new one is made where the session wants one."""
    if session["customer"]:
        return owner(tx, session)
    if session["customer_creation"] != "always":
        return None
    return new_customer(tx, email=visit["email"], name=visit["name"])


def method_of(tx: Tx, visit: Json) -> Json:
    """The payment method that was typed in last."""
    return fetched(tx, "payment_method", visit["payment_method"])


def complete(tx: Tx, session: Json, visit: Json, intent: Json, customer: Json | None) -> None:
    """The payment is made, or a debit is on its way: the session says so, and a subscription begins."""
    method = method_of(tx, visit)
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


def _subscribe(tx: Tx, session: Json, customer: Json, method: Json, intent: Json | None = None) -> Json:
    """Begin the subscription: paid by the intent, or free today."""
    wished = aside(tx, session, "subscription_data")
    trial_end = trials.asked_for(tx, wished)
    subscription = new_subscription(
        tx,
        customer,
        line_items(tx, session["id"]),
        "trialing" if trial_end else "active",
        trial_end=trial_end,
        default_payment_method=method["id"],
        description=wished.get("description") or None,
        metadata=merged({}, wished.get("metadata")),
        trial_settings=trials.settings(wished, blank("subscription")["trial_settings"]),
    )
    given = [{name: id for name, id in one.items() if id and name == _kind(one)} for one in session["discounts"]]
    chosen = discounts.wished(tx, given, session["currency"], customer["id"])
    belongs = {"customer": customer["id"], "subscription": subscription["id"], "checkout_session": session["id"]}
    subscription["discounts"] = discounts.redeem(tx, chosen, **belongs)
    invoice = invoices.finalize(tx, begin(tx, subscription), intent)
    if intent is None:
        billing.collect(tx, invoice)
    else:
        billing.after_attempt(tx, invoice, intent)
    return {"subscription": subscription["id"], "invoice": invoice["id"]}


def _kind(discount: Json) -> str:
    return "promotion_code" if discount["promotion_code"] else "coupon"


def begin_free(tx: Tx, session: Json, visit: Json) -> Refusal | None:
    """Nothing is due today, for a trial or a coupon: the card is only kept. Returns why not, if it is refused."""
    if session["mode"] == "payment":
        _tell_completed(tx, session, _completed(visit, "no_payment_required"))
        return None
    method = method_of(tx, visit)
    means = means_of(method)
    if means.refusal is not None and not means.attaches:
        return means.refusal
    customer = who_pays(tx, session, visit)
    if customer is None:
        raise LookupError(f"{session['id']} begins a subscription for nobody")
    setup = new_setup_intent(tx, customer=customer["id"], payment_method=method["id"])
    setup_intents.succeed(tx, setup)
    updates = _completed(visit, "no_payment_required")
    _tell_completed(tx, session, {**updates, "customer": customer["id"], **_subscribe(tx, session, customer, method)})
    return None


def set_up(tx: Tx, session: Json, visit: Json) -> Refusal | None:
    """The card is kept and nothing is paid. Returns why not, if it is refused."""
    customer = who_pays(tx, session, visit)
    method = method_of(tx, visit)
    refusal = means_of(method).refusal
    if refusal is not None and not means_of(method).attaches:
        return refusal
    updates = _completed(visit, "no_payment_required")
    if customer is not None:
        updates["customer"] = customer["id"]
    metadata = merged({}, aside(tx, session, "setup_intent_data").get("metadata"))
    keeper = customer["id"] if customer else None
    setup = new_setup_intent(tx, customer=keeper, payment_method=method["id"], metadata=metadata)
    setup_intents.succeed(tx, setup)
    _tell_completed(tx, session, {**updates, "setup_intent": setup["id"]})
    return None


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
