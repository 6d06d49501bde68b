"""How a patron stops, at the end of what is paid, and goes on again: Stripe is asked, then its answer written down."""

from collections.abc import Callable

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.foundation.refused import Refused, Why
from patronage.foundation.tools import Tools
from patronage.giving.gateway import Answer, GatewayRefused
from patronage.giving.intake import applying
from patronage.giving.intake.told import Matter, Told
from patronage.giving.models import Interval, Pledge, PledgeState
from patronage.giving.standing import Policy


class NotYourPledge(Refused):
    """There is no such pledge, or it is somebody else's; which of these, nobody is told."""

    why = Why.NOT_FOUND
    reason = _l("You have no pledge with this reference.")


class OverAlready(Refused):
    """The pledge has ended, so that there is nothing to stop or to resume."""

    why = Why.TOO_LATE
    reason = _l("This pledge is over already: nothing more is charged.")


def own(session: Session, person_id: int, reference: str) -> Pledge:
    """Return the regular pledge `reference` of `person_id`. Raises `NotYourPledge`, and `OverAlready` after its end."""
    pledge = session.scalar(select(Pledge).where(Pledge.reference == reference, Pledge.person_id == person_id))
    if pledge is None or pledge.interval == Interval.ONCE or pledge.stripe_subscription_id is None:
        raise NotYourPledge
    if pledge.state == PledgeState.ENDED:
        raise OverAlready
    return pledge


def stop(tools: Tools, policy: Policy, noted: Pledge, why: str, key: str) -> None:
    """Let the pledge `noted` end with its period; `why` is kept if the patron said so.

    `key` is the idempotency key of this press of the button. Must be called outside any transaction. Raises
    `OverAlready`, `GatewayUnknown` (it may be stopped or not; stopping again is harmless), `GatewayRefused`.
    """
    assert noted.stripe_subscription_id  # noqa: S101 - `own` returns no other
    number = noted.stripe_subscription_id
    _follow(tools, policy, noted, lambda: tools.payments.end_at_period_end(number, key), why.strip() or None)


def go_on(tools: Tools, policy: Policy, noted: Pledge, key: str) -> None:
    """Undo the end that is arranged for the pledge `noted`; as `stop` in everything else."""
    number = noted.stripe_subscription_id
    _follow(tools, policy, noted, lambda: tools.payments.keep_going(number, key), None)


def _follow(tools: Tools, policy: Policy, noted: Pledge, ask: Callable[[], Answer], why: str | None) -> None:
    """Ask Stripe, and apply what it answers; if something else was applied meanwhile, what it says now instead."""
    try:
        answer = ask()
    except GatewayRefused as refusal:
        _apply_now(tools, policy, noted)
        with tools.database.reading() as session:
            if session.get_one(Pledge, noted.id).ended_at:
                raise OverAlready from refusal
        raise
    with tools.database.transaction() as session:
        pledge = session.get_one(Pledge, noted.id, with_for_update=True)
        pledge.why_stopped = why
        has_moved = pledge.version != noted.version
        if not has_moved:
            applying.change(session, pledge, Told(subscription=answer), policy, tools.clock.now())
    if has_moved:
        _apply_now(tools, policy, noted)


def _apply_now(tools: Tools, policy: Policy, noted: Pledge) -> None:
    applying.apply(tools, policy, Matter.SUBSCRIPTION, str(noted.stripe_subscription_id), {})
