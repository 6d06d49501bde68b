"""Readers who give: from an offer to what Stripe tells of it, in a few words."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.books.models import LedgerEntry, Payment
from patronage.foundation.outbox import Letter
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.giving import pledging
from patronage.giving.asking.checkouts import Way, order_of
from patronage.giving.duties import policy_of
from patronage.giving.intake import waiting_events
from patronage.giving.models import Checkout, Interval, Pledge, StripeEvent
from patronage.giving.pledging import Asker, Offer
from patronage.people import people
from tests.fixtures.stripe import Event, StripeTools
from tests.giving import kept_worlds

Made = TypeVar("Made")
WAY = Way(
    lambda reference: f"http://localhost/thanks?p={reference}", lambda reference: f"http://localhost/?p={reference}"
)
FIRST_SIX = (
    "charge.succeeded",
    "charge.updated",
    "customer.subscription.created",
    "invoice.paid",
    "checkout.session.completed",
    "customer.subscription.updated",
)


@dataclass
class Readers:
    """Opens pages at Stripe, pays on them, carries the events, and lets the worker's turn apply them."""

    app: Flask
    tools: Tools
    settings: Settings
    stripe: StripeTools

    def offered(self, interval: Interval = Interval.MONTH, *, email: str = "vira@reader.example", **of: Any) -> str:
        """Offer a gift and open its page at Stripe; return the session's id."""
        offer = Offer(interval, of.pop("amount_minor", 500), of.pop("currency", "EUR"), description="Gift", **of)
        with self.tools.database.transaction() as session:
            now = self.tools.clock.now()
            person = people.find_or_add(session, email, now)
            checkout = pledging.begin(session, person, offer, now, Asker())
            pledge = session.get_one(Pledge, checkout.pledge_id)
        opened = self.tools.payments.open_checkout(
            order_of(pledge, checkout, email, offer, WAY), checkout.idempotency_key
        )
        with self.tools.database.transaction() as session:
            pledging.opened(session, checkout.id, opened.session_id, opened.url)
        return str(opened.session_id)

    def second_page(self, session_id: str) -> str:
        """Open another page for the pledge of a session, as a lost answer and a retry under a new key would."""
        with self.tools.database.transaction() as session:
            first = session.scalars(select(Checkout).where(Checkout.stripe_session_id == session_id)).one()
            pledge = session.get_one(Pledge, first.pledge_id)
            second = Checkout(
                pledge_id=pledge.id, idempotency_key=first.idempotency_key + "-2", asked_at=first.asked_at
            )
            session.add(second)
        offer = Offer(pledge.interval, pledge.amount_minor, pledge.currency, description="Gift")
        opened = self.tools.payments.open_checkout(
            order_of(pledge, second, "vira@reader.example", offer, WAY), second.idempotency_key
        )
        return str(opened.session_id)

    def patron(self, interval: Interval = Interval.MONTH, **of: Any) -> list[Event]:
        """Let a reader give, with everything Stripe tells of it applied; return those events."""
        before = len(self.stripe.events())
        self.begin(("patron", interval, repr(sorted(of.items()))), lambda: self._give(interval, before, **of))
        return self.stripe.events()[before:]

    def begin(self, kind: object, make: Callable[[], Made]) -> Made:
        """Let `make` make what a test begins with, or copy what it made in another test of this `kind`."""
        settings = self.settings.model_dump(exclude={"database_url"})
        return kept_worlds.begin(self.stripe.sandbox.store, self.tools, (kind, repr(settings)), make)

    def _give(self, interval: Interval, before: int, **of: Any) -> None:
        self.stripe.pay(self.offered(interval, **of))
        self.catch_up(before)

    def catch_up(self, seen: int = 0) -> list[Event]:
        """Carry all events after the first `seen` to the door and apply them; return them."""
        events = self.stripe.events()[seen:]
        for answer in self.stripe.deliver(self.app, *events):
            assert answer.status_code == 200, answer.text
        self.apply()
        return events

    def told(self, deed: Callable[[], object]) -> None:
        """Do something at Stripe, and carry what it tells: shuffled, doubled, one event at a time."""
        seen = len(self.stripe.events())
        deed()
        events = self.stripe.events()[seen:]
        for event in random.sample(events * 2, len(events) * 2):
            assert self.stripe.deliver(self.app, event)[0].status_code == 200
            self.apply()

    def apply(self) -> None:
        """Take the worker's turn at the events until none is due."""
        for _ in range(100):
            if not waiting_events.take_up(self.tools, policy_of(self.settings)):
                return
        raise AssertionError("events are due without end")

    def wait(self, **span: float) -> None:
        """Let our own time pass, not Stripe's: what failed comes due again."""
        self.stripe.clock.advance(**span)


def pledges(session: Session) -> list[Pledge]:
    """Return all pledges, oldest first."""
    return list(session.scalars(select(Pledge).order_by(Pledge.id)))


def letters(session: Session, kind: str) -> list[Letter]:
    """Return all letters of a kind, oldest first."""
    return list(session.scalars(select(Letter).where(Letter.kind == kind).order_by(Letter.id)))


def picture(tools: Tools) -> dict[str, Any]:
    """Return what money and standing look like, without the ids and names that differ from run to run."""
    with tools.database.reading() as session:
        return {
            "pledges": [_facts(pledge) for pledge in pledges(session)],
            "payments": [
                (p.amount_minor, p.currency, p.paid_at, p.refunded_minor, p.disputed, bool(p.invoice_id))
                for p in session.scalars(select(Payment).order_by(Payment.paid_at, Payment.id))
            ],
            "ledger": sorted(
                (str(e.kind), e.amount_minor, e.currency, str(e.debit), str(e.credit))
                for e in session.scalars(select(LedgerEntry))
            ),
            "letters": sorted(letter.kind for letter in session.scalars(select(Letter))),
            "checkouts": sorted(str(checkout.outcome) for checkout in session.scalars(select(Checkout))),
        }


def _facts(pledge: Pledge) -> dict[str, Any]:
    names = ("state", "settled_at", "past_due_at", "paused_at", "ends_at", "ended_at", "paid_until", "patron_until")
    return {**{name: getattr(pledge, name) for name in names}, "attached": bool(pledge.stripe_subscription_id)}


def outcomes(tools: Tools) -> dict[str, str]:
    """Return what became of each event, by its id."""
    with tools.database.reading() as session:
        return {event.event_id: str(event.outcome) for event in session.scalars(select(StripeEvent))}


GRACE = timedelta(days=14)
