"""A dispute ends the pledge it is about, where the newsroom has chosen so: nobody is charged who wants it back."""

from typing import Any

from patronage.foundation.tools import Tools
from patronage.giving import marks
from patronage.giving.ending import end_now
from patronage.giving.intake import applying
from patronage.giving.intake.told import Matter
from patronage.giving.models import Pledge
from patronage.giving.standing import Policy


def end_disputed(tools: Tools, policy: Policy, data: dict[str, Any]) -> None:
    """End the pledge of a job at Stripe, and apply what it says then; the letter follows from that.

    Raises `GatewayUnknown`, and `GatewayRefused` when it goes on: the job is tried again.
    """
    with tools.database.reading() as session:
        pledge = session.get_one(Pledge, data["pledge"])
    if pledge.ended_at or pledge.stripe_subscription_id is None:
        return
    end_now(tools.payments, pledge.stripe_subscription_id, marks.DISPUTED, f"dispute-{data['dispute']}")
    applying.apply(tools, policy, Matter.SUBSCRIPTION, pledge.stripe_subscription_id, {})
