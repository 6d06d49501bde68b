"""Trials: a subscription that is tried out first, told of three days before its end."""

from patronage.sandbox import clock, dunning, events
from patronage.sandbox.ending import end
from patronage.sandbox.errors import invalid
from patronage.sandbox.store import Json, Tx

DAY = 86400
TOLD_BEFORE = 3 * DAY
LONGEST = 730  # days


def asked_for(tx: Tx, params: Json, at: str = "") -> int | None:
    """The end of the trial that `trial_end` or `trial_period_days` asks for (unix seconds), or None for no trial."""
    name = "trial_end" if "trial_end" in params else "trial_period_days"
    param = f"{at}[{name}]" if at else name
    if "trial_end" in params and "trial_period_days" in params:
        raise invalid("You may only specify one of these parameters: trial_end, trial_period_days.", param)
    if params.get(name) in (None, "now", 0):
        return None
    ends = params["trial_end"] if name == "trial_end" else tx.now() + int(params[name]) * DAY
    if not isinstance(ends, int) or not tx.now() < ends <= tx.now() + LONGEST * DAY:
        raise invalid(f"A trial ends in the future, within {LONGEST} days.", param)
    return ends


def settings(params: Json, before: Json) -> Json:
    """`trial_settings` after a request; `missing_payment_method` says what happens when there is nothing to charge."""
    given = params.get("trial_settings", {}).get("end_behavior", {})
    return {"end_behavior": {**before["end_behavior"], **given}}


def fields(tx: Tx, ends: int) -> Json:
    """What a subscription says of a trial that begins now."""
    return {"status": "trialing", "trial_start": tx.now(), "trial_end": ends, "billing_cycle_anchor": ends}


def await_end(tx: Tx, subscription: Json) -> None:
    """Let the notice before a trial's end fall due, at once when the trial is shorter than that."""
    told = max(subscription["trial_end"] - TOLD_BEFORE, tx.now())
    clock.schedule(tx, told, "trial_ends", subscription["id"])


@clock.handler("trial_ends")
def announce(tx: Tx, subscription_id: str) -> None:
    """customer.subscription.trial_will_end."""
    subscription = tx.get(subscription_id)
    if subscription is not None and subscription["status"] == "trialing":
        events.emit(tx, "customer.subscription.trial_will_end", subscription)


def ends_without_method(tx: Tx, subscription: Json, method: Json | None) -> bool:
    """The trial is over and there may be nothing to charge: whether the subscription was canceled or paused for it."""
    wished = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    if method is not None or wished == "create_invoice":
        return False
    if wished == "cancel":
        end(tx, subscription, "payment_failed")
    else:
        dunning.pause(tx, subscription, "trial_end_without_payment_method")
    return True
