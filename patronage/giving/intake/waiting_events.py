"""Events that were written down and wait: taken by lease, oldest first, several about one thing at once."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, or_, select, update
from sqlalchemy.orm import Session

from patronage.foundation.database import is_unavailable
from patronage.foundation.leases import GAPS, LEASE, TRIES
from patronage.foundation.logs import log
from patronage.foundation.tools import Tools
from patronage.giving.gateway import Answer, GatewayRefused, GatewayUnknown
from patronage.giving.intake import applying, payouts
from patronage.giving.intake.applying import Covered, Mark, Overtaken
from patronage.giving.intake.stripe_events import Subject, subject_of
from patronage.giving.intake.told import Matter
from patronage.giving.keeping import cards
from patronage.giving.models import Outcome, StripeEvent
from patronage.giving.standing import Policy

AT_ONCE = 60
SUSPECT = 3  # taken as often and never closed: from then on taken alone, in case it is what kills the worker
KEY_REFUSED = {401, 403}  # a key that was rolled or may not look: a newsroom's error, mended by the newsroom
WIDEST_FIRST = (Matter.SESSION, Matter.INVOICE)
STRIPE_RESTS = timedelta(seconds=5)  # how long the others wait when Stripe did not answer for one


def take_up(tools: Tools, policy: Policy) -> bool:
    """Apply the events that wait, up to `AT_ONCE`; tell whether there were any. One of the worker's turns.

    What Stripe did not answer for waits and is never given up; what fails for another reason, or kills its worker each
    time, is given up after a dozen tries, and keeps its last error.
    """
    events = _take(tools)
    groups = _grouped(events)
    _close(tools, groups.pop(None, []), Outcome.IGNORED)
    taken_at, covered = tools.clock.now(), Covered()
    for subject, about_it in sorted(groups.items(), key=_order):
        if tools.clock.now() - taken_at > LEASE / 2:  # a slow Stripe: the rest is anybody's before the leases run out
            _put_back(tools, events, timedelta(0))
            break
        if subject and (subject.matter, subject.stripe_id) in covered:
            _close(tools, about_it, Outcome.APPLIED)
        elif subject and not _work(tools, policy, subject, about_it, covered):
            _put_back(tools, events, STRIPE_RESTS)
            break
    return bool(events)


def _take(tools: Tools) -> list[StripeEvent]:
    now = tools.clock.now()
    with tools.database.reading() as session:
        if session.scalar(_due(StripeEvent.id, now).limit(1)) is None:
            return []
    with tools.database.transaction() as session:
        due = list(session.scalars(_due(StripeEvent, now).limit(AT_ONCE).with_for_update(skip_locked=True)))
        given_up = [event for event in due if event.attempts >= TRIES]
        for event in given_up:
            event.applied_at, event.outcome, event.leased_until = now, Outcome.FAILED, None
            event.last_error = "no worker ever came to the end of it"
        events = _at_once([event for event in due if event not in given_up])
        for event in events:
            event.leased_until = now + LEASE
            event.attempts += 1
    return events


def _at_once(due: list[StripeEvent]) -> list[StripeEvent]:
    """Return the events of `due` to be taken now: all up to the first suspect, or that one alone."""
    suspects = [number for number, event in enumerate(due) if event.attempts >= SUSPECT]
    return due[: max(suspects[0], 1)] if suspects else due


def _due(what: Any, now: datetime) -> Select[Any]:
    return (
        select(what)
        .where(StripeEvent.applied_at.is_(None), StripeEvent.due_at <= now)
        .where(or_(StripeEvent.leased_until.is_(None), StripeEvent.leased_until < now))
        .order_by(StripeEvent.due_at, StripeEvent.id)
    )


def _grouped(events: list[StripeEvent]) -> dict[Subject | None, list[StripeEvent]]:
    """Return `events` by what they are about: one look at Stripe answers for all of a group."""
    groups: dict[Subject | None, list[StripeEvent]] = {}
    for event in events:
        groups.setdefault(subject_of(event.type, event.payload), []).append(event)
    return groups


def _order(group: tuple[Subject | None, list[StripeEvent]]) -> int:
    """Put first what tells the most: a session or an invoice is fetched with its subscription and its charge.

    Events about those that were taken with it are older than that answer, and closed without asking again.
    """
    subject, _events = group
    return WIDEST_FIRST.index(subject.matter) if subject and subject.matter in WIDEST_FIRST else len(WIDEST_FIRST)


def _work(tools: Tools, policy: Policy, subject: Subject, events: list[StripeEvent], covered: Covered) -> bool:
    """Apply what Stripe says now of `subject`, and close its `events` with it; tell whether Stripe answers at all."""
    ids = [event.id for event in events]

    def mark(session: Session, outcome: Outcome, now: datetime) -> None:
        _mark(session, ids, outcome, now)

    payload = events[-1].payload["data"]["object"]
    try:
        _apply(tools, policy, subject, payload, mark, covered)
    except GatewayUnknown as error:
        _fail(tools, events, error, may_give_up=False)
        return False
    except Overtaken as error:
        _fail(tools, events, error, may_give_up=False)
    except GatewayRefused as error:
        if error.is_missing:
            _close(tools, events, Outcome.UNMATCHED)
        else:
            _fail(tools, events, error, may_give_up=error.status not in KEY_REFUSED)
    except Exception as error:
        if is_unavailable(error):
            raise
        log().exception("event not applied", subject=subject.stripe_id, exc_info=error)
        _fail(tools, events, error)
    return True


def _apply(tools: Tools, policy: Policy, subject: Subject, payload: Answer, mark: Mark, covered: Covered) -> None:
    if subject.matter == Matter.PAYOUT:
        payouts.apply(tools, policy, subject.stripe_id, mark)
    elif subject.matter == Matter.CUSTOMER:
        cards.apply(tools, policy, subject.stripe_id, mark)
    else:
        applying.apply(tools, policy, subject.matter, subject.stripe_id, payload, mark, covered)


def _mark(session: Session, ids: list[int], outcome: Outcome, now: datetime) -> None:
    done = {"applied_at": now, "outcome": outcome, "leased_until": None, "last_error": None}
    session.execute(update(StripeEvent).where(StripeEvent.id.in_(ids)).values(done))


def _close(tools: Tools, events: list[StripeEvent], outcome: Outcome) -> None:
    if events:
        with tools.database.transaction() as session:
            _mark(session, [event.id for event in events], outcome, tools.clock.now())


def _fail(tools: Tools, events: list[StripeEvent], error: Exception, *, may_give_up: bool = True) -> None:
    """Write down why it went wrong and let the events wait for a growing while, or give them up.

    What may not be given up waits two minutes at most: as soon as Stripe answers again, receipts are due.
    """
    now = tools.clock.now()
    detail = getattr(error, "detail", None) or error
    with tools.database.transaction() as session:
        ours = (StripeEvent.id.in_([event.id for event in events]), StripeEvent.applied_at.is_(None))
        for event in session.scalars(select(StripeEvent).where(*ours).with_for_update()):
            event.last_error = f"{type(error).__name__}: {detail}"[:500]
            event.leased_until = None
            if not may_give_up:
                event.attempts = min(event.attempts, SUSPECT)
            event.due_at = now + GAPS[min(event.attempts, len(GAPS)) - 1]
            if event.attempts >= TRIES:
                event.applied_at, event.outcome = now, Outcome.FAILED


def _put_back(tools: Tools, events: list[StripeEvent], rest: timedelta) -> None:
    """Let go of the events that were taken and not reached, due again after a `rest`: no lease should run out."""
    now = tools.clock.now()
    still_ours = (StripeEvent.id.in_([event.id for event in events]), StripeEvent.applied_at.is_(None))
    with tools.database.transaction() as session:
        session.execute(
            update(StripeEvent)
            .where(*still_ours, StripeEvent.leased_until.is_not(None))
            .values(leased_until=None, due_at=now + rest, attempts=StripeEvent.attempts - 1)
        )
