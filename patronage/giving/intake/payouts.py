"""Payouts as Stripe tells of them: written down, each line explained by the books, missing facts fetched first."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.books import payouts
from patronage.books.models import Payout
from patronage.books.movements import Movement
from patronage.books.payouts import Sent
from patronage.foundation import jobs
from patronage.foundation.logs import log
from patronage.foundation.tools import Tools
from patronage.giving.gateway import Gateway, GatewayRefused
from patronage.giving.intake import applying, money_moved
from patronage.giving.intake.applying import Mark
from patronage.giving.intake.told import Matter
from patronage.giving.models import Outcome
from patronage.giving.standing import Policy

MATCH = "giving/match-payout"
# While Stripe has not listed what is inside, or something in it is not explained yet.
AFTER = tuple(timedelta(hours=hours) for hours in (1, 6, 24, 48, 96, 168))
PAYOUTS = {"payout", "payout_reversal"}  # reporting categories
REFUNDS = {"refund", "refund_failure"}
DISPUTES = {"dispute", "dispute_reversal"}


def apply(tools: Tools, policy: Policy, payout_id: str, mark: Mark | None = None, round_: int = 0) -> Outcome:
    """Fetch what Stripe says now of a payout, write it down and match it with the books; APPLIED.

    `mark` is called in the same transaction. Must be called outside any. Raises `GatewayUnknown`, `GatewayRefused`,
    `Overtaken`. It is tried again later, for the `round_`th time, while the payout is not explained to the cent.
    """
    sent = money_moved.sent_of(money_moved.payout_at(tools.payments, payout_id))
    is_matched = _is_matched(tools, payout_id)
    lines = money_moved.lines_of(tools.payments, payout_id) if sent.is_listed and not is_matched else []
    _fetch_missing(tools, policy, lines, payout_id)
    with tools.database.transaction() as session:
        now = tools.clock.now()
        payout = payouts.take_in(session, sent, now)
        if not is_matched:
            _match(session, payout, sent, lines, now)
            if payout.difference_minor != 0:
                arrange(session, payout_id, round_, now)
        if mark:
            mark(session, Outcome.APPLIED, now)
    return Outcome.APPLIED


def arrange(session: Session, payout_id: str, round_: int, now: datetime) -> None:
    """Have the payout matched again after a while, for the `round_`th time; arranged again, nothing changes."""
    if round_ < len(AFTER):
        data = {"payout": payout_id, "round": round_}
        jobs.put(session, MATCH, data, now + AFTER[round_], once=f"{MATCH}:{payout_id}:{round_}")


def match_again(tools: Tools, policy: Policy, data: dict[str, Any]) -> None:
    """Match a payout again. Raises `GatewayUnknown`: the job is tried again, as a time-out tells nothing."""
    apply(tools, policy, data["payout"], round_=data["round"] + 1)


def look_again(tools: Tools, policy: Policy, data: dict[str, Any]) -> None:
    """Match a payout because somebody asked for it; nothing more is arranged. Raises `GatewayUnknown`."""
    apply(tools, policy, data["payout"], round_=len(AFTER))


def _is_matched(tools: Tools, payout_id: str) -> bool:
    with tools.database.reading() as session:
        known = select(Payout.difference_minor).where(Payout.stripe_id == payout_id, Payout.matched_at.is_not(None))
        return session.scalar(known) == 0


def _match(session: Session, payout: Payout, sent: Sent, lines: list[Movement], now: datetime) -> None:
    if sent.is_listed:
        payouts.match(session, payout, lines, now)
    elif not sent.is_automatic:
        payouts.match_unlisted(payout, now)


def _fetch_missing(tools: Tools, policy: Policy, lines: list[Movement], payout_id: str) -> None:
    """Apply, by the path all events take, what the books do not know or know otherwise than these lines say."""
    with tools.database.reading() as session:
        known = payouts.explained(session, lines)
    subjects: dict[tuple[Matter, str], None] = {}
    for line in lines:
        if known[line.id] != line.net_minor and line.source_id != payout_id:
            subject = _subject_of(tools.payments, line)
            subjects.update({subject: None} if subject else {})
    for matter, stripe_id in subjects:
        _apply_missing(tools, policy, matter, stripe_id)


def _subject_of(gateway: Gateway, line: Movement) -> tuple[Matter, str] | None:
    """Return what is to be looked at for a line: the charge it goes back to, or another payout; None for all else."""
    if line.source_id is None:
        return None
    number = line.source_id
    if line.category in PAYOUTS:
        return Matter.PAYOUT, number
    if line.category in payouts.OF_CHARGES:
        return Matter.MONEY_BACK, number
    charge: str | None = None
    if line.category in REFUNDS:
        charge = gateway.call(lambda api: api.refunds.retrieve(number))["charge"]
    elif line.category in DISPUTES:
        charge = gateway.call(lambda api: api.disputes.retrieve(number))["charge"]
    return (Matter.MONEY_BACK, charge) if charge else None


def _apply_missing(tools: Tools, policy: Policy, matter: Matter, stripe_id: str) -> None:
    try:
        if matter != Matter.PAYOUT:
            applying.apply(tools, policy, matter, stripe_id, {})
            return
        other = money_moved.sent_of(money_moved.payout_at(tools.payments, stripe_id))
    except GatewayRefused as refusal:
        if not refusal.is_missing:
            raise
        log().warning("a payout holds what Stripe does not show", subject=stripe_id)
        return
    with tools.database.transaction() as session:
        payouts.take_in(session, other, tools.clock.now())
