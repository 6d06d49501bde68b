"""Another card: chosen on Stripe's own page, and then charged for the pledge, not only kept."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from patronage.foundation import jobs
from patronage.foundation.tools import Tools
from patronage.giving.gateway import Gateway
from patronage.giving.intake import applying
from patronage.giving.intake.applying import Mark
from patronage.giving.intake.told import Matter, inside
from patronage.giving.models import Outcome, Pledge
from patronage.giving.standing import Policy

FOLLOW = "giving/follow-card"
LOOKED_AT_AFTER = (timedelta(minutes=10), timedelta(hours=2))  # the page at Stripe lives an hour; events can be lost


def page_for(tools: Tools, pledge: Pledge, back: str) -> str:
    """Return the address of Stripe's page for another card of the customer of `pledge`; it leads `back` here.

    Each pledge has a customer of its own at Stripe, so another pledge of the same person is not touched. Raises
    `GatewayUnknown`, `GatewayRefused`.
    """
    flow = {
        "type": "payment_method_update",
        "after_completion": {"type": "redirect", "redirect": {"return_url": back}},
    }
    params = {"customer": pledge.stripe_customer_id, "return_url": back, "flow_data": flow}
    opened = tools.payments.call(lambda api: api.billing_portal.sessions.create(params))
    with tools.database.transaction() as session:
        now = tools.clock.now()
        for number, after in enumerate(LOOKED_AT_AFTER):
            jobs.put_again(session, FOLLOW, {"pledge": pledge.id}, now + after, once=f"{FOLLOW}:{pledge.id}:{number}")
    return str(opened["url"])


def follow(tools: Tools, data: dict[str, Any]) -> None:
    """Have the newer card charged for a pledge, some time after its page at Stripe was opened. A job."""
    with tools.database.reading() as session:
        pledge = session.get_one(Pledge, data["pledge"])
    if pledge.stripe_subscription_id and not pledge.ended_at:
        _follow(tools.payments, pledge.stripe_subscription_id)


def apply(tools: Tools, policy: Policy, customer_id: str, mark: Mark) -> None:
    """Have a customer's newer card charged for what they give, and write down what pays for it now.

    `mark` is called with the outcome, UNMATCHED for a stranger's. Raises as `applying.apply`.
    """
    running = (Pledge.stripe_subscription_id.is_not(None), Pledge.ended_at.is_(None))
    with tools.database.reading() as session:
        theirs = session.scalars(select(Pledge).where(Pledge.stripe_customer_id == customer_id, *running)).all()
    for pledge in theirs:
        _follow(tools.payments, str(pledge.stripe_subscription_id))
        applying.apply(tools, policy, Matter.SUBSCRIPTION, str(pledge.stripe_subscription_id), {})
    with tools.database.transaction() as session:
        mark(session, Outcome.APPLIED if theirs else Outcome.UNMATCHED, tools.clock.now())


def _follow(gateway: Gateway, subscription_id: str) -> None:
    """Let a subscription be paid by its customer's default, where that was added later than what it is paid by now.

    A subscription's own default, which Checkout sets, wins over the customer's, which the portal sets. One that staff
    chose in the dashboard later than the customer's stays. There is no idempotency key of ours: set twice it is the
    same card, and Stripe would repeat a 500 under a key for a day, while the old card is charged.
    """
    subscription = gateway.fetch_subscription(subscription_id)
    own = subscription["default_payment_method"]
    newer = inside(subscription, "customer", "invoice_settings", "default_payment_method")
    if own is None or newer is None or newer["id"] == own["id"] or newer["created"] < own["created"]:
        return
    params = {"default_payment_method": newer["id"]}
    gateway.call(lambda api: api.subscriptions.update(subscription_id, params))
