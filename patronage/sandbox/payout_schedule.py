"""When money is paid out by itself: every day, every week, or never."""

from patronage.sandbox import clock
from patronage.sandbox.store import Tx

DAY = 86400
HOUR = 3600
SCHEDULES = ("daily", "weekly", "manual")
THURSDAY = 4  # the weekday (Monday is 1) on which unix time began


def midnight(moment: int) -> int:
    """The beginning of the UTC day of a moment."""
    return moment - moment % DAY


def schedule(tx: Tx) -> str:
    """One of SCHEDULES."""
    return tx.fact("payout_schedule") or "manual"


def set_schedule(tx: Tx, name: str) -> None:
    """Pay out by another schedule from now on."""
    tx.remember("payout_schedule", name)
    clock.unschedule(tx, "payout", "automatic")
    await_next(tx)


def await_next(tx: Tx) -> None:
    """Let the next automatic payout fall due, if there is a schedule and anything to wait for."""
    if schedule(tx) == "manual" or clock.waits(tx, "payout", "automatic"):
        return
    if tx.sql("SELECT 1 FROM unpaid LIMIT 1").fetchone() is not None:
        clock.schedule(tx, _next_moment(tx), "payout", "automatic")


def _next_moment(tx: Tx) -> int:
    """An hour after midnight UTC, tomorrow or next Monday."""
    day = midnight(tx.now()) + DAY
    if schedule(tx) == "weekly":
        weekday = (day // DAY + THURSDAY - 1) % 7  # 0 is Monday
        day += (7 - weekday) % 7 * DAY
    return day + HOUR
