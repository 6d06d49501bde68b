"""Patrons whose card stops working: in a few words, what the tests of late payments do at Stripe and ask here."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from patronage.foundation.jobs import Job
from patronage.foundation.tools import Tools
from patronage.giving.dunning import telling
from patronage.giving.duties import policy_of
from patronage.giving.models import Pledge
from tests.giving.readers import Readers, letters, pledges

ANN = "ann@reader.example"
SCHEDULE = 15  # days in which the sandbox tries eight times


def only(tools: Tools) -> Pledge:
    """Return the one pledge there is."""
    with tools.database.reading() as session:
        (pledge,) = pledges(session)
    return pledge


def card_becomes(readers: Readers, method: str = "pm_card_chargeCustomerFail") -> None:
    """Let the pledge be paid by another card from now on; by default one that is refused when charged."""
    api, pledge = readers.stripe.api, only(readers.tools)
    attached = api.payment_methods.attach(method, {"customer": pledge.stripe_customer_id})
    api.subscriptions.update(pledge.stripe_subscription_id, {"default_payment_method": attached.id})


def pass_time(readers: Readers, **span: int) -> None:
    """Let Stripe's time and ours pass, and hear what Stripe tells of it."""
    seen = len(readers.stripe.events())
    readers.stripe.advance(**span)
    readers.catch_up(seen)


def fall_late(readers: Readers, method: str = "pm_card_chargeCustomerFail", **of: Any) -> Pledge:
    """Let a patron's first renewal fail; return the pledge. It is 2 April, an hour past noon in London."""

    def fail() -> None:
        readers.patron(**of)
        card_becomes(readers, method)
        pass_time(readers, months=1)
        pass_time(readers, seconds=4000)  # the draft of an invoice is charged an hour later

    readers.begin(("late", method, repr(sorted(of.items()))), fail)
    return only(readers.tools)


def stay_late(readers: Readers, end: str) -> Pledge:
    """Let every try fail, until Stripe makes `end` of Ann's pledge ("cancel", "unpaid", …); return the pledge."""

    def stay() -> None:
        readers.stripe.after_the_last_try(end)
        fall_late(readers, email=ANN)
        for _ in range(SCHEDULE):
            pass_time(readers, days=1)

    readers.begin(("stayed late", end), stay)
    return only(readers.tools)


def tell_of_what_is_left(readers: Readers) -> None:
    """Do the jobs that tell, a while after the last try, that nothing more is tried."""
    with readers.tools.database.reading() as session:
        jobs = session.scalars(select(Job.data).where(Job.kind == telling.LEFT)).all()
    for data in jobs:
        telling.tell_of_what_is_left(readers.tools, policy_of(readers.settings), data)


def told(tools: Tools, kind: str) -> list[dict[str, Any]]:
    """Return what the letters of a kind are filled with, oldest first."""
    with tools.database.reading() as session:
        return [letter.data for letter in letters(session, f"giving/{kind}")]


def day(at: datetime | None) -> str:
    """Return the day of a moment, UTC."""
    assert at
    return at.date().isoformat()
