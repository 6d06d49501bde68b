"""A membership as a present: bought once, mailed on its day, redeemed without a card, over when its time is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.books import references
from patronage.foundation import jobs
from patronage.foundation.refused import Refused, Why
from patronage.foundation.tools import Tools
from patronage.giving import standing
from patronage.giving.cycles import months_later
from patronage.giving.intake.charges import GIVEN
from patronage.giving.memberships import letters, unpaid
from patronage.giving.memberships.models import Present
from patronage.giving.models import Interval, Pledge, PledgeKind
from patronage.giving.standing import Policy
from patronage.giving.terms import Terms
from patronage.people import people
from patronage.people.models import Person

DELIVER = "giving/deliver-present"
LENGTHS = (1, 3, 6, 12)
MOST_SENT = 4
TAKEN_BACK = "given back"


class NoSuchPresent(Refused):
    """The address does not lead to a present."""

    why = Why.NOT_FOUND
    reason = _l("This address is not complete. Please open it from the letter or the card where you found it.")


class PresentNotPaid(Refused):
    """The buyer has not paid for it, or the payment is on its way."""

    why = Why.CONFLICT
    reason = _l("This present is not paid for yet. Please try again in some minutes.")


class PresentTakenBack(Refused):
    """The buyer got the money back."""

    why = Why.TOO_LATE
    reason = _l("This present was taken back: the payment for it was returned.")


class PresentRedeemed(Refused):
    """Somebody has redeemed it."""

    why = Why.TOO_LATE
    reason = _l("This present was redeemed already.")


class SentOften(Refused):
    """The letter was sent often enough."""

    why = Why.TOO_OFTEN
    reason = _l("The letter was sent several times already. Print the card instead, or pass its address on.")


@dataclass(frozen=True)
class Choice:
    """A present that can be bought: `months` of the tier `tier_name` (empty if there are none) for `amount_minor`."""

    key: str
    months: int
    tier_name: str
    amount_minor: int


@dataclass(frozen=True)
class Wish:
    """What the buyer asks for: for whom, from whom, with which words, and when it is mailed (UTC)."""

    giver_name: str
    recipient_name: str
    recipient_email: str
    message: str
    language: str
    deliver_at: datetime


def choices(terms: Terms) -> list[Choice]:
    """Return what can be bought: each tier for some months at its monthly price, for a year at its yearly one."""
    if not terms.levels:
        usual = next(each for each in terms.suggested if each.interval == Interval.MONTH)
        monthly = usual.amounts[usual.preselected]
        return [Choice(f"0-{months}", months, "", monthly * months) for months in LENGTHS]
    return [
        Choice(
            f"{place}-{months}", months, level.name,
            level.yearly_minor if months == LENGTHS[-1] else level.monthly_minor * months,
        )
        for place, level in enumerate(terms.levels)
        for months in LENGTHS
    ]  # fmt: skip


def write_down(session: Session, pledge: Pledge, choice: Choice, wish: Wish) -> None:
    """Write down what `pledge`, which is given once, is to pay for; written down again, nothing changes."""
    if _of(session, pledge.id) is None:
        session.add(
            Present(
                reference=references.new("G", 3), pledge_id=pledge.id, months=choice.months,
                tier_name=choice.tier_name, giver_name=wish.giver_name, recipient_name=wish.recipient_name,
                recipient_email=wish.recipient_email, message=wish.message, language=wish.language,
                deliver_at=wish.deliver_at, times_sent=0,
            )
        )  # fmt: skip


def follow(session: Session, pledge: Pledge, policy: Policy, now: datetime) -> None:
    """Do what a change of the buyer's `pledge`, whose row is locked, means for the present it pays for, if any."""
    if pledge.interval != Interval.ONCE or pledge.settled_at is None:
        return
    present = _of(session, pledge.id)
    if present is None:
        return
    if present.paid_at is None:
        present.paid_at = pledge.settled_at
        jobs.put(session, DELIVER, {"present": present.id}, max(present.deliver_at, now), f"{DELIVER}:{present.id}")
    is_kept = pledge.ended_because == GIVEN
    if not is_kept and present.revoked_at is None:
        _revoke(session, present, policy, now)
    elif is_kept and present.revoked_at is not None:
        _restore(session, present, policy, now)


def _revoke(session: Session, present: Present, policy: Policy, now: datetime) -> None:
    present.revoked_at = now
    if present.membership_id:
        membership = session.get_one(Pledge, present.membership_id, with_for_update=True)
        if membership.ended_at is None:
            unpaid.end(membership, TAKEN_BACK, policy, now)


def _restore(session: Session, present: Present, policy: Policy, now: datetime) -> None:
    """Give a present back whose refund failed, or whose dispute was won."""
    present.revoked_at = None
    if present.membership_id and present.redeemed_at:
        membership = session.get_one(Pledge, present.membership_id, with_for_update=True)
        if membership.ended_because == TAKEN_BACK:
            membership.ended_at = membership.ended_because = None
            begins = unpaid.free_from(session, membership.person_id, present.redeemed_at)
            membership.paid_until = months_later(begins, present.months)
            standing.decide(membership, policy.grace)
            jobs.put(session, unpaid.END, {"pledge": membership.id, "until": ""}, max(membership.paid_until, now))
    elif present.sent_at is None:
        jobs.put(session, DELIVER, {"present": present.id}, max(present.deliver_at, now))


def deliver(tools: Tools, data: dict[str, Any]) -> None:
    """Job: mail a present on its day, once, unless it was redeemed or taken back before."""
    with tools.database.transaction() as session:
        present = session.get_one(Present, data["present"], with_for_update=True)
        if present.sent_at is None and present.revoked_at is None and present.redeemed_at is None:
            _send(session, present, tools.clock.now())


def send_again(session: Session, reference: str, now: datetime) -> Present:
    """Mail a present once more, at once. Raises what `_usable` raises, and `SentOften`."""
    present = _usable(session, reference)
    if present.times_sent >= MOST_SENT:
        raise SentOften
    if present.sent_at is None or now - present.sent_at > timedelta(minutes=1):  # not for a double click
        _send(session, present, now)
    return present


def _send(session: Session, present: Present, now: datetime) -> None:
    letters.send_present(session, present, now)
    present.sent_at, present.times_sent = now, present.times_sent + 1


def redeem(session: Session, reference: str, email: str, policy: Policy, now: datetime) -> Pledge:
    """Make whoever reads `email` a patron for the time of the present; redeemed again by the same, nothing changes.

    The time of whoever is a patron already begins when what they have ends.
    Raises `NoSuchPresent`, `PresentNotPaid`, `PresentTakenBack`, `PresentRedeemed`, `BadAddress`.
    """
    present = find(session, reference, locked=True)
    person = people.find_or_add(session, email, now, name=present.recipient_name or None, language=present.language)
    if present.membership_id:
        membership = session.get_one(Pledge, present.membership_id)
        if membership.person_id == person.id and present.revoked_at is None:
            return membership
    present = _usable(session, reference)
    currency = session.get_one(Pledge, present.pledge_id).currency
    session.get_one(Person, person.id, with_for_update=True)  # two presents of one person follow one another
    until = months_later(unpaid.free_from(session, person.id, now), present.months)
    membership = unpaid.begin(session, PledgeKind.PRESENT, person, until, currency, policy, now)
    present.redeemed_at, present.membership_id = now, membership.id
    letters.tell_of_redeeming(session, present, membership, policy, now)
    return membership


def find(session: Session, reference: str, *, locked: bool = False) -> Present:
    """Return the present `reference`, its row locked if asked for. Raises `NoSuchPresent`."""
    query = select(Present).where(Present.reference == reference)
    present = session.scalar(query.with_for_update() if locked else query)
    if present is None:
        raise NoSuchPresent
    return present


def of_pledge(session: Session, pledge_id: int) -> Present:
    """Return the present that the pledge `pledge_id` pays for. Raises `NoSuchPresent`."""
    present = session.scalar(select(Present).where(Present.pledge_id == pledge_id))
    if present is None:
        raise NoSuchPresent
    return present


def membership_until(session: Session, present: Present) -> datetime | None:
    """Return until when the membership that came of a present lasts, or None if it was not redeemed."""
    return session.get_one(Pledge, present.membership_id).paid_until if present.membership_id else None


def unredeemed(session: Session, before: int | None, most: int) -> list[tuple[Present, Pledge]]:
    """Return up to `most` presents that are paid and not redeemed, newest first, with what was paid for them."""
    query = select(Present, Pledge).join(Pledge, Pledge.id == Present.pledge_id).order_by(Present.id.desc())
    query = query.where(Present.paid_at.is_not(None), Present.redeemed_at.is_(None), Present.revoked_at.is_(None))
    if before is not None:
        query = query.where(Present.id < before)
    return [(present, pledge) for present, pledge in session.execute(query.limit(most))]


def _usable(session: Session, reference: str) -> Present:
    present = find(session, reference, locked=True)
    if present.revoked_at is not None:
        raise PresentTakenBack
    if present.redeemed_at is not None:
        raise PresentRedeemed
    if present.paid_at is None:
        raise PresentNotPaid
    return present


def _of(session: Session, pledge_id: int) -> Present | None:
    return session.scalar(select(Present).where(Present.pledge_id == pledge_id).with_for_update())
