"""What Stripe tells is applied here: the truth is fetched, then the pledge, books and letters change in one commit."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from patronage.books.papers import receipts
from patronage.foundation.refused import Refused, Why, translatable
from patronage.foundation.tools import Tools
from patronage.giving import confirmations, letters, standing
from patronage.giving.dunning import cards, lateness, telling
from patronage.giving.figures import moves
from patronage.giving.gateway import Answer
from patronage.giving.intake import charges, checkout_outcomes, subscriptions, whose
from patronage.giving.intake.told import UNPAID, Asking, Matter, Told, inside
from patronage.giving.keeping import charged_after
from patronage.giving.memberships import free_time, presents
from patronage.giving.models import Interval, Outcome, Pledge
from patronage.giving.returning import consequences
from patronage.giving.standing import Policy

Mark = Callable[[Session, Outcome, datetime], None]
Covered = set[tuple[Matter, str]]  # what was fetched and applied along with what was asked for

ROUNDS = 10  # how often what was fetched may be overtaken before we leave it for later


class Overtaken(Refused):
    """The pledge kept changing while Stripe was being asked."""

    why = Why.CONFLICT
    reason = translatable("This pledge is changing just now. Please try again.")


def apply(
    tools: Tools,
    policy: Policy,
    matter: Matter,
    stripe_id: str,
    payload: Answer,
    mark: Mark | None = None,
    covered: Covered | None = None,
) -> Outcome:
    """Fetch what Stripe says now about `stripe_id` and apply it; return APPLIED, or UNMATCHED for a stranger's.

    `payload` is an event's own object, or empty: it only helps to find the pledge. `mark` is called with the outcome
    in the same transaction; to `covered` is added what else need not be asked for again. Must be called outside any
    transaction. Raises `GatewayUnknown`, `GatewayRefused`, `Overtaken`.

    Two deliveries may race: the version of the pledge is noted before Stripe is asked, and when it has moved by the
    time we hold the lock, Stripe is asked again, as our answer may be the older one.
    """
    asking = Asking(tools.payments, tools.database)
    hint = asking.hint(matter, stripe_id, payload)
    with tools.database.reading() as session:
        noted = whose.known(session, hint)
    for _ in range(ROUNDS):
        told = asking.about(matter, stripe_id, hint)
        with tools.database.transaction() as session:
            now = tools.clock.now()
            pledge = whose.claim(session, told)
            if pledge is None or not whose.has_moved(pledge, noted):
                outcome = _take(session, pledge, told, policy, now)
                if mark:
                    mark(session, outcome, now)
                break
            noted = (pledge.id, pledge.version)
    else:
        raise Overtaken
    if covered is not None and outcome == Outcome.APPLIED:
        covered |= _fetched_with(matter, told)
    return outcome


def _fetched_with(matter: Matter, told: Told) -> Covered:
    """Return what `told` holds as whole as if it had been asked for by itself.

    A late subscription's newest invoice may be another than the one that was asked for: that one is asked for again.
    """
    found: Covered = set()
    if matter not in {Matter.INVOICE, Matter.SESSION}:
        return found
    if told.subscription and told.subscription["status"] not in UNPAID:
        found.add((Matter.SUBSCRIPTION, told.subscription["id"]))
    if told.charge:
        found.add((Matter.CHARGE, told.charge["id"]))
    if matter == Matter.SESSION and (invoice_id := inside(told.invoice, "id")):
        found.add((Matter.INVOICE, invoice_id))
    return found


def _take(session: Session, pledge: Pledge | None, told: Told, policy: Policy, now: datetime) -> Outcome:
    checkout_outcomes.close(session, told, now)
    if pledge is None:
        return Outcome.UNMATCHED
    change(session, pledge, told, policy, now)
    return Outcome.APPLIED


def change(session: Session, pledge: Pledge, told: Told, policy: Policy, now: datetime) -> None:
    """Apply what was `told` to `pledge`, whose row is locked: facts, books, standing, letters."""
    before = confirmations.note(pledge)
    was_final = lateness.final_of(pledge)
    pledge.stripe_customer_id = told.customer_id or pledge.stripe_customer_id
    if told.subscription:
        subscriptions.take_over(pledge, told.subscription, now)
        cards.take_over(session, pledge, told.subscription)
    failed = lateness.take_in(session, pledge, told, now)
    payment = charges.take_in(session, pledge, told, now)
    free_time.take_in(session, pledge, told, policy, now)
    standing.decide(pledge, policy.grace)
    cards.note_lapse(session, pledge)
    moves.note(session, pledge, policy.zone, now)
    presents.follow(session, pledge, policy, now)
    if payment:
        receipt = receipts.issue(session, payment, policy.zone, now)
        letters.send_receipt(session, pledge, payment, receipt, told, policy, now)
        charged_after.follow(session, pledge, payment, now)
    if told.charge:
        receipts.follow(session, told.charge["id"], policy.zone, now)
    consequences.follow(session, pledge, told, policy, now)
    telling.tell(session, pledge, failed, was_final, policy, now)
    confirmations.tell_of_changes(session, before, pledge, policy, now)
    has_begun = pledge.settled_at and not before.was_settled and pledge.interval != Interval.ONCE
    if has_begun and whose.others_running(session, pledge):
        letters.tell_of_second_pledge(session, pledge, now)
