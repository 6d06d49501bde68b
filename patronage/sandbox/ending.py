"""How a subscription ends: planned for a moment, or now."""

from patronage.sandbox import clock, events
from patronage.sandbox.objects import change, difference
from patronage.sandbox.store import INVOICE_SUBSCRIPTION, Json, Tx

WAITING = ("upcoming", "renew", "cancel_at", "resume", "trial", "trial_ends")
ENDED = ("canceled", "incomplete_expired")


def planned(tx: Tx, subscription: Json, at: int | None, *, by_flag: bool = False, told: Json | None = None) -> Json:
    """The fields of a subscription that will end `at` a moment (unix seconds), or, with None, of one that will not.

    `by_flag` is what `cancel_at_period_end` asks for; `told` are the reader's own `comment` and `feedback`.
    """
    asked = at is not None
    details = {**subscription["cancellation_details"], **(told or {})}
    return {
        "cancel_at": at,
        "cancel_at_period_end": by_flag and asked,
        "canceled_at": (subscription["canceled_at"] or tx.now()) if asked else None,
        "cancellation_details": {**details, "reason": "cancellation_requested" if asked else None},
    }


def await_end(tx: Tx, subscription: Json) -> None:
    """Let the planned end fall due, or no longer."""
    if subscription["cancel_at"] is None:
        clock.unschedule(tx, "cancel_at", subscription["id"])
    else:
        clock.schedule(tx, subscription["cancel_at"], "cancel_at", subscription["id"])


def plan(tx: Tx, subscription: Json, at: int | None, told: Json | None = None) -> Json:
    """Plan the end for a moment, or take the plan back, as the billing portal does; customer.subscription.updated."""
    change(tx, subscription, planned(tx, subscription, at, told=told), "customer.subscription.updated")
    await_end(tx, subscription)
    return subscription


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
    let_invoices_rest(tx, subscription["id"])
    events.emit(tx, "customer.subscription.deleted", subscription)
    return subscription


def let_invoices_rest(tx: Tx, subscription_id: str) -> None:
    """Nobody tries any more to have the subscription's invoices paid."""
    for invoice in tx.find("invoice", **{INVOICE_SUBSCRIPTION: subscription_id}):
        clock.unschedule(tx, "retry", invoice["id"])
        clock.unschedule(tx, "finalize", invoice["id"])
        updates = {"auto_advance": False, "next_payment_attempt": None, "automatically_finalizes_at": None}
        if invoice["status"] in ("draft", "open") and difference(invoice, {**invoice, **updates}):
            tx.put({**invoice, **updates})
