"""Every night what Stripe could not deliver is fetched, and the last days are compared; on Sundays everything is."""

from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from patronage.foundation import jobs
from patronage.foundation.jobs import Job
from patronage.foundation.leases import LEASE
from patronage.foundation.tools import Tools
from patronage.giving.models import Checkout
from patronage.giving.reconciling import replaying, walking
from patronage.giving.reconciling.kinds import KINDS
from patronage.giving.reconciling.models import Reconciliation
from patronage.giving.standing import Policy

COMPARE = "giving/reconcile"
AT = time(3, 17)  # in the newsroom's zone: few people give then, and the charges of midnight are settled
LOOKS_BACK = timedelta(days=4)  # one more than Stripe goes on trying to deliver an event
EVERYTHING_ON = 6  # Sunday
NEXT = timedelta(seconds=1)  # between one portion and the next, in which the worker does other things


def keep_comparing(tools: Tools, policy: Policy) -> bool:
    """Put tonight's comparison down once its hour has come; one of the worker's turns. Tell whether it was put down.

    Nothing is compared until somebody was sent to Stripe before that hour: what is younger is asked after by itself.
    """
    now = tools.clock.now()
    here = now.astimezone(policy.zone)
    hour = datetime.combine(here.date(), AT, policy.zone)
    if here < hour:
        return False
    once = f"{COMPARE}:{here:%Y-%m-%d}"
    with tools.database.reading() as session:
        older = exists(Checkout.id).where(Checkout.asked_at < hour)
        if not session.scalar(select(older & ~exists(Job.id).where(Job.once == once))):
            return False
    since = None if here.weekday() == EVERYTHING_ON else _day(now - LOOKS_BACK)
    data = {"since": since.isoformat() if since else None}
    with tools.database.transaction() as session:
        jobs.put(session, COMPARE, data, now, once=once)
    return True


def _day(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def compare(tools: Tools, policy: Policy, data: dict[str, Any]) -> None:
    """Do a portion of a comparison, and leave the rest to a job of its own; a job may not outlast its lease.

    Raises `GatewayUnknown`: it is tried again, and goes on where it stood.
    """
    since = datetime.fromisoformat(data["since"]) if data["since"] else None
    scope = walking.Scope(tuple(KINDS), since, begun_by="night")
    with tools.database.transaction() as session:
        now = tools.clock.now()
        run, is_new = walking.begin(session, scope, now)
    if is_new:
        replaying.replay(tools, policy, since)
    for _ in walking.steps(tools, policy, run.id):
        if tools.clock.now() - now > LEASE / 4:
            with tools.database.transaction() as session:
                _go_on(session, run.id, data, tools.clock.now())
            return


def _go_on(session: Session, run_id: int, data: dict[str, Any], now: datetime) -> None:
    """Put the next portion down; named by how far this one came, it is put down once."""
    run = session.get_one(Reconciliation, run_id)
    jobs.put(session, COMPARE, data, now + NEXT, once=f"{COMPARE}:{run_id}:{run.total('seen')}:{run.next_kind}")
