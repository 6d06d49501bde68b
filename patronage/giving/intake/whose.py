"""Whose money it is: finds the pledge that Stripe's objects belong to, and locks it."""

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from patronage.books.models import Payment
from patronage.foundation.logs import log
from patronage.giving.intake.told import Told, inside
from patronage.giving.models import Interval, Pledge, PledgeKind, PledgePayment, PledgeState
from patronage.giving.pledging import new_reference

Version = tuple[int, int]  # of a pledge: its id, and its version when it was looked at
NEVER_TOUCHED = 0


def known(session: Session, told: Told) -> Version | None:
    """Return the pledge that `told` is about and its version, without a lock; None if none is known yet."""
    for query in [*_its_own(told), *_marked(told)]:
        pledge = session.scalar(query)
        if pledge:
            return pledge.id, pledge.version
    return None


def claim(session: Session, told: Told) -> Pledge | None:
    """Return the pledge that `told` is about, locked until the transaction ends, or None for a stranger's.

    A second subscription, or a second payment, that carries the mark of a pledge which has its own already (two
    Checkout pages were open, both were paid) gets a pledge of its own: neither may hide behind the other.
    """
    if pledge := _locked(session, _its_own(told)):
        return pledge
    marked = _locked(session, _marked(told))
    if marked is None:
        return None
    if pledge := _locked(session, _its_own(told)):  # another may have written it down before we had the lock
        return pledge
    if _is_taken(session, marked, told):
        marked = _second(session, marked)
    if told.subscription_id:
        marked.stripe_subscription_id = told.subscription_id
    return marked


def has_moved(pledge: Pledge, noted: Version | None) -> bool:
    """Tell whether `pledge` was changed since it was `noted`: what was fetched may be older than what stands."""
    expected = noted[1] if noted and noted[0] == pledge.id else NEVER_TOUCHED
    return pledge.version != expected


def others_running(session: Session, pledge: Pledge) -> bool:
    """Tell whether the giver of `pledge` has another one that is paid regularly."""
    other = (
        select(Pledge.id)
        .where(Pledge.person_id == pledge.person_id, Pledge.id != pledge.id)
        .where(Pledge.interval != Interval.ONCE, Pledge.settled_at.is_not(None), Pledge.ended_at.is_(None))
        .where(Pledge.kind == PledgeKind.PAID)
    )
    return session.scalar(other.limit(1)) is not None


def _its_own(told: Told) -> list[Select[Pledge]]:
    """Return the queries for the one pledge that has the charge, or the subscription, that `told` tells of."""
    queries = []
    if charge_id := inside(told.charge, "id"):
        paid = select(PledgePayment.pledge_id).join(Payment, Payment.id == PledgePayment.payment_id)
        queries.append(select(Pledge).where(Pledge.id.in_(paid.where(Payment.charge_id == charge_id))))
    if told.subscription_id:
        queries.append(select(Pledge).where(Pledge.stripe_subscription_id == told.subscription_id))
    return queries


def _marked(told: Told) -> list[Select[Pledge]]:
    return [select(Pledge).where(Pledge.reference == told.pledge_reference)] if told.pledge_reference else []


def _locked(session: Session, queries: list[Select[Pledge]]) -> Pledge | None:
    for query in queries:
        pledge = session.scalar(query.with_for_update().execution_options(populate_existing=True))
        if pledge:
            return pledge
    return None


def _is_taken(session: Session, pledge: Pledge, told: Told) -> bool:
    if pledge.interval != Interval.ONCE:
        return bool(pledge.stripe_subscription_id and told.subscription_id)
    if inside(told.charge, "status") != "succeeded":
        return False
    paid = select(PledgePayment.payment_id).where(PledgePayment.pledge_id == pledge.id)
    return session.scalar(paid.limit(1)) is not None


def _second(session: Session, first: Pledge) -> Pledge:
    log().warning("a pledge was paid on two pages", pledge=first.id)
    second = Pledge(
        reference=new_reference(), person_id=first.person_id, interval=first.interval,
        amount_minor=first.amount_minor, fee_cover_minor=first.fee_cover_minor, currency=first.currency,
        source=first.source, state=PledgeState.OFFERED, offered_at=first.offered_at, version=NEVER_TOUCHED,
    )  # fmt: skip
    session.add(second)
    session.flush()
    return second
