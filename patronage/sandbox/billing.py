"""What the clock does with subscriptions: renewals, an hour's draft, payment, and the end."""

from patronage.sandbox import clock, dunning, events, invoices, trials
from patronage.sandbox.discounts import after_an_invoice, lasting
from patronage.sandbox.ending import end
from patronage.sandbox.invoices import subscription_id_of
from patronage.sandbox.objects import change
from patronage.sandbox.payments import attempt
from patronage.sandbox.store import INVOICE_SUBSCRIPTION, PAID_INTENT, Json, Tx

DAY = 86400
UPCOMING_BEFORE = 7 * DAY
ENDED = ("canceled", "incomplete_expired", "paused")


def period_end(start: int, recurring: Json, anchor: int) -> int:
    """When a period that begins at `start` ends, keeping to the anchor's day of the month."""
    count = int(recurring["interval_count"])
    if recurring["interval"] in ("day", "week"):
        return start + count * DAY * (7 if recurring["interval"] == "week" else 1)
    months = count * (12 if recurring["interval"] == "year" else 1)
    return clock.months_later(start, months, clock.day_of(anchor))


def await_period_end(tx: Tx, subscription: Json) -> None:
    """Let the renewal, and the notice some days before it, fall due."""
    ends = subscription["items"]["data"][0]["current_period_end"]
    begins = subscription["items"]["data"][0]["current_period_start"]
    clock.schedule(tx, ends, "renew", subscription["id"])
    clock.unschedule(tx, "upcoming", subscription["id"])
    if ends - UPCOMING_BEFORE > max(begins, tx.now()):
        clock.schedule(tx, ends - UPCOMING_BEFORE, "upcoming", subscription["id"])


def customer_of(tx: Tx, obj: Json) -> Json:
    """The customer an object belongs to."""
    customer = tx.get(obj["customer"])
    if customer is None:
        raise LookupError(f"{obj['id']} belongs to nobody")
    return customer


@clock.handler("upcoming")
def announce(tx: Tx, subscription_id: str) -> None:
    """invoice.upcoming: a preview of the next invoice, which has no id yet."""
    subscription = tx.get(subscription_id)
    if subscription is None or subscription["status"] in (*ENDED, "unpaid") or _is_ending(subscription):
        return
    preview = upcoming(tx, subscription)
    del preview["id"]
    events.emit(tx, "invoice.upcoming", preview)


def upcoming(tx: Tx, subscription: Json) -> Json:
    """What the next invoice of a subscription would be, unsaved."""
    item = subscription["items"]["data"][0]
    start = item["current_period_end"]
    period = (start, period_end(start, item["price"]["recurring"], subscription["billing_cycle_anchor"]))
    preview = invoices.draft(tx, subscription, customer_of(tx, subscription), "subscription_cycle", period)
    preview.update(billing_reason="upcoming", created=start, next_payment_attempt=start + invoices.HOUR)
    preview["automatically_finalizes_at"] = None
    return preview


def _is_ending(subscription: Json) -> bool:
    ends = subscription["items"]["data"][0]["current_period_end"]
    at = subscription["cancel_at"]
    return bool(subscription["cancel_at_period_end"]) or (at is not None and at <= ends)


@clock.handler("renew")
def renew(tx: Tx, subscription_id: str) -> None:
    """The period is over: the subscription ends if that was wished, or begins its next period with an invoice."""
    subscription = tx.get(subscription_id)
    if subscription is None or subscription["status"] in ENDED:
        return
    if _is_ending(subscription):
        end(tx, subscription, "cancellation_requested")
        return
    updates: Json = {}
    if subscription["status"] == "trialing":
        method = default_method(tx, subscription, customer_of(tx, subscription))
        if trials.ends_without_method(tx, subscription, method):
            return
        updates["status"] = "active"
    start = subscription["items"]["data"][0]["current_period_end"]
    invoice = begin_period(tx, subscription, start, "subscription_cycle", updates)
    if subscription["status"] == "unpaid":
        invoices.leave_as_draft(tx, invoice)
    else:
        clock.schedule(tx, tx.now() + invoices.HOUR, "finalize", invoice["id"])


def begin_period(tx: Tx, subscription: Json, start: int, reason: str, updates: Json) -> Json:
    """Move every item to the period that begins at `start`; returns the draft invoice for it."""
    coming: Json = {**subscription, **updates}
    anchor, items = coming["billing_cycle_anchor"], coming["items"]
    ends = period_end(start, items["data"][0]["price"]["recurring"], anchor)
    invoice = invoices.draft(tx, coming, customer_of(tx, subscription), reason, (start, ends))
    data = [{**item, "current_period_start": start, "current_period_end": ends} for item in items["data"]]
    updates = {**updates, "items": {**items, "data": data}, "latest_invoice": invoice["id"]}
    if coming["discounts"]:
        updates["discounts"] = after_an_invoice(tx, lasting(tx, coming["discounts"]))
    change(tx, subscription, updates, "customer.subscription.updated")
    invoices.keep(tx, invoice)
    await_period_end(tx, subscription)
    return invoice


@clock.handler("finalize")
def finalize_and_collect(tx: Tx, invoice_id: str) -> None:
    """An hour after a renewal its draft is finalized and paid, unless collection is paused."""
    invoice = tx.get(invoice_id)
    if invoice is None or invoice["status"] != "draft" or not invoice["auto_advance"]:
        return
    subscription = subscription_of(tx, invoice)
    pause = subscription["pause_collection"] if subscription else None
    if pause is None:
        collect_or_send(tx, invoices.finalize(tx, invoice))
    elif pause["behavior"] == "keep_as_draft":
        invoices.leave_as_draft(tx, invoice)
    else:
        status = {"void": "void", "mark_uncollectible": "uncollectible"}[pause["behavior"]]
        invoices.close(tx, invoices.finalize(tx, invoice), status)


def collect_or_send(tx: Tx, invoice: Json, *, off_session: bool = True) -> Json:
    """Have an open invoice paid by what is on file, or sent to whoever pays when they like."""
    if invoice["collection_method"] == "send_invoice" and invoice["amount_due"] > 0:
        return invoices.send(tx, invoice)
    return collect(tx, invoice, off_session=off_session)


@clock.handler("overdue")
def fall_overdue(tx: Tx, invoice_id: str) -> None:
    """A sent invoice was not paid by its day."""
    invoice = tx.get(invoice_id)
    if invoice is None or invoice["status"] != "open":
        return
    events.emit(tx, "invoice.overdue", invoice)
    subscription = subscription_of(tx, invoice)
    if subscription is not None:
        dunning.fall_behind(tx, subscription, given_up=False)


def subscription_of(tx: Tx, invoice: Json) -> Json | None:
    """The subscription an invoice is for, if it is for one."""
    return tx.get(subscription_id_of(invoice) or "")


def default_method(tx: Tx, subscription: Json | None, customer: Json, invoice: Json | None = None) -> Json | None:
    """What is charged when nobody is present: the invoice's own, the subscription's, else the customer's."""
    own = [obj["default_payment_method"] for obj in (invoice, subscription) if obj]
    for id in (*own, customer["invoice_settings"]["default_payment_method"]):
        if id:
            method = tx.get(id)
            return method if method is not None and method["customer"] == customer["id"] else None
    return None


def collect(
    tx: Tx, invoice: Json, method: Json | None = None, *, off_session: bool = True, question: Json | None = None
) -> Json:
    """Try to have an open invoice paid, by the given method or the one on file; returns the invoice afterwards.

    `question` is the `next_action` when the bank asks a reader who is present.
    """
    found = invoices.payment_of(tx, invoice)
    if found is None:
        return invoices.record_paid(tx, invoice, attempted=False)
    method = method or default_method(tx, subscription_of(tx, invoice), customer_of(tx, invoice), invoice)
    intent = found[1]
    if method is not None:
        intent = attempt(tx, intent, method, off_session=off_session, question=question)
    return after_attempt(tx, invoice, intent)


def after_attempt(tx: Tx, invoice: Json, intent: Json) -> Json:
    """What an attempt on its payment intent means for the invoice and its subscription."""
    subscription = subscription_of(tx, invoice)
    if intent["status"] == "succeeded":
        invoice = invoices.record_paid(tx, invoice)
        if subscription is not None:
            change(tx, subscription, _mended(subscription, intent), "customer.subscription.updated")
        return invoice
    if intent["status"] == "processing":
        updates = {"attempted": True, "next_payment_attempt": None}
        if invoice["status"] == "open" and subscription is not None and subscription["status"] == "incomplete":
            # A bank debit takes days: the subscription begins on the bank's word, as at Stripe.
            change(tx, subscription, {"status": "active"}, "customer.subscription.updated")
        return change(tx, invoice, updates, "invoice.updated")
    return _record_failure(tx, invoice, intent, subscription)


def _mended(subscription: Json, intent: Json) -> Json:
    updates: Json = {}
    if subscription["status"] in ("past_due", "incomplete", "unpaid"):
        updates["status"] = "active"
    if subscription["payment_settings"]["save_default_payment_method"] == "on_subscription":
        updates["default_payment_method"] = intent["payment_method"]
    return updates


def _record_failure(tx: Tx, invoice: Json, intent: Json, subscription: Json | None) -> Json:
    begun = subscription is None or subscription["status"] != "incomplete"
    waits = clock.waits(tx, "retry", invoice["id"])  # then somebody tried by hand, and the schedule stands
    if not waits:
        again = dunning.next_try(tx, invoice) if begun and invoice["auto_advance"] else None
        tries = {"attempt_count": invoice["attempt_count"] + 1, "next_payment_attempt": again}
        change(tx, invoice, {**tries, "attempted": True, "auto_advance": again is not None})
    events.emit(tx, "invoice.payment_failed", invoice)
    error = intent["last_payment_error"] or {}
    if intent["status"] == "requires_action" or error.get("code") == "authentication_required":
        events.emit(tx, "invoice.payment_action_required", invoice)
    if subscription is not None and begun:
        dunning.fall_behind(tx, subscription, given_up=not waits and invoice["next_payment_attempt"] is None)
    return invoice


@clock.handler("retry")
def retry(tx: Tx, invoice_id: str) -> None:
    """Another try for an invoice that could not be paid."""
    invoice = tx.get(invoice_id)
    if invoice is not None and invoice["status"] == "open" and invoice["auto_advance"]:
        collect(tx, invoice)


@clock.handler("cancel_at")
def cancel_at_last(tx: Tx, subscription_id: str) -> None:
    """The moment has come for which the end was set."""
    subscription = tx.get(subscription_id)
    if subscription is not None and subscription["status"] not in ("canceled", "incomplete_expired"):
        end(tx, subscription, "cancellation_requested")


@clock.handler("resume")
def resume_collection(tx: Tx, subscription_id: str) -> None:
    """A pause of collection is over by itself."""
    subscription = tx.get(subscription_id)
    if subscription is not None:
        change(tx, subscription, {"pause_collection": None}, "customer.subscription.updated")


@clock.handler("incomplete")
def expire_incomplete(tx: Tx, subscription_id: str) -> None:
    """A first payment that did not come within 23 hours: the subscription never begins."""
    subscription = tx.get(subscription_id)
    if subscription is None or subscription["status"] != "incomplete":
        return
    for invoice in tx.find("invoice", **{INVOICE_SUBSCRIPTION: subscription_id}):
        if invoice["status"] == "open":
            invoices.close(tx, invoice, "void")
    updates = {"status": "incomplete_expired", "ended_at": tx.now(), "canceled_at": tx.now()}
    change(tx, subscription, updates, "customer.subscription.updated")


def invoice_of(tx: Tx, intent: Json) -> Json | None:
    """The invoice that a payment intent is to settle, or None."""
    for payment in tx.find("invoice_payment", **{PAID_INTENT: intent["id"]}):
        return tx.get(payment["invoice"])
    return None
