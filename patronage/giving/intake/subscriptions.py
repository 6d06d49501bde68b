"""What a subscription at Stripe says of a pledge: its amount, whether it is late, paused, ending or over."""

from datetime import datetime

from patronage.giving.gateway import Answer
from patronage.giving.intake.told import inside, moment
from patronage.giving.models import Pledge

LATE = {"past_due", "unpaid"}
OVER = {"canceled", "incomplete_expired"}


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
    pledge.next_charge_at = None if pledge.ended_at or pledge.ends_at else _end_of_period(subscription)
    _take_amount(pledge, subscription)


def end_of(subscription: Answer) -> datetime | None:
    """Return when `subscription` will end, however that was arranged: the portal sets a date, we a flag."""
    if subscription["cancel_at"] is not None:
        return moment(subscription["cancel_at"])
    if subscription["cancel_at_period_end"]:
        return _end_of_period(subscription)
    return None


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
    return str(details.get("reason") or subscription["status"])


def _take_amount(pledge: Pledge, subscription: Answer) -> None:
    """Follow an amount that was changed at Stripe; the share for the fee stays what it was, if there is room for it."""
    item = subscription["items"]["data"][0]
    charged = (item["price"]["unit_amount"] or 0) * (item["quantity"] or 1)
    if charged <= 0 or charged == pledge.amount_minor + pledge.fee_cover_minor:
        return
    if pledge.fee_cover_minor >= charged:
        pledge.fee_cover_minor = 0
    pledge.amount_minor = charged - pledge.fee_cover_minor
