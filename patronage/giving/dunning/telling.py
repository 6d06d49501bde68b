"""The letters of late payments and coming charges, written in the transaction of what they tell."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from patronage.foundation import jobs
from patronage.foundation.tools import Tools
from patronage.giving import letters
from patronage.giving.dunning.lateness import Final, final_of, latest_try
from patronage.giving.dunning.models import CardOnFile, ChargeNotice, FailedTry
from patronage.giving.models import Pledge
from patronage.giving.standing import Policy

FAILED, GIVEN_UP = "giving/payment_failed", "giving/payment_given_up"
EXPIRES, NOTICE = "giving/card_expires", "giving/charge_notice"
LEFT = "giving/tell-of-what-is-left"
LEFT_FOR = timedelta(hours=1)  # after the last try, in which Stripe may yet end the pledge


def tell(
    session: Session, pledge: Pledge, failed: FailedTry | None, was: Final | None, policy: Policy, now: datetime
) -> None:
    """Write one letter about a try that `failed`; of the last one, what became of the pledge is told instead.

    `was` is what had become of it before: a letter about that leaves once, when it begins. Stripe may tell of the last
    failure a moment before it ends the pledge: where it left it as it was, a job tells that after a while. Nobody is
    asked to pay for a pledge that is over.
    """
    final = final_of(pledge)
    if final == Final.LATE and final != was:
        _wait_and_see(session, pledge, now)
    elif final and final != was:
        tell_of_the_last(session, pledge, final, policy, now)
    elif failed and pledge.ended_at is None:
        once = f"payment failed:{failed.invoice_id}:{failed.attempt}"
        letters.write(session, FAILED, pledge, now, once, {
            "amount_minor": failed.amount_minor,
            "currency": failed.currency,
            "code": failed.code,
            "again_on": _day(pledge.next_try_at, policy),
            "patron_until_on": _still(pledge, policy, now),
        })  # fmt: skip


def _wait_and_see(session: Session, pledge: Pledge, now: datetime) -> None:
    last = latest_try(session, pledge.id)
    if last:
        jobs.put(session, LEFT, {"pledge": pledge.id, "try": last.id}, now + LEFT_FOR, once=f"{LEFT}:{last.id}")


def tell_of_what_is_left(tools: Tools, policy: Policy, data: dict[str, Any]) -> None:
    """Write that a payment is not tried again, if it is still so some time after the last try. A job."""
    with tools.database.transaction() as session:
        pledge = session.get_one(Pledge, data["pledge"], with_for_update=True)
        last = latest_try(session, pledge.id)
        if final_of(pledge) == Final.LATE and last and last.id == data["try"]:
            tell_of_the_last(session, pledge, Final.LATE, policy, tools.clock.now())


def tell_of_the_last(session: Session, pledge: Pledge, final: Final, policy: Policy, now: datetime) -> None:
    """Write what became of `pledge` now that the last try has failed, and what its giver can do."""
    letters.write(session, GIVEN_UP, pledge, now, f"given up:{pledge.reference}:{pledge.version}", {
        "amount_minor": pledge.amount_minor + pledge.fee_cover_minor,
        "currency": pledge.currency,
        "code": pledge.failure_code,
        "final": str(final),
        "gave": pledge.settled_at is not None,
        "patron_until_on": _still(pledge, policy, now),
    })  # fmt: skip


def tell_of_charge(session: Session, pledge: Pledge, notice: ChargeNotice, policy: Policy, now: datetime) -> None:
    """Write that money is charged soon: when, how much, and how to change or stop it."""
    once = f"charge notice:{notice.id}:{notice.charge_at.isoformat()}:{notice.pledged_minor}"
    letters.write(session, NOTICE, pledge, now, once, {
        "amount_minor": notice.amount_minor,
        "currency": notice.currency,
        "charge_on": _day(notice.charge_at, policy),
        "is_first": pledge.settled_at is None,
    })  # fmt: skip


def tell_of_card(session: Session, pledge: Pledge, card: CardOnFile, policy: Policy, now: datetime) -> None:
    """Write that the card behind `pledge` expires before long."""
    last_day = (card.expires_at - timedelta(days=1)).date()
    once = f"card expires:{pledge.reference}:{card.payment_method_id}:{last_day.isoformat()}"
    letters.write(session, EXPIRES, pledge, now, once, {
        "brand": card.brand,
        "last4": card.last4,
        "last_on": last_day.isoformat(),
        "amount_minor": pledge.amount_minor + pledge.fee_cover_minor,
        "currency": pledge.currency,
        "charge_on": _day(pledge.next_charge_at, policy),
    })  # fmt: skip


def _day(at: datetime | None, policy: Policy) -> str | None:
    return letters.day(at, policy) if at else None


def _still(pledge: Pledge, policy: Policy, now: datetime) -> str | None:
    is_ahead = pledge.patron_until is not None and pledge.patron_until > now
    return _day(pledge.patron_until, policy) if is_ahead else None
