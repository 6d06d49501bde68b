"""What the worker does for giving: applies events from Stripe, and the jobs that giving puts down."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from patronage.books import payout_view
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.foundation.web.house import settings
from patronage.foundation.worker import Handler, Turn
from patronage.giving import confirmations
from patronage.giving.asking import checkouts
from patronage.giving.dunning import mending, telling, watching
from patronage.giving.figures import duties as figures
from patronage.giving.intake import janitor, payouts, waiting_events
from patronage.giving.keeping import cards, deeds, pausing
from patronage.giving.memberships import presents, unpaid
from patronage.giving.reconciling import nightly
from patronage.giving.returning import consequences, ending, refunding, sending
from patronage.giving.standing import Policy


def policy_of(chosen: Settings) -> Policy:
    """Return what the newsroom has decided about standing."""
    return Policy(timedelta(days=chosen.grace_days), chosen.zone)


def take_up_events(tools: Tools) -> bool:
    """Apply the events that wait."""
    return waiting_events.take_up(tools, policy_of(settings()))


def ask_after_checkout(tools: Tools, data: dict[str, Any]) -> None:
    """Ask Stripe what became of a page."""
    janitor.ask(tools, policy_of(settings()), data)


def with_policy(work: Callable[[Tools, Policy, dict[str, Any]], None]) -> Handler:
    """Return `work` as a handler of jobs, which is not told what the newsroom has decided."""
    return lambda tools, data: work(tools, policy_of(settings()), data)


def end_disputed(tools: Tools, data: dict[str, Any]) -> None:
    """End a pledge whose payment was disputed, if the newsroom wants that."""
    if settings().dispute_ends_pledge:
        ending.end_disputed(tools, policy_of(settings()), data)


def keep_comparing(tools: Tools) -> bool:
    """Put tonight's comparison with Stripe down."""
    return nightly.keep_comparing(tools, policy_of(settings()))


TURNS: tuple[Turn, ...] = (take_up_events, watching.keep_looking, keep_comparing)
HANDLERS: dict[str, Handler] = {
    checkouts.EXPIRE: checkouts.expire,
    janitor.ASK: ask_after_checkout,
    figures.NOTE: figures.note_missing,
    consequences.END_DISPUTED: end_disputed,
    refunding.SEND: with_policy(sending.find_out),
    payouts.MATCH: with_policy(payouts.match_again),
    payout_view.LOOK_AGAIN: with_policy(payouts.look_again),
    deeds.SETTLE: with_policy(deeds.settle),
    confirmations.REMIND: with_policy(pausing.remind),
    cards.FOLLOW: cards.follow,
    mending.ASK: with_policy(mending.ask_after),
    telling.LEFT: with_policy(telling.tell_of_what_is_left),
    watching.LOOK: with_policy(watching.look),
    nightly.COMPARE: with_policy(nightly.compare),
    presents.DELIVER: presents.deliver,
    unpaid.END: with_policy(unpaid.end_on_its_day),
    unpaid.REMIND: with_policy(unpaid.remind),
}
