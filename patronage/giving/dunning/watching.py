"""Looks ahead once an hour: which charges are to be announced, and which cards expire before long."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.foundation import jobs
from patronage.foundation.jobs import Job
from patronage.foundation.tools import Tools
from patronage.giving.dunning import cards, notices, orders, telling
from patronage.giving.dunning.models import CardOnFile
from patronage.giving.gateway import GatewayRefused
from patronage.giving.intake import applying
from patronage.giving.intake.told import Matter
from patronage.giving.models import Pledge, PledgeState
from patronage.giving.standing import Policy

LOOK = "giving/look-ahead"
EVERY = timedelta(hours=1)
AT_ONCE = 50  # a job asks Stripe once or twice for each, within the time of its lease
WHAT: dict[str, Callable[[Session, datetime, int, int], list[int]]] = {
    "charges": notices.owed,
    "cards": cards.expiring,
}


def keep_looking(tools: Tools) -> bool:
    """Put the hourly looks down, or let them come due again; one of the worker's turns. Tell whether it was time."""
    now, did = tools.clock.now(), False
    for what in WHAT:
        with tools.database.reading() as session:
            is_time = _is_time(session, what, now)
        if is_time:
            with tools.database.transaction() as session:
                jobs.put_again(session, LOOK, {"what": what, "after": 0}, now, once=f"{LOOK}:{what}")
            did = True
    return did


def _is_time(session: Session, what: str, now: datetime) -> bool:
    last = session.scalar(select(Job).where(Job.once == f"{LOOK}:{what}"))
    over = (last.done_at or last.dead_at) if last else None
    return last is None or (over is not None and over <= now - EVERY)


def look(tools: Tools, policy: Policy, data: dict[str, Any]) -> None:
    """Announce what is to be announced, for some pledges beyond `data["after"]`; more of them are a job of their own.

    Raises `GatewayUnknown`: it is tried again, and who was told already is not told twice.
    """
    what, now = data["what"], tools.clock.now()
    with tools.database.reading() as session:
        found = WHAT[what](session, now, data["after"], AT_ONCE)
    announce = {"charges": _announce_charge, "cards": _announce_card}[what]
    for pledge_id in found:
        announce(tools, policy, pledge_id)
    if len(found) == AT_ONCE:
        with tools.database.transaction() as session:
            jobs.put(session, LOOK, {"what": what, "after": found[-1]}, now)


def _announce_charge(tools: Tools, policy: Policy, pledge_id: int) -> None:
    with tools.database.reading() as session:
        noted = session.get_one(Pledge, pledge_id)
    try:
        amount = orders.what_comes(tools.payments, str(noted.stripe_subscription_id))
    except GatewayRefused:
        _ask_anew(tools, policy, noted)  # no charge will come: what Stripe says of the pledge tells why
        return
    with tools.database.transaction() as session:
        pledge = session.get_one(Pledge, pledge_id, with_for_update=True)
        if pledge.version == noted.version:  # else it is looked at again in an hour
            notices.give(session, pledge, amount, policy, tools.clock.now())


def _announce_card(tools: Tools, policy: Policy, pledge_id: int) -> None:
    """Ask Stripe for the card as it is now: banks renew cards without a word to us."""
    with tools.database.reading() as session:
        noted = session.get_one(Pledge, pledge_id)
    _ask_anew(tools, policy, noted)
    with tools.database.transaction() as session:
        now = tools.clock.now()
        pledge = session.get_one(Pledge, pledge_id, with_for_update=True)
        card = session.get(CardOnFile, pledge_id)
        is_due = card is not None and card.told_at is None and card.expires_at <= now + cards.TOLD_BEFORE
        if card and is_due and pledge.state == PledgeState.ACTIVE and pledge.next_charge_at:
            telling.tell_of_card(session, pledge, card, policy, now)
            card.told_at = now


def _ask_anew(tools: Tools, policy: Policy, pledge: Pledge) -> None:
    try:
        applying.apply(tools, policy, Matter.SUBSCRIPTION, str(pledge.stripe_subscription_id), {})
    except GatewayRefused as refusal:
        if not refusal.is_missing:
            raise
