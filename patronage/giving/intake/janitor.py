"""Asks Stripe what became of a Checkout page, in case nothing is ever told of it: events can be lost, answers too."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from patronage.foundation import jobs
from patronage.foundation.logs import log
from patronage.foundation.tools import Tools
from patronage.giving import pledging
from patronage.giving.gateway import GatewayRefused
from patronage.giving.intake import applying
from patronage.giving.intake.told import Matter
from patronage.giving.models import Checkout, Pledge
from patronage.giving.standing import Policy

ASK = "giving/ask-after-checkout"
# Some minutes after the page was asked for, once it has expired, and while a bank debit may be on its way.
AFTER = (
    timedelta(minutes=5), pledging.PAGE_LIVES + timedelta(minutes=5), timedelta(days=1), timedelta(days=4),
    timedelta(days=8), timedelta(days=15),
)  # fmt: skip


def arrange(session: Session, checkout: Checkout, round_: int = 0) -> None:
    """Have it asked for the `round_`th time what became of `checkout`; arranged again, nothing changes."""
    data = {"checkout": checkout.id, "round": round_}
    jobs.put(session, ASK, data, checkout.asked_at + AFTER[round_], once=f"{ASK}:{checkout.id}:{round_}")


def ask(tools: Tools, policy: Policy, data: dict[str, Any]) -> None:
    """Apply what Stripe says now of a checkout's page, unless all is known; ask again later while it is undecided.

    Raises `GatewayUnknown`: the job is tried again, as a time-out tells nothing.
    """
    with tools.database.reading() as session:
        checkout = session.get_one(Checkout, data["checkout"])
        if is_known(checkout, session.get_one(Pledge, checkout.pledge_id)):
            return
    if checkout.stripe_session_id:
        _apply(tools, policy, checkout.stripe_session_id)
    with tools.database.transaction() as session:
        now = tools.clock.now()
        _close_unopened(session, checkout.id, now)
        checkout = session.get_one(Checkout, checkout.id, populate_existing=True)
        is_open = not is_known(checkout, session.get_one(Pledge, checkout.pledge_id))
        if is_open and data["round"] + 1 < len(AFTER):
            arrange(session, checkout, data["round"] + 1)


def is_known(checkout: Checkout, pledge: Pledge) -> bool:
    """Tell whether nothing more can come of a page: it is settled, or it was closed without money on its way."""
    return pledge.settled_at is not None or (
        checkout.closed_at is not None and checkout.outcome in {"failed", "expired"}
    )


def _apply(tools: Tools, policy: Policy, stripe_session_id: str) -> None:
    try:
        applying.apply(tools, policy, Matter.SESSION, stripe_session_id, {})
    except GatewayRefused as refusal:
        if not refusal.is_missing:
            raise
        log().error("a page that was opened is unknown to Stripe", stripe_session=stripe_session_id)


def _close_unopened(session: Session, checkout_id: int, now: datetime) -> None:
    """Close a checkout whose opening was never answered, once any page that came of it has expired.

    Its address was in the lost answer alone, so nobody can have paid on it.
    """
    checkout = session.get_one(Checkout, checkout_id, with_for_update=True)
    if checkout.stripe_session_id is None and checkout.asked_at + pledging.PAGE_LIVES <= now:
        pledging.give_up(session, checkout_id, "expired", now)
