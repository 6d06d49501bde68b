"""What a subscription at Stripe says of a pledge: its amount, whether it is late, paused, ending or over."""

from datetime import datetime

from patronage.giving import cycles, marks
from patronage.giving.ending import OVER
from patronage.giving.gateway import Answer
from patronage.giving.intake.told import inside, moment
from patronage.giving.models import Interval, Pledge
from patronage.giving.standing import DISPUTED, MEANT_ONCE

LATE = {"past_due", "unpaid"}
INTERVALS = {("month", 1): Interval.MONTH, ("year", 1): Interval.YEAR}


def take_over(pledge: Pledge, subscription: Answer, now: datetime) -> None:
    """Write the facts of `subscription` (fetched just now) into `pledge`; moments we already knew stay.

    What is paid is not told here: the period a subscription stands in may not be paid yet. `canceled_at` is no end:
    it is set as soon as an end is arranged.
    """
    status = subscription["status"]
    is_paused = subscription["pause_collection"] is not None or status == "paused"
    pledge.past_due_at = (pledge.past_due_at or now) if status in LATE else None
    pledge.paused_at = (pledge.paused_at or now) if is_paused else None
    pledge.resumes_at = _moment_of(inside(subscription, "pause_collection", "resumes_at"))
    pledge.trial_until = _moment_of(subscription["trial_end"])
    pledge.stripe_status = status
    pledge.ends_at = end_of(subscription)
    pledge.ended_at = _ended_at(subscription)
    pledge.ended_because = _reason(subscription) if pledge.ended_at else None
    _take_terms(pledge, subscription)
    pledge.next_charge_at = _next_charge(pledge, subscription)


def end_of(subscription: Answer) -> datetime | None:
    """Return when `subscription` will end, however that was arranged: the portal sets a date, we a flag."""
    if subscription["cancel_at"] is not None:
        return moment(subscription["cancel_at"])
    if subscription["cancel_at_period_end"]:
        return _end_of_period(subscription)
    return None


def _next_charge(pledge: Pledge, subscription: Answer) -> datetime | None:
    """Return when `pledge` is charged next: nothing is charged while it is paused, or after its end."""
    if pledge.ended_at or pledge.ends_at:
        return None
    if pledge.paused_at is None:
        return _end_of_period(subscription)
    if pledge.resumes_at is None:
        return None
    first = max(_end_of_period(subscription), pledge.resumes_at)
    return cycles.charge_at_or_after(moment(subscription["billing_cycle_anchor"]), pledge.interval, first)


def _end_of_period(subscription: Answer) -> datetime:
    item = subscription["items"]["data"][0]
    return moment(item["current_period_end"])


def _moment_of(timestamp: int | None) -> datetime | None:
    return None if timestamp is None else moment(timestamp)


def _ended_at(subscription: Answer) -> datetime | None:
    if subscription["status"] not in OVER:
        return None
    return moment(subscription["ended_at"] or subscription["canceled_at"] or subscription["created"])


def _reason(subscription: Answer) -> str:
    details = subscription["cancellation_details"] or {}
    ours = {marks.MEANT_ONCE: MEANT_ONCE, marks.DISPUTED: DISPUTED}
    if details.get("comment") in ours:
        return ours[details["comment"]]
    return str(details.get("reason") or subscription["status"])


def _take_terms(pledge: Pledge, subscription: Answer) -> None:
    """Follow an amount or interval that was changed, by us or at Stripe.

    The share for the fee is what our mark says of this amount; without a mark it stays what it was, if there is room.
    """
    item = subscription["items"]["data"][0]
    rhythm = item["price"]["recurring"]
    pledge.interval = INTERVALS.get((rhythm["interval"], rhythm["interval_count"]), pledge.interval)
    charged = (item["price"]["unit_amount"] or 0) * (item["quantity"] or 1)
    marked = marks.fee_cover(subscription["metadata"], charged)
    if charged <= 0 or (marked is None and charged == pledge.amount_minor + pledge.fee_cover_minor):
        return
    if marked is not None:
        pledge.fee_cover_minor = marked
    elif pledge.fee_cover_minor >= charged:
        pledge.fee_cover_minor = 0
    pledge.amount_minor = charged - pledge.fee_cover_minor
