"""How a subscription ends."""

from patronage.sandbox import clock, events
from patronage.sandbox.objects import difference
from patronage.sandbox.store import INVOICE_SUBSCRIPTION, Json, Tx

WAITING = ("upcoming", "renew", "cancel_at", "resume")


def end(tx: Tx, subscription: Json, reason: str, details: Json | None = None) -> Json:
    """Cancel now and for good: nothing more falls due, and customer.subscription.deleted is told."""
    for kind in WAITING:
        clock.unschedule(tx, kind, subscription["id"])
    now = tx.now()
    subscription.update(
        status="canceled",
        ended_at=now,
        canceled_at=subscription["canceled_at"] or now,
        cancellation_details={**subscription["cancellation_details"], "reason": reason, **(details or {})},
    )
    tx.put(subscription)
    _let_invoices_rest(tx, subscription["id"])
    events.emit(tx, "customer.subscription.deleted", subscription)
    return subscription


def _let_invoices_rest(tx: Tx, subscription_id: str) -> None:
    for invoice in tx.find("invoice", **{INVOICE_SUBSCRIPTION: subscription_id}):
        clock.unschedule(tx, "retry", invoice["id"])
        clock.unschedule(tx, "finalize", invoice["id"])
        updates = {"auto_advance": False, "next_payment_attempt": None, "automatically_finalizes_at": None}
        if invoice["status"] in ("draft", "open") and difference(invoice, {**invoice, **updates}):
            tx.put({**invoice, **updates})
