"""A dispute ends the pledge it is about, where the newsroom has chosen so: nobody is charged who wants it back."""

from typing import Any

from patronage.foundation.tools import Tools
from patronage.giving import marks
from patronage.giving.gateway import GatewayRefused
from patronage.giving.intake import applying
from patronage.giving.intake.told import Matter
from patronage.giving.models import Pledge
from patronage.giving.returning import orders
from patronage.giving.standing import Policy


def end_disputed(tools: Tools, policy: Policy, data: dict[str, Any]) -> None:
    """End the pledge of a job at Stripe, and apply what it says then; the letter follows from that.

    Raises `GatewayUnknown`: the job is tried again. Stripe keeps no idempotency key for an end, and says that there is
    no such subscription when it is over already.
    """
    with tools.database.reading() as session:
        pledge = session.get_one(Pledge, data["pledge"])
    if pledge.ended_at or pledge.stripe_subscription_id is None:
        return
    number, refusal = pledge.stripe_subscription_id, None
    try:
        orders.end(tools.payments, number, marks.DISPUTED, f"dispute-{data['dispute']}")
    except GatewayRefused as error:
        refusal = error
    applying.apply(tools, policy, Matter.SUBSCRIPTION, number, {})
    with tools.database.reading() as session:
        if refusal and session.get_one(Pledge, pledge.id).ended_at is None:
            raise refusal
