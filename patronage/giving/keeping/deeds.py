"""How a deed is done: written down, asked of Stripe, its answer applied; and found out later when none came."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.foundation import jobs
from patronage.foundation.refused import Refused, Why
from patronage.foundation.tools import Tools
from patronage.giving import confirmations
from patronage.giving.gateway import Answer, GatewayRefused, GatewayUnknown
from patronage.giving.intake import applying
from patronage.giving.intake.told import Matter, Told
from patronage.giving.keeping.models import Deed, DeedKind, DeedOutcome
from patronage.giving.keeping.orders import ORDERS
from patronage.giving.keeping.owning import OverAlready
from patronage.giving.models import Pledge
from patronage.giving.returning import refunding
from patronage.giving.standing import MEANT_ONCE, Policy

SETTLE = "giving/settle-deed"
FOUND_OUT_AFTER = timedelta(minutes=2)  # longer than the page itself waits for Stripe, retries and all
SERVER_ERROR = 500
# What a deed changes; all others (an end, or that it is undone) concern the whole pledge.
CHANGES = {
    DeedKind.CHANGE: "terms", DeedKind.LESS: "terms", DeedKind.DATE: "day", DeedKind.PAUSE: "rest",
    DeedKind.UNPAUSE: "rest",
}  # fmt: skip


class StillFindingOut(Refused):
    """Something that cannot be taken back was asked for, and it is not known yet whether it was done."""

    why = Why.CONFLICT
    reason = _l(
        "We are still finding out what became of what you asked for last. It takes some minutes; "
        "then you can change your pledge again."
    )


@dataclass(frozen=True)
class Wish:
    """What somebody asks for. `asked` is what the order of its kind in `orders` takes; `once`: but once a pledge."""

    kind: DeedKind
    asked: dict[str, Any] = field(default_factory=dict)
    once: bool = False


def do(tools: Tools, policy: Policy, pledge: Pledge, wish: Wish) -> bool:
    """Do what is wished with `pledge`; tell whether it is done, or whether that has to be found out by a job.

    The same wish again, while it is not known what became of it, is the same deed under the same key. Must be called
    outside any transaction. Raises `OverAlready`, `StillFindingOut`, `GatewayRefused`, `applying.Overtaken`.
    """
    with tools.database.transaction() as session:
        deed = _written_down(session, pledge, wish, tools.clock.now())
    if deed.settled_at is not None:
        return True
    try:
        carry_out(tools, policy, deed.id)
    except GatewayRefused as refusal:
        if not refusal.is_of_our_key:
            raise
        return False  # it is done as soon as the newsroom has mended its key
    except GatewayUnknown:
        with tools.database.reading() as session:  # a second click's twin may have brought it to its end
            return session.get_one(Deed, deed.id).settled_at is not None
    return True


def _written_down(session: Session, pledge: Pledge, wish: Wish, now: datetime) -> Deed:
    session.get_one(Pledge, pledge.id, with_for_update=True)  # two clicks go one after the other
    name = f"{wish.kind}:{pledge.reference}" if wish.once else None
    if name and (known := session.scalar(select(Deed).where(Deed.once == name))):
        return known
    for open_one in session.scalars(select(Deed).where(Deed.pledge_id == pledge.id, Deed.settled_at.is_(None))):
        if (open_one.kind, open_one.asked) == (wish.kind, wish.asked):
            return open_one
        if open_one.kind == DeedKind.MEANT_ONCE:
            raise StillFindingOut
        if _overtakes(wish.kind, open_one.kind):
            _close(open_one, DeedOutcome.OVERTAKEN, now)
            open_one.once = None
    deed = Deed(
        pledge_id=pledge.id, kind=wish.kind, asked=wish.asked, once=name, asked_at=now,
        idempotency_key=f"{wish.kind.replace(' ', '-')}-{pledge.reference}-{secrets.token_hex(12)}",
    )  # fmt: skip
    session.add(deed)
    session.flush()
    jobs.put(session, SETTLE, {"deed": deed.id}, now + FOUND_OUT_AFTER, once=f"{SETTLE}:{deed.id}")
    return deed


def _overtakes(kind: DeedKind, open_one: DeedKind) -> bool:
    """Tell whether one is no more wanted after the other: who pauses a pledge and then gives less wants both."""
    return CHANGES.get(kind) is None or CHANGES.get(open_one) in {None, CHANGES[kind]}


def carry_out(tools: Tools, policy: Policy, deed_id: int) -> None:
    """Ask Stripe for what a deed wishes, and apply what it answers; nothing if the deed is settled.

    If something else was applied meanwhile, what Stripe says then is applied instead. Raises `OverAlready`,
    `GatewayUnknown` (asking again is harmless), `GatewayRefused`.
    """
    with tools.database.reading() as session:
        deed = session.get_one(Deed, deed_id)
        noted = session.get_one(Pledge, deed.pledge_id)
    if deed.settled_at is not None:
        return
    key = f"{deed.idempotency_key}-{deed.tries}"
    try:
        answer = ORDERS[deed.kind](tools.payments, str(noted.stripe_subscription_id), deed.asked, key)
    except GatewayUnknown as unknown:
        if unknown.status is not None and unknown.status >= SERVER_ERROR:
            _count_try(tools, deed.id)
        raise
    except GatewayRefused as refusal:
        if not refusal.is_of_our_key and _refused(tools, policy, deed, noted, refusal.detail):
            return
        raise
    _done(tools, policy, deed, noted, answer)


def _count_try(tools: Tools, deed_id: int) -> None:
    """Stripe keeps a 500 under a key and would repeat it all day: the next try goes under another one."""
    with tools.database.transaction() as session:
        session.get_one(Deed, deed_id, with_for_update=True).tries += 1


def _done(tools: Tools, policy: Policy, deed: Deed, noted: Pledge, answer: Answer) -> None:
    now = tools.clock.now()
    with tools.database.transaction() as session:
        pledge = session.get_one(Pledge, noted.id, with_for_update=True)
        has_moved = pledge.version != noted.version
        if not has_moved:
            applying.change(session, pledge, Told(subscription=answer), policy, now)
            _settle(session, pledge, deed.id, policy, now)
    if has_moved:
        _apply_now(tools, policy, noted)
        with tools.database.transaction() as session:
            pledge = session.get_one(Pledge, noted.id, with_for_update=True)
            _settle(session, pledge, deed.id, policy, now)


def _settle(session: Session, pledge: Pledge, deed_id: int, policy: Policy, now: datetime) -> None:
    deed = session.get_one(Deed, deed_id, populate_existing=True)
    if deed.settled_at is not None:
        return
    if deed.kind == DeedKind.STOP:
        pledge.why_stopped = deed.asked.get("why")
    if deed.kind == DeedKind.MEANT_ONCE:
        confirmations.tell_it_was_once(session, pledge, bool(deed.asked["give_back"]), policy, now)
    _close(deed, DeedOutcome.DONE, now)


def _close(deed: Deed, outcome: DeedOutcome, now: datetime) -> None:
    deed.settled_at, deed.outcome = now, outcome
    deed.asked = {name: value for name, value in deed.asked.items() if name != "why"}  # it is kept with the pledge


def _refused(tools: Tools, policy: Policy, deed: Deed, noted: Pledge, detail: str) -> bool:
    """Write down that Stripe said no; tell whether the deed was done but for its money. Raises `OverAlready`.

    A pledge that was meant once may be ended and its payment not go back: it is disputed, or the balance is empty.
    Then staff give it back, or decide otherwise. What was refused may be asked for again.
    """
    _apply_now(tools, policy, noted)
    now = tools.clock.now()
    with tools.database.transaction() as session:
        pledge = session.get_one(Pledge, noted.id, with_for_update=True)
        is_over, known = pledge.ended_at is not None, session.get_one(Deed, deed.id, populate_existing=True)
        is_stuck = deed.kind == DeedKind.MEANT_ONCE and pledge.ended_because == MEANT_ONCE
        if known.settled_at is None:
            _close(known, DeedOutcome.OVERTAKEN if is_over and not is_stuck else DeedOutcome.REFUSED, now)
            if is_stuck:
                confirmations.tell_it_was_once(session, pledge, None, policy, now)
                refunding.leave_to_staff(session, known.asked["give_back"], f"meant to give once; {detail}", now)
            else:
                known.once = None
    if is_over and not is_stuck:
        raise OverAlready
    return is_stuck


def _apply_now(tools: Tools, policy: Policy, noted: Pledge) -> None:
    applying.apply(tools, policy, Matter.SUBSCRIPTION, str(noted.stripe_subscription_id), {})


def settle(tools: Tools, policy: Policy, data: dict[str, Any]) -> None:
    """Find out what became of a deed by asking for it again under its key; its giver is told if Stripe says no.

    Raises `GatewayUnknown`, and `GatewayRefused` while our key is: the job is tried again.
    """
    try:
        carry_out(tools, policy, data["deed"])
    except OverAlready:
        return
    except GatewayRefused as refusal:
        if refusal.is_of_our_key:
            raise
        with tools.database.transaction() as session:
            deed = session.get_one(Deed, data["deed"])
            pledge = session.get_one(Pledge, deed.pledge_id)
            confirmations.tell_it_was_refused(session, pledge, deed.id, policy, tools.clock.now())


def unsettled(session: Session, pledge_id: int) -> bool:
    """Tell whether something was asked for of which it is not known yet whether it was done."""
    return (
        session.scalar(select(Deed.id).where(Deed.pledge_id == pledge_id, Deed.settled_at.is_(None)).limit(1))
        is not None
    )


def was_asked_to_stay(session: Session, pledge_id: int) -> bool:
    """Tell whether the giver of a pledge was offered to give less before: that is done once."""
    told = (DeedKind.STOP, DeedKind.LESS)
    asked = select(Deed.id).where(Deed.pledge_id == pledge_id, Deed.kind.in_(told))
    return session.scalar(asked.limit(1)) is not None
