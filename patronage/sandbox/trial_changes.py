"""Trials that are ended, lengthened or begun by an update of a subscription."""

from patronage.sandbox import billing, clock, invoices, trials
from patronage.sandbox.errors import invalid
from patronage.sandbox.objects import change
from patronage.sandbox.store import Json, Tx


def end_or_move(tx: Tx, subscription: Json, params: Json, updates: Json) -> bool:
    """Carry out `trial_end`; whether the update has been told by it."""
    if "trial_end" not in params:
        return False
    if "items" in params:
        raise invalid("The sandbox changes items and trials one after the other.", "trial_end")
    if params["trial_end"] != "now":
        ends = trials.asked_for(tx, {"trial_end": params["trial_end"]})
        if ends is not None:
            _try_until(tx, subscription, ends, updates)
        return True
    if subscription["status"] != "trialing":
        return False
    updates.update(status="active", trial_end=tx.now(), billing_cycle_anchor=tx.now())
    clock.unschedule(tx, "trial_ends", subscription["id"])
    invoice = billing.begin_period(tx, subscription, tx.now(), "subscription_update", updates)
    billing.collect_or_send(tx, invoices.finalize(tx, invoice), off_session=params.get("off_session", False))
    return True


def _try_until(tx: Tx, subscription: Json, ends: int, updates: Json) -> None:
    """The time until then costs nothing, and the periods are counted from its end."""
    items = subscription["items"]
    data = [{**item, "current_period_end": ends} for item in items["data"]]
    begun = {"trial_start": tx.now()} if subscription["status"] != "trialing" else {}
    tried = {**begun, "status": "trialing", "trial_end": ends, "billing_cycle_anchor": ends}
    updates.update(**tried, items={**items, "data": data})
    change(tx, subscription, updates, "customer.subscription.updated")
    billing.await_period_end(tx, subscription)
    trials.await_end(tx, subscription)
