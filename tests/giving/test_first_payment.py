"""The first payment of a pledge: one payment, one entry, one letter, whatever is told, and in whatever order."""

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.books import ledger
from patronage.books.models import Account, Dispute, FraudWarning, LedgerEntry, Payment, Refund
from patronage.foundation.jobs import Job
from patronage.foundation.outbox import Letter
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.giving import standing
from patronage.giving.duties import policy_of
from patronage.giving.gateway import GatewayUnknown
from patronage.giving.intake import applying, waiting_events, whose
from patronage.giving.intake.told import Asking, Matter, Told
from patronage.giving.models import Checkout, Interval, Outcome, Pledge, PledgePayment, PledgeState, StripeEvent
from patronage.giving.standing import Policy
from tests.giving.readers import Readers, letters, outcomes, picture, pledges


def test_a_paid_page_makes_a_patron_with_a_receipt(readers: Readers, tools: Tools) -> None:
    readers.patron()
    with tools.database.reading() as session:
        (pledge,) = pledges(session)
        assert pledge.state == PledgeState.ACTIVE
        assert standing.is_patron(session, pledge.person_id, tools.clock.now())
        (receipt,) = letters(session, "giving/receipt")
        assert receipt.to_address == "vira@reader.example"
        assert receipt.data | {"payment_reference": ""} == {
            "payment_reference": "",
            "receipt_number": "2026-000001",
            "pledge_reference": pledge.reference,
            "amount_minor": 500,
            "currency": "EUR",
            "interval": "month",
            "paid_on": "2026-03-02",
            "next_on": "2026-04-02",
            "once_until_on": "2026-03-16",
            "manage_path": "/account",
        }


def test_a_gift_given_once_is_settled_and_over_and_makes_no_patron(readers: Readers, tools: Tools) -> None:
    readers.patron(Interval.ONCE, amount_minor=2500)
    with tools.database.reading() as session:
        (pledge,) = pledges(session)
        assert (pledge.state, pledge.ended_because) == (PledgeState.ENDED, "given")
        assert not standing.is_patron(session, pledge.person_id, tools.clock.now())
        (receipt,) = letters(session, "giving/receipt")
        assert receipt.data["next_on"] is None
        assert ledger.balance(session, Account.GIFTS) == {"EUR": -2500}


def test_every_order_of_the_first_events_ends_in_the_same_books(
    readers: Readers, tools: Tools, settings: Settings
) -> None:
    answers = _answers(readers, tools)
    assert len(answers) == 6
    with tools.database.transaction() as session:
        ends = Orders(session, policy_of(settings), tools.clock.now(), tools.database.is_sqlite).ends(answers)
    assert (sum(ends.values()), len(ends)) == (720 if tools.database.is_sqlite else 32, 1)


def test_every_order_of_what_is_told_after_money_went_back_ends_in_the_same_books(
    readers: Readers, tools: Tools, settings: Settings
) -> None:
    _answers(readers, tools)
    readers.stripe.advance(seconds=10)
    charge = readers.stripe.events("charge.updated")[-1]["data"]["object"]
    readers.stripe.api.refunds.create({"charge": charge["id"], "amount": 100})
    readers.stripe.dispute(charge["id"], amount=200)
    asking = Asking(tools.payments, tools.database)
    at_charge = (Matter.CHARGE, Matter.MONEY_BACK, Matter.WARNING)
    told = [asking.about(matter, charge["id"], Told()) for matter in at_charge]
    told += [asking.about(matter, number, Told()) for matter, number in _others(readers)]
    with tools.database.transaction() as session:
        ends = Orders(session, policy_of(settings), tools.clock.now(), tools.database.is_sqlite).ends(told)
    assert (sum(ends.values()), len(ends)) == (720 if tools.database.is_sqlite else 32, 1)


@dataclass
class Orders:
    """Applies answers in every order; where the same answers are left and the same rows stand, the rest is known.

    Or, as every order takes its time, in some orders drawn by lot: then any of two answers comes next.
    """

    session: Session
    policy: Policy
    now: datetime
    every: bool
    known: dict[tuple[str, tuple[int, ...]], Counter[str]] = field(default_factory=dict)

    def ends(self, left: list[Told]) -> Counter[str]:
        """Return how many orders of `left` end in which books."""
        books = _books(self.session)
        if not left:
            return Counter([books])
        place = books, tuple(map(id, left))
        if place not in self.known:
            drawn = left if self.every else random.sample(left, min(2, len(left)))
            self.known[place] = sum((self._begun_with(told, left) for told in drawn), Counter())
        return self.known[place]

    def _begun_with(self, told: Told, left: list[Told]) -> Counter[str]:
        inner = self.session.begin_nested()
        pledge = whose.claim(self.session, told)
        if pledge:
            applying.change(self.session, pledge, told, self.policy, self.now)
        self.session.flush()
        ends = self.ends([other for other in left if other is not told])
        inner.rollback()
        return ends


DRAWN_BY_LOT = {"reference", "message_id", "data", "id", "payment_id"}
TOUCHED = (Pledge, Checkout, Payment, PledgePayment, Refund, Dispute, FraudWarning, LedgerEntry, Letter, Job)
ROWS = [select(*(column for column in table.__table__.columns if column.name not in DRAWN_BY_LOT)) for table in TOUCHED]


def _books(session: Session) -> str:
    """Return all that stands in the rows that events touch, but for what is drawn by lot."""
    return repr([sorted(map(repr, session.execute(rows))) for rows in ROWS])


def _answers(readers: Readers, tools: Tools) -> list[Told]:
    """Return what Stripe says at the six events of a first payment; the fee is not known at the first."""
    readers.stripe.pay(readers.offered())
    asking = Asking(tools.payments, tools.database)
    kinds = {"charge.succeeded": Matter.CHARGE, "customer.subscription.created": Matter.SUBSCRIPTION,
             "invoice.paid": Matter.INVOICE, "checkout.session.completed": Matter.SESSION}  # fmt: skip
    told = {}
    for event in readers.stripe.events(*kinds):
        payload, matter = event["data"]["object"], kinds[event["type"]]
        told[matter] = asking.about(matter, payload["id"], asking.hint(matter, payload["id"], payload))
    charge = told[Matter.CHARGE]
    early = replace(charge, charge={**(charge.charge or {}), "balance_transaction": None})
    again = replace(told[Matter.INVOICE], charge=None)  # as it is told once the payment is known
    return [early, charge, told[Matter.SUBSCRIPTION], told[Matter.INVOICE], again, told[Matter.SESSION]]


def _others(readers: Readers) -> list[tuple[Matter, str]]:
    """Return what else a first payment is told by: its subscription, invoice and page."""
    kinds = {"customer.subscription.created": Matter.SUBSCRIPTION, "invoice.paid": Matter.INVOICE,
             "checkout.session.completed": Matter.SESSION}  # fmt: skip
    return [(kinds[event["type"]], event["data"]["object"]["id"]) for event in readers.stripe.events(*kinds)]


def test_shuffled_and_doubled_events_make_the_same_patrons(readers: Readers, tools: Tools) -> None:
    for number in range(4):
        before = len(readers.stripe.events())
        readers.stripe.pay(readers.offered(email=f"reader{number}@reader.example"))
        events = readers.stripe.events()[before:]
        for event in random.sample(events * 2, len(events) * 2):
            readers.stripe.deliver(readers.app, event)
            readers.apply()
    shown = picture(tools)
    assert [(each["state"], each["attached"]) for each in shown["pledges"]] == [(PledgeState.ACTIVE, True)] * 4
    assert shown["letters"] == ["giving/receipt"] * 4
    assert [entry[0] for entry in shown["ledger"]] == ["fee"] * 4 + ["payment"] * 4
    assert set(outcomes(tools).values()) <= {"applied", "ignored"}


@pytest.mark.parametrize(
    "only", ["charge.succeeded", "invoice.paid", "checkout.session.completed"], ids=lambda name: name.replace(".", "-")
)
def test_any_one_of_three_events_is_enough(readers: Readers, tools: Tools, only: str) -> None:
    readers.stripe.pay(readers.offered())
    readers.stripe.deliver(readers.app, *readers.stripe.events(only))
    readers.apply()
    with tools.database.reading() as session:
        (pledge,) = pledges(session)
        assert pledge.state == PledgeState.ACTIVE
        assert pledge.stripe_subscription_id
        assert len(letters(session, "giving/receipt")) == 1


def test_the_fee_comes_later_and_the_ledger_still_balances(readers: Readers, tools: Tools, settings: Settings) -> None:
    early, late, *_ = _answers(readers, tools)
    for told, held in ((early, 500), (late, 455), (late, 455), (early, 455)):
        with tools.database.transaction() as session:
            pledge = whose.claim(session, told)
            assert pledge is not None
            applying.change(session, pledge, told, policy_of(settings), tools.clock.now())
        with tools.database.reading() as session:
            accounts = [ledger.balance(session, account).get("EUR", 0) for account in Account]
            assert ledger.balance(session, Account.STRIPE_BALANCE) == {"EUR": held}
            assert sum(accounts) == 0


def test_a_bank_debit_counts_when_it_has_settled(readers: Readers, tools: Tools) -> None:
    readers.stripe.pay(readers.offered(), method="bank_debit")
    seen = len(readers.catch_up())
    assert picture(tools)["checkouts"] == ["unpaid"]
    with tools.database.reading() as session:
        (pledge,) = pledges(session)
        assert pledge.state == PledgeState.OFFERED
        assert not standing.is_patron(session, pledge.person_id, tools.clock.now())
        assert letters(session, "giving/receipt") == []
    readers.stripe.advance(days=4)
    readers.catch_up(seen)
    assert picture(tools)["checkouts"] == ["paid"]
    with tools.database.reading() as session:
        (pledge,) = pledges(session)
        assert pledge.state == PledgeState.ACTIVE
        assert len(letters(session, "giving/receipt")) == 1


@pytest.mark.parametrize("interval", [Interval.ONCE, Interval.MONTH])
def test_a_bank_debit_that_fails_makes_nobody_a_patron(readers: Readers, tools: Tools, interval: Interval) -> None:
    readers.stripe.pay(readers.offered(interval), method="bank_debit", outcome="fail")
    seen = len(readers.catch_up())
    readers.stripe.advance(days=3)
    readers.catch_up(seen)
    shown = picture(tools)
    assert (shown["checkouts"], shown["payments"], shown["ledger"]) == (["failed"], [], [])
    assert shown["pledges"][0]["settled_at"] is None


def test_a_page_nobody_paid_is_closed_when_it_expires(readers: Readers, tools: Tools) -> None:
    readers.offered()
    readers.stripe.advance(days=1)
    readers.catch_up()
    assert picture(tools)["checkouts"] == ["expired"]


def test_killed_between_answering_and_applying_the_event_waits(readers: Readers, tools: Tools) -> None:
    readers.stripe.pay(readers.offered())
    readers.stripe.deliver(readers.app, *readers.stripe.events())
    waiting_events._take(tools)  # and then the process is gone, with the lease in its hands
    readers.apply()
    assert picture(tools)["payments"] == []
    readers.wait(minutes=3)
    readers.apply()
    assert len(picture(tools)["payments"]) == 1
    with tools.database.reading() as session:
        assert session.scalars(select(StripeEvent.attempts).where(StripeEvent.type == "charge.succeeded")).one() == 2


def test_what_stripe_does_not_answer_for_waits_and_is_never_given_up(readers: Readers, tools: Tools) -> None:
    readers.stripe.pay(readers.offered())
    readers.stripe.deliver(readers.app, *readers.stripe.events("charge.succeeded"))
    for _ in range(14):
        readers.stripe.faults({"path": "/v1/", "times": 1000, "fault": "500"})
        readers.apply()
        readers.wait(hours=13)
    with tools.database.reading() as session:
        (event,) = session.scalars(select(StripeEvent))
        assert (event.outcome, event.applied_at) == (None, None)
        assert "GatewayUnknown" in (event.last_error or "")
    readers.stripe.faults()
    readers.apply()
    assert outcomes(tools) == {event.event_id: Outcome.APPLIED}


def test_what_fails_by_itself_is_given_up_after_a_dozen_tries(
    readers: Readers, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ArithmeticError("a rule that cannot be carried out")

    monkeypatch.setattr(standing, "decide", broken)
    readers.stripe.pay(readers.offered())
    readers.stripe.deliver(readers.app, *readers.stripe.events("charge.succeeded"))
    for _ in range(13):
        readers.apply()
        readers.wait(hours=13)
    with tools.database.reading() as session:
        (event,) = session.scalars(select(StripeEvent))
        assert (event.outcome, event.attempts) == (Outcome.FAILED, 12)
        assert event.last_error == "ArithmeticError: a rule that cannot be carried out"
    assert picture(tools)["payments"] == []  # nothing half done


def test_a_page_whose_opening_was_never_answered_is_found_by_its_mark(readers: Readers, tools: Tools) -> None:
    readers.stripe.faults({"path": "/v1/checkout/sessions", "times": 1, "fault": "commit_then_drop"})
    with pytest.raises(GatewayUnknown):
        readers.offered()
    (page,) = readers.stripe.api.checkout.sessions.list().data
    readers.stripe.pay(page.id)
    readers.catch_up()
    with tools.database.reading() as session:
        (checkout,) = session.scalars(select(Checkout))
        assert (checkout.stripe_session_id, checkout.outcome) == (page.id, "paid")
        assert pledges(session)[0].state == PledgeState.ACTIVE
