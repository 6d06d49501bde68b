"""Invoices: drafted, finalized, then paid, failed, voided or written off; and the payments that settle them."""

from patronage.sandbox import clock, discounts, events, invoice_items, invoice_lines
from patronage.sandbox.blanks import blank
from patronage.sandbox.ids import new_id
from patronage.sandbox.invoice_lines import add_up
from patronage.sandbox.objects import change
from patronage.sandbox.payments import new_intent
from patronage.sandbox.store import Json, Tx

HOUR, DAY = 3600, 86400


def draft(
    tx: Tx, subscription: Json, customer: Json, reason: str, period: tuple[int, int], *, free: bool = False
) -> Json:
    """An unsaved draft over a period to come, for a subscription whose items are still in the one before.

    What waits for the next invoice is on it; `free` is a trial's, which costs nothing.
    """
    lines = [invoice_lines.of_period(subscription, item, period, free=free) for item in subscription["items"]["data"]]
    cycle = reason == "subscription_cycle"
    sent = subscription["collection_method"] == "send_invoice"
    invoice = {
        **new_invoice(tx, customer, subscription["currency"], reason),
        "automatically_finalizes_at": tx.now() + HOUR if cycle else None,
        "collection_method": subscription["collection_method"],
        "description": subscription["description"],
        "discounts": discounts.lasting(tx, subscription["discounts"]) if subscription["discounts"] else [],
        "due_date": tx.now() + subscription["days_until_due"] * DAY if sent else None,
        "next_payment_attempt": tx.now() + HOUR if cycle and not sent else None,
        "parent": parent_of(subscription),
        "period_end": period[0] if cycle else tx.now(),
        "period_start": subscription["items"]["data"][0]["current_period_start"] if cycle else tx.now(),
    }
    items = invoice_items.waiting(tx, customer["id"], subscription["currency"], subscription["id"])
    return add_up(tx, invoice, [*map(invoice_lines.of_invoice_item, items), *lines])


def parent_of(subscription: Json) -> Json:
    """How an invoice names the subscription it is for."""
    return {
        "quote_details": None,
        "subscription_details": {"metadata": subscription["metadata"], "subscription": subscription["id"]},
        "type": "subscription_details",
    }


def new_invoice(tx: Tx, customer: Json, currency: str, reason: str) -> Json:
    """An unsaved draft without any lines yet."""
    return {
        "id": new_id("in"),
        "object": "invoice",
        **blank("invoice"),
        "billing_reason": reason,
        "created": tx.now(),
        "currency": currency,
        "customer": customer["id"],
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "default_payment_method": None,
        "description": None,
        "parent": None,
        "period_end": tx.now(),
        "period_start": tx.now(),
        "test_clock": customer["test_clock"],
    }


def subscription_id_of(invoice: Json) -> str | None:
    """The id of the subscription an invoice is for, or None."""
    parent = invoice["parent"]
    return str(parent["subscription_details"]["subscription"]) if parent else None


def leave_as_draft(tx: Tx, invoice: Json) -> Json:
    """Nothing happens to the draft any more unless somebody asks for it."""
    updates = {"auto_advance": False, "next_payment_attempt": None, "automatically_finalizes_at": None}
    return change(tx, invoice, updates, "invoice.updated")


def send(tx: Tx, invoice: Json) -> Json:
    """An open invoice goes to whoever is to pay it, and is overdue after its day."""
    events.emit(tx, "invoice.sent", invoice)
    if invoice["due_date"] is not None:
        clock.schedule(tx, invoice["due_date"], "overdue", invoice["id"])
    return invoice


def keep(tx: Tx, invoice: Json) -> Json:
    """Store a draft and tell of it; what waited for it is now on it."""
    tx.put(invoice)
    invoice_items.claim(tx, invoice)
    events.emit(tx, "invoice.created", invoice)
    return invoice


def finalize(tx: Tx, invoice: Json, intent: Json | None = None) -> Json:
    """Number the draft and open it; a payment intent is made for it unless one exists already."""
    clock.unschedule(tx, "finalize", invoice["id"])
    customer = tx.get(invoice["customer"])
    if customer is None:
        raise LookupError(f"{invoice['id']} is addressed to nobody")
    number = customer["next_invoice_sequence"]
    customer = tx.put({**customer, "next_invoice_sequence": number + 1})
    if intent is None:
        _apply_balance(tx, invoice, customer)
    invoice.update(
        automatically_finalizes_at=None,
        effective_at=tx.now(),
        hosted_invoice_url=f"{tx.fact('base_url')}/i/{invoice['id']}",
        number=f"{customer['invoice_prefix']}-{number:04d}",
        status="open",
        status_transitions={**invoice["status_transitions"], "finalized_at": tx.now()},
    )
    if invoice["amount_due"] > 0:
        await_payment(tx, invoice, intent or _intent_for(tx, invoice))
    tx.put(invoice)
    events.emit(tx, "invoice.finalized", invoice)
    return invoice


def _apply_balance(tx: Tx, invoice: Json, customer: Json) -> None:
    """What the customer has as credit (below zero) or owes is reckoned in; what is below zero stays as credit."""
    before = customer["balance"]
    together = invoice["total"] + before
    due, after = max(together, 0), min(together, 0)
    invoice.update(starting_balance=before, ending_balance=after, amount_due=due, amount_remaining=due)
    if after != before:
        change(tx, customer, {"balance": after}, "customer.updated")


def _intent_for(tx: Tx, invoice: Json) -> Json:
    first = invoice["billing_reason"] == "subscription_create"
    return new_intent(
        tx,
        invoice["amount_due"],
        invoice["currency"],
        customer=invoice["customer"],
        description="Subscription creation" if first else "Subscription update",
        setup_future_usage="off_session" if first else None,
    )


def await_payment(tx: Tx, invoice: Json, intent: Json) -> Json:
    """Store the invoice payment that ties the intent to the invoice."""
    return tx.put(
        {
            "id": new_id("inpay"),
            "object": "invoice_payment",
            "amount_paid": None,
            "amount_requested": invoice["amount_due"],
            "created": tx.now(),
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "livemode": False,
            "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        }
    )


def payment_of(tx: Tx, invoice: Json) -> tuple[Json, Json] | None:
    """The invoice's own payment and its intent, or None when nothing is to be paid."""
    for payment in tx.find("invoice_payment", invoice=invoice["id"]):
        intent = tx.get(payment["payment"]["payment_intent"])
        if payment["is_default"] and intent is not None:
            return payment, intent
    return None


def record_paid(tx: Tx, invoice: Json, attempted: bool = True, *, elsewhere: bool = False) -> Json:
    """The invoice is paid in full, and says so three times as Stripe does; `elsewhere` means outside Stripe."""
    clock.unschedule(tx, "retry", invoice["id"])
    clock.unschedule(tx, "overdue", invoice["id"])
    now = tx.now()
    found = payment_of(tx, invoice)
    if found is not None and elsewhere:
        _give_up_payment(tx, *found, "abandoned")
    elif found is not None:
        transitions = {"canceled_at": None, "paid_at": now}
        payment = {**found[0], "status": "paid", "amount_paid": invoice["amount_due"]}
        events.emit(tx, "invoice_payment.paid", tx.put({**payment, "status_transitions": transitions}))
    invoice.update(
        amount_paid=invoice["amount_due"],
        amount_remaining=0,
        attempt_count=invoice["attempt_count"] + (1 if attempted else 0),
        attempted=True,
        auto_advance=False,
        next_payment_attempt=None,
        status="paid",
        status_transitions={**invoice["status_transitions"], "paid_at": now},
    )
    tx.put(invoice)
    events.emit(tx, "invoice.paid", invoice)
    events.emit(tx, "invoice.payment_succeeded", invoice)
    return invoice


def close(tx: Tx, invoice: Json, status: str) -> Json:
    """Void an open invoice, or write it off as uncollectible; its payment intent is canceled when void."""
    clock.unschedule(tx, "retry", invoice["id"])
    clock.unschedule(tx, "finalize", invoice["id"])
    clock.unschedule(tx, "overdue", invoice["id"])
    moment = {"void": "voided_at", "uncollectible": "marked_uncollectible_at"}[status]
    found = payment_of(tx, invoice)
    if status == "void" and found is not None:
        _give_up_payment(tx, *found, "void_invoice")
    updates = {"status": status, "auto_advance": False, "next_payment_attempt": None}
    transitions = {**invoice["status_transitions"], moment: tx.now()}
    invoice = change(tx, invoice, {**updates, "status_transitions": transitions})
    events.emit(tx, {"void": "invoice.voided", "uncollectible": "invoice.marked_uncollectible"}[status], invoice)
    return invoice


def _give_up_payment(tx: Tx, payment: Json, intent: Json, why: str) -> None:
    """Nobody will pay by this intent any more."""
    canceled = {"canceled_at": tx.now(), "paid_at": None}
    tx.put({**payment, "status": "canceled", "status_transitions": canceled})
    updates = {"status": "canceled", "canceled_at": tx.now(), "cancellation_reason": why, "next_action": None}
    events.emit(tx, "payment_intent.canceled", change(tx, intent, updates))
