"""Checking: every invariant finds the breach that is planted for it, and none cries wolf."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from patronage.ballots.models import Ballot, Policy, Round, RoundKey
from patronage.books.checks import CHECKS
from patronage.books.models import Account, EntryKind, LedgerEntry, Payment
from patronage.books.papers import receipts
from patronage.books.papers.models import LegalEntity, ReceiptCounter
from patronage.foundation.clock import FrozenClock
from patronage.foundation.jobs import Job
from patronage.foundation.outbox import Letter
from patronage.foundation.tools import Tools
from patronage.giving.figures.models import CountedPledge, Figure, Move
from patronage.giving.models import Interval, Pledge, PledgeState, StripeEvent
from patronage.operation.checking import INVARIANTS, broken
from patronage.people.people import find_or_add

Breach = Callable[[Session, datetime], None]
DAY = timedelta(days=1)


def _payment(session: Session, now: datetime) -> int:
    given = {
        "reference": "P-1", "charge_id": "ch_1", "amount_minor": 500, "currency": "EUR",
        "refunded_minor": 0, "disputed": False, "paid_at": now,
    }  # fmt: skip
    return int(session.execute(insert(Payment).values(given).returning(Payment.id)).scalar_one())


def _entry(session: Session, now: datetime, **said: Any) -> None:
    entry = {
        "kind": EntryKind.PAYMENT, "stripe_id": "ch_1", "debit": Account.STRIPE_BALANCE, "credit": Account.GIFTS,
        "amount_minor": 500, "currency": "EUR", "posted_at": now, "booked_at": now,
    }  # fmt: skip
    session.execute(insert(LedgerEntry).values({**entry, **said}))


def _pledge(session: Session, now: datetime, **said: Any) -> None:
    person = find_or_add(session, "reader@example.org", now)
    pledge = {
        "reference": "R-1", "person_id": person.id, "interval": Interval.MONTH, "amount_minor": 500,
        "fee_cover_minor": 0, "currency": "EUR", "state": PledgeState.ACTIVE, "offered_at": now, "version": 1,
    }  # fmt: skip
    session.execute(insert(Pledge).values({**pledge, **said}))


def _round(session: Session, now: datetime, **said: Any) -> int:
    made = {
        "title": "A round", "promise": "", "places": 1, "most_ticks": 3, "opens_at": now - 9 * DAY,
        "closes_at": now + DAY, "opened_at": now - 9 * DAY, "created_at": now - 9 * DAY,
    }  # fmt: skip
    return int(session.execute(insert(Round).values({**made, **said}).returning(Round.id)).scalar_one())


def _unentered(session: Session, now: datetime) -> None:
    _payment(session, now)


def _entered_otherwise(session: Session, now: datetime) -> None:
    _entry(session, now, payment_id=_payment(session, now), amount_minor=499)


def _without_payment(session: Session, now: datetime) -> None:
    _entry(session, now)


def _two_fees(session: Session, now: datetime) -> None:
    payment = _payment(session, now)
    _entry(session, now, payment_id=payment)
    for number in (1, 2):
        _entry(
            session, now, kind=EntryKind.FEE, stripe_id=f"txn_{number}", payment_id=payment,
            debit=Account.FEES, credit=Account.STRIPE_BALANCE,
        )  # fmt: skip


def _between_other_accounts(session: Session, now: datetime) -> None:
    _entry(session, now, kind=EntryKind.FEE, stripe_id="txn_1", debit=Account.BANK, credit=Account.GIFTS)


def _settled_unpaid(session: Session, now: datetime) -> None:
    _pledge(session, now, settled_at=now)


def _ended_without_an_end(session: Session, now: datetime) -> None:
    _pledge(session, now, state=PledgeState.ENDED)


def _running_after_its_end(session: Session, now: datetime) -> None:
    _pledge(session, now, ended_at=now)


def _counted_wrong(session: Session, now: datetime) -> None:
    """Let one pledge count that was never noted, one that counts nothing any more, and a month nothing moved in."""
    _pledge(session, now)
    only = session.scalars(select(Pledge)).one()
    session.add(
        CountedPledge(pledge_id=only.id, person_id=only.person_id, currency="EUR", twelfths=5, cohort="2026-01")
    )
    session.add(
        Figure(month="2026-01", currency="EUR", kind=Move.NEW, cohort="2026-01", moves=1, pledges=1, twelfths=9)
    )


def _stuffed(session: Session, now: datetime) -> None:
    ballot = {"round_id": _round(session, now), "token": b"t" * 16, "version": 1, "choices": "1", "weight": 1}
    session.execute(insert(Ballot).values(ballot))


def _let_in_later(session: Session, now: datetime) -> None:
    _round(session, now, policy=Policy.FROZEN, electorate_size=1)


def _closed_uncounted(session: Session, now: datetime) -> None:
    _round(session, now, closed_at=now)


def _certified_with_its_key(session: Session, now: datetime) -> None:
    session.execute(insert(RoundKey).values(round_id=_round(session, now, certified_at=now), sealed=b"x"))


def _never_closed(session: Session, now: datetime) -> None:
    _round(session, now, closes_at=now - timedelta(minutes=6))


def _event_waits(session: Session, now: datetime) -> None:
    then = now - timedelta(hours=2)
    event = {"event_id": "evt_1", "type": "charge.succeeded", "payload": {}, "received_at": then, "due_at": then}
    session.execute(insert(StripeEvent).values({**event, "attempts": 0}))


def _letter_waits(session: Session, now: datetime) -> None:
    then = now - timedelta(hours=2)
    letter = {"message_id": "<1@x>", "kind": "a/b", "to_address": "a@b", "language": "en", "data": {}}
    session.execute(insert(Letter).values({**letter, "written_at": then, "due_at": then, "attempts": 0}))


def _job_waits(session: Session, now: datetime) -> None:
    job = {"kind": "a/b", "data": {}, "due_at": now - timedelta(hours=2), "attempts": 0}
    session.execute(insert(Job).values(job))


def _number_lost(session: Session, now: datetime) -> None:
    entity = session.scalars(select(LegalEntity.id)).first()
    session.execute(insert(ReceiptCounter).values(entity_id=entity, year=now.year, last=7))


def _credited_twice(session: Session, now: datetime) -> None:
    payment = session.get_one(Payment, _payment(session, now))
    _entry(session, now, payment_id=payment.id)
    for number in (1, 2):
        receipts.credit(session, payment, receipts.Returned(f"re_{number}", 300, now), ZoneInfo("UTC"), now)


BREACHES: dict[Breach, str] = {
    _number_lost: "a series of receipts has a gap",
    _credited_twice: "credit notes come to more than the receipt they correct",
    _unentered: "a payment has no ledger entry of its amount and currency",
    _entered_otherwise: "a payment has no ledger entry of its amount and currency",
    _without_payment: "a ledger entry of a payment has no payment",
    _two_fees: "a payment carries more than one fee",
    _between_other_accounts: "an entry moves money between other accounts than its kind does",
    _settled_unpaid: "a settled pledge has no payment",
    _ended_without_an_end: "a pledge is in a state its facts do not allow",
    _running_after_its_end: "a pledge is in a state its facts do not allow",
    _stuffed: "a round counted more ballots than voters",
    _let_in_later: "a frozen list of voters is not as long as was published",
    _closed_uncounted: "a certified or closed round has no frozen result",
    _certified_with_its_key: "a certified round still has the key that links ballots to people",
    _never_closed: "a round is open past its closing time",
    _event_waits: "an event from Stripe has waited for an hour",
    _letter_waits: "a letter has been due for an hour",
    _job_waits: "a job has been due for an hour",
}


FIGURES = {  # a pledge written past the rules breaks these besides
    "a month's figures are not the sum of its moves",
    "a pledge counts for something else than its moves say",
    "a pledge counts for something else than it brings",
}


@pytest.mark.parametrize(("breach", "sentence"), BREACHES.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_a_planted_breach_is_found(tools: Tools, now: datetime, breach: Breach, sentence: str) -> None:
    with tools.database.transaction() as session:
        breach(session, now)
    assert {problem.partition(":")[0] for problem in broken(tools)} - FIGURES == {sentence}


def test_figures_that_do_not_add_up_are_found(tools: Tools, now: datetime) -> None:
    with tools.database.transaction() as session:
        _counted_wrong(session, now)
    assert {problem.partition(":")[0] for problem in broken(tools)} == FIGURES


def test_every_invariant_has_a_breach_planted_for_it() -> None:
    planted_there = set(CHECKS)  # tests/books/test_checks.py breaks each of them
    assert set(BREACHES.values()) | FIGURES | planted_there == set(INVARIANTS)


def test_an_empty_house_is_in_order(tools: Tools) -> None:
    assert broken(tools) == []


def test_what_is_only_just_due_is_not_late(tools: Tools, clock: FrozenClock) -> None:
    """The worker closes a round a moment after its time; nobody is to be woken for that."""
    with tools.database.transaction() as session:
        _round(session, clock.now(), closes_at=clock.now() + timedelta(seconds=1))
    clock.advance(minutes=4)
    assert broken(tools) == []


def test_the_command_tells_by_its_status(app: Flask, tools: Tools, now: datetime) -> None:
    from patronage.cli import cli

    runner = app.test_cli_runner()
    fine = runner.invoke(cli.commands["check"])
    assert (fine.exit_code, fine.output) == (0, "All invariants hold.\n")
    with tools.database.transaction() as session:
        _unentered(session, now)
    wrong = runner.invoke(cli.commands["check"])
    assert wrong.exit_code == 1
    assert "a payment has no ledger entry" in wrong.output
