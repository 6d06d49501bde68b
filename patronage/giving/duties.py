"""What the worker does for giving: applies events from Stripe, and the jobs that giving puts down."""

from datetime import timedelta

from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.foundation.web.house import settings
from patronage.foundation.worker import Handler, Turn
from patronage.giving import checkouts, waiting_events
from patronage.giving.standing import Policy


def policy_of(chosen: Settings) -> Policy:
    """Return what the newsroom has decided about standing."""
    return Policy(timedelta(days=chosen.grace_days), chosen.zone)


def take_up_events(tools: Tools) -> bool:
    """Apply the events that wait."""
    return waiting_events.take_up(tools, policy_of(settings()))


TURNS: tuple[Turn, ...] = (take_up_events,)
HANDLERS: dict[str, Handler] = {checkouts.EXPIRE: checkouts.expire}
