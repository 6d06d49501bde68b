"""Invoices: drafted, finalized, then paid, failed, voided or written off; and the payments that settle them."""

from patronage.sandbox import clock, events
from patronage.sandbox.blanks import blank
from patronage.sandbox.ids import new_id
from patronage.sandbox.objects import change
from patronage.sandbox.payments import new_intent
from patronage.sandbox.store import Json, Tx

HOUR = 3600


def draft(tx: Tx, subscription: Json, customer: Json, reason: str, period: tuple[int, int]) -> Json:
    """An unsaved draft over a period to come, for a subscription whose items are still in the one before."""
    lines = [_line(subscription, item, period) for item in subscription["items"]["data"]]
    total = sum(line["amount"] for line in lines)
    cycle = reason == "subscription_cycle"
    id = new_id("in")
    for line in lines:
        line["invoice"] = id
    return {
        "id": id,
        "object": "invoice",
        **blank("invoice"),
        "amount_due": total,
        "amount_remaining": total,
        "automatically_finalizes_at": tx.now() + HOUR if cycle else None,
        "billing_reason": reason,
        "created": tx.now(),
        "currency": subscription["currency"],
        "customer": customer["id"],
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "default_payment_method": None,
        "description": subscription["description"],
        "lines": {"object": "list", "data": lines, "has_more": False, "url": f"/v1/invoices/{id}/lines"},
        "next_payment_attempt": tx.now() + HOUR if cycle else None,
        "parent": {
            "quote_details": None,
            "subscription_details": {"metadata": subscription["metadata"], "subscription": subscription["id"]},
            "type": "subscription_details",
        },
        "period_end": period[0] if cycle else tx.now(),
        "period_start": subscription["items"]["data"][0]["current_period_start"] if cycle else tx.now(),
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "test_clock": customer["test_clock"],
        "total": total,
        "total_excluding_tax": total,
    }


def _line(subscription: Json, item: Json, period: tuple[int, int]) -> Json:
    price = item["price"]
    amount = price["unit_amount"] * item["quantity"]
    return {
        "id": new_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": f"{item['quantity']} × {price['nickname'] or 'Subscription'}",
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": dict(subscription["metadata"]),
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": subscription["id"],
                "subscription_item": item["id"],
            },
            "type": "subscription_item_details",
        },
        "period": {"end": period[1], "start": period[0]},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": item["quantity"],
        "subscription": subscription["id"],
        "subtotal": amount,
        "taxes": [],
    }


def finalize(tx: Tx, invoice: Json, intent: Json | None = None) -> Json:
    """Number the draft and open it; a payment intent is made for it unless one exists already."""
    clock.unschedule(tx, "finalize", invoice["id"])
    customer = tx.get(invoice["customer"])
    if customer is None:
        raise LookupError(f"{invoice['id']} is addressed to nobody")
    number = customer["next_invoice_sequence"]
    tx.put({**customer, "next_invoice_sequence": number + 1})
    invoice.update(
        automatically_finalizes_at=None,
        effective_at=tx.now(),
        ending_balance=0,
        number=f"{customer['invoice_prefix']}-{number:04d}",
        status="open",
        status_transitions={**invoice["status_transitions"], "finalized_at": tx.now()},
    )
    if invoice["amount_due"] > 0:
        await_payment(tx, invoice, intent or _intent_for(tx, invoice))
    tx.put(invoice)
    events.emit(tx, "invoice.finalized", invoice)
    return invoice


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


def record_paid(tx: Tx, invoice: Json, attempted: bool = True) -> Json:
    """The invoice is paid in full, and says so three times as Stripe does."""
    clock.unschedule(tx, "retry", invoice["id"])
    now = tx.now()
    found = payment_of(tx, invoice)
    if found is not None:
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
    moment = {"void": "voided_at", "uncollectible": "marked_uncollectible_at"}[status]
    found = payment_of(tx, invoice)
    if status == "void" and found is not None:
        payment, intent = found
        canceled = {"canceled_at": tx.now(), "paid_at": None}
        tx.put({**payment, "status": "canceled", "status_transitions": canceled})
        updates = {"status": "canceled", "canceled_at": tx.now(), "cancellation_reason": "void_invoice"}
        events.emit(tx, "payment_intent.canceled", change(tx, intent, {**updates, "next_action": None}))
    updates = {"status": status, "auto_advance": False, "next_payment_attempt": None}
    transitions = {**invoice["status_transitions"], moment: tx.now()}
    invoice = change(tx, invoice, {**updates, "status_transitions": transitions})
    events.emit(tx, {"void": "invoice.voided", "uncollectible": "invoice.marked_uncollectible"}[status], invoice)
    return invoice
