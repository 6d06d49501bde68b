"""Dunning: how often and for how long a failed renewal is tried again, and what becomes of it in the end."""

import json

from patronage.sandbox import clock, events
from patronage.sandbox.ending import end, let_invoices_rest
from patronage.sandbox.objects import change
from patronage.sandbox.store import Json, Tx

DAY = 86400
TRIES, DAYS = 8, 14
RETRY_AFTER = (1, 2, 2, 2, 2, 2, 3)  # days between the eight tries, two weeks in all
ENDS = ("cancel", "unpaid", "past_due", "pause")
OVER = ("canceled", "incomplete_expired", "unpaid", "paused")


def setting(tx: Tx) -> Json:
    """`{"tries": n in all, "days": from the first to the last, "end": one of ENDS}`."""
    kept = tx.fact("dunning")
    return {"tries": TRIES, "days": DAYS, "end": "cancel", **(json.loads(kept) if kept else {})}


def set_to(tx: Tx, wished: Json) -> Json:
    """Change the setting for all failures from now on; what is not given is as at first."""
    tx.remember("dunning", json.dumps(wished))
    return setting(tx)


def next_try(tx: Tx, invoice: Json) -> int | None:
    """Let the next try of an invoice fall due: when (unix seconds), or None after the last."""
    wished, done = setting(tx), invoice["attempt_count"]
    tries, days = wished["tries"], wished["days"]
    if done + 1 >= tries:
        return None
    if (tries, days) == (TRIES, DAYS):
        again = tx.now() + RETRY_AFTER[done] * DAY
    else:
        again = tx.now() + days * DAY // (tries - 1)
    clock.schedule(tx, again, "retry", invoice["id"])
    return again


def fall_behind(tx: Tx, subscription: Json, *, given_up: bool) -> None:
    """A renewal failed: the subscription is past due, or, when the last try has failed, comes to its end."""
    if subscription["status"] in OVER:
        return
    if not given_up:
        if subscription["status"] != "past_due":
            change(tx, subscription, {"status": "past_due"}, "customer.subscription.updated")
        return
    {"cancel": _cancel, "unpaid": _leave_unpaid, "past_due": _leave_past_due, "pause": _pause}[setting(tx)["end"]](
        tx, subscription
    )


def _cancel(tx: Tx, subscription: Json) -> None:
    end(tx, subscription, "payment_failed")


def _leave_unpaid(tx: Tx, subscription: Json) -> None:
    let_invoices_rest(tx, subscription["id"])
    change(tx, subscription, {"status": "unpaid"}, "customer.subscription.updated")


def _leave_past_due(tx: Tx, subscription: Json) -> None:
    change(tx, subscription, {"status": "past_due"}, "customer.subscription.updated")


def _pause(tx: Tx, subscription: Json) -> None:
    pause(tx, subscription, "final_payment_failure")


def pause(tx: Tx, subscription: Json, why: str) -> Json:
    """No period begins any more; `why` is the type in `status_details.paused.subscription`."""
    for kind in ("renew", "upcoming", "trial_ends"):
        clock.unschedule(tx, kind, subscription["id"])
    let_invoices_rest(tx, subscription["id"])
    details = {"subscription": {"type": why}, "transitioned_at": tx.now(), "type": "subscription"}
    updates = {"status": "paused", "status_details": {"paused": details}}
    change(tx, subscription, updates, "customer.subscription.updated")
    events.emit(tx, "customer.subscription.paused", subscription)
    return subscription
