"""A dispute ends the pledge it is about, where the newsroom has chosen so: nobody is charged who wants it back."""

from typing import Any

from patronage.foundation.tools import Tools
from patronage.giving.gateway import GatewayRefused
from patronage.giving.intake import applying
from patronage.giving.intake.told import Matter
from patronage.giving.models import Outcome, Pledge
from patronage.giving.returning import consequences, orders
from patronage.giving.standing import Policy

BECAUSE = "A payment was disputed."


def end_disputed(tools: Tools, policy: Policy, data: dict[str, Any]) -> None:
    """End the pledge of a job at Stripe, and tell its giver; once a dispute, whatever is tried again.

    Raises `GatewayUnknown`: the job is tried again under the same key.
    """
    with tools.database.reading() as session:
        pledge = session.get_one(Pledge, data["pledge"])
    if pledge.ended_at or pledge.stripe_subscription_id is None:
        return
    number = pledge.stripe_subscription_id
    try:
        orders.end(tools.payments, number, BECAUSE, f"dispute-{data['dispute']}")
    except GatewayRefused:  # it may be over already: what Stripe says now decides
        applying.apply(tools, policy, Matter.SUBSCRIPTION, number, {})
        with tools.database.reading() as session:
            if session.get_one(Pledge, pledge.id).ended_at is None:
                raise
        return

    def tell(session: Any, _outcome: Outcome, now: Any) -> None:
        consequences.tell_of_end(session, session.get_one(Pledge, pledge.id), data["dispute"], now)

    applying.apply(tools, policy, Matter.SUBSCRIPTION, number, {}, tell)
