"""Refunds, disputes and payouts from Stripe to the books: the ledger's balance is Stripe's, whatever is told."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select, text

from patronage.books import ledger, payout_view
from patronage.books.checks import CHECKS
from patronage.books.models import Account, Dispute, FraudWarning, LedgerEntry, Payment, Payout, PayoutLine, Refund
from patronage.foundation.jobs import Job
from patronage.foundation.outbox import Letter
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.giving import standing
from patronage.giving.duties import policy_of
from patronage.giving.intake import payouts
from patronage.giving.models import Interval, PledgeState
from patronage.giving.returning.consequences import END_DISPUTED
from tests.giving.readers import Readers, letters, outcomes, pledges

Json = dict[str, Any]


def _charge(readers: Readers) -> str:
    return str(readers.stripe.events("charge.succeeded")[-1]["data"]["object"]["id"])


def _dispute(readers: Readers, **of: Any) -> Json:
    """Have the last charge disputed; return the dispute."""
    opened: list[Json] = []
    readers.told(lambda: opened.append(readers.stripe.dispute(_charge(readers), **of)))
    return opened[0]


def _refund(readers: Readers, **of: Any) -> None:
    readers.told(lambda: readers.stripe.api.refunds.create({"charge": _charge(readers), **of}))


def _is_sound(readers: Readers, tools: Tools) -> bool:
    """Tell whether all checks pass and the ledger holds in each currency what Stripe does."""
    balance = readers.stripe.api.balance.retrieve()
    there: dict[str, int] = {}
    for entry in (*balance.available, *balance.pending):
        there[entry.currency.upper()] = there.get(entry.currency.upper(), 0) + entry.amount
    with tools.database.reading() as session:
        assert [sentence for sentence, query in CHECKS.items() if session.execute(text(query)).first()] == []
        held = ledger.balance(session, Account.STRIPE_BALANCE)
    assert {c: n for c, n in held.items() if n} == {c: n for c, n in there.items() if n}
    return True


def test_two_partial_refunds_are_two_entries_and_two_letters(readers: Readers, tools: Tools) -> None:
    readers.patron()
    for amount in (100, 150):
        _refund(readers, amount=amount)
    with tools.database.reading() as session:
        assert sorted(session.scalars(select(Refund.amount_minor))) == [100, 150]
        assert sorted(each.data["amount_minor"] for each in letters(session, "giving/refunded")) == [100, 150]
        assert ledger.balance(session, Account.GIFTS) == {"EUR": -250}
    assert _is_sound(readers, tools)


def test_a_refund_that_fails_later_is_ours_again_and_makes_a_patron_again(readers: Readers, tools: Tools) -> None:
    readers.stripe.pay(readers.offered(), card="4000000000005126")
    readers.catch_up()
    _refund(readers)
    with tools.database.reading() as session:
        assert not standing.is_patron(session, pledges(session)[0].person_id, tools.clock.now())
    readers.told(lambda: readers.stripe.advance(seconds=90))
    with tools.database.reading() as session:
        assert standing.is_patron(session, pledges(session)[0].person_id, tools.clock.now())
        (refund,) = session.scalars(select(Refund))
        assert (refund.status, refund.failure_reason) == ("failed", "expired_or_canceled_card")
        assert session.scalars(select(Payment.refunded_minor)).one() == 0
        assert len(letters(session, "giving/refunded")) == 1
    assert _is_sound(readers, tools)


LIVES = (  # of a dispute: its statuses after the first, and whether its giver is a patron then
    (["under_review", "won"], True),
    (["lost", "appeal_needs_response", "appeal_under_review", "won"], True),
    (["under_review", "lost"], False),
    (["warning_under_review", "warning_closed"], True),
    (["prevented"], True),
)


def test_each_status_of_a_dispute(readers: Readers, tools: Tools) -> None:
    for steps, is_patron in LIVES:
        readers.patron(email=f"{'.'.join(steps)}@reader.example")
        dispute = _dispute(readers)
        for step in steps:
            readers.told(partial(readers.stripe.control, "POST", f"disputes/{dispute['id']}", {"status": step}))
            assert _is_sound(readers, tools)
        with tools.database.reading() as session:
            row = session.scalars(select(Dispute).order_by(Dispute.id)).all()[-1]
            assert (row.status, row.fee_minor) == (steps[-1], 1500)
            assert standing.is_patron(session, pledges(session)[-1].person_id, tools.clock.now()) is is_patron
    with tools.database.reading() as session:
        fees = select(LedgerEntry.amount_minor).where(LedgerEntry.kind == "dispute_fee")
        assert list(session.scalars(fees)) == [1500] * len(LIVES)


def test_an_inquiry_moves_no_money_and_ends_no_pledge(readers: Readers, tools: Tools, worker: Worker) -> None:
    readers.patron()
    _dispute(readers, status="warning_needs_response")
    worker.work_until_idle()
    with tools.database.reading() as session:
        assert session.scalar(select(func.count()).where(Job.kind == END_DISPUTED)) == 0
        assert ledger.balance(session, Account.DISPUTES) == {}
        assert pledges(session)[0].state == PledgeState.ACTIVE
    assert _is_sound(readers, tools)


def test_a_dispute_ends_the_pledge_with_one_letter(readers: Readers, tools: Tools, worker: Worker) -> None:
    readers.patron()
    seen = len(readers.stripe.events())
    _dispute(readers, amount=200)
    readers.stripe.faults({"path": "/v1/subscriptions", "times": 1, "fault": "commit_then_drop"})
    for _ in range(3):
        worker.work_until_idle()
        readers.wait(minutes=2)
    readers.catch_up(seen)
    with tools.database.reading() as session:
        (pledge,) = pledges(session)
        assert (pledge.state, pledge.ended_because) == (PledgeState.ENDED, "disputed")
        assert sorted(session.scalars(select(Letter.kind))) == ["giving/ended_by_dispute", "giving/receipt"]
        assert ledger.balance(session, Account.DISPUTES) == {"EUR": 200}
    assert readers.stripe.api.subscriptions.retrieve(pledge.stripe_subscription_id).status == "canceled"


def test_a_newsroom_may_let_a_disputed_pledge_go_on(
    readers: Readers, tools: Tools, worker: Worker, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    lenient = settings.model_copy(update={"dispute_ends_pledge": False})
    monkeypatch.setattr("patronage.giving.duties.settings", lambda: lenient)
    readers.patron()
    _dispute(readers)
    worker.work_until_idle()
    with tools.database.reading() as session:
        assert pledges(session)[0].state == PledgeState.ACTIVE
        assert letters(session, "giving/ended_by_dispute") == []


def test_an_early_warning_is_written_down_until_the_money_is_back(readers: Readers, tools: Tools) -> None:
    readers.patron(Interval.ONCE)
    readers.told(lambda: readers.stripe.control("POST", "early_fraud_warnings", {"charge": _charge(readers)}))
    with tools.database.reading() as session:
        assert session.scalars(select(FraudWarning.is_actionable)).one()
    _refund(readers, reason="fraudulent")
    with tools.database.reading() as session:
        assert not session.scalars(select(FraudWarning.is_actionable)).one()


def test_payouts_are_explained_to_the_cent_and_a_failed_one_comes_back(readers: Readers, tools: Tools) -> None:
    readers.stripe.control("PUT", "payouts", {"schedule": "daily", "fail_next": True})
    readers.patron()
    readers.patron(Interval.ONCE, email="other@reader.example", amount_minor=2500)
    _refund(readers, amount=700)
    for _ in range(5):
        readers.told(lambda: readers.stripe.advance(days=1))
    with tools.database.reading() as session:
        first, second = session.scalars(select(Payout).order_by(Payout.made_at))
        assert (first.status, second.status) == ("failed", "paid")
        assert (first.difference_minor, second.difference_minor) == (0, 0)
        assert first.amount_minor == second.amount_minor
        assert sorted(session.scalars(select(PayoutLine.type))) == ["charge", "charge", "payout_reversal", "refund"]
        assert ledger.balance(session, Account.BANK) == {"EUR": second.amount_minor}
    assert set(outcomes(tools).values()) <= {"applied", "ignored"}
    assert _is_sound(readers, tools)


def test_what_no_event_told_is_fetched_when_a_payout_is_matched(
    readers: Readers, tools: Tools, settings: Settings
) -> None:
    readers.stripe.control("PUT", "payouts", {"schedule": "daily"})
    readers.patron()
    readers.stripe.api.refunds.create({"charge": _charge(readers), "amount": 200})
    readers.stripe.pay(readers.offered(email="untold@reader.example"))
    readers.stripe.api.payment_intents.create(
        {"amount": 900, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}  # the newsroom's own shop
    )
    readers.stripe.advance(days=4)
    (payout,) = readers.stripe.api.payouts.list().data
    payouts.apply(tools, policy_of(settings), payout.id)
    with tools.database.reading() as session:
        assert session.scalars(select(Payout.difference_minor)).one() == 0
        assert sorted(session.scalars(select(Payment.amount_minor))) == [500, 500]
        assert session.scalars(select(Refund.amount_minor)).one() == 200
        assert ledger.balance(session, Account.ADJUSTMENTS) == {"EUR": -900}
    assert _is_sound(readers, tools)


def test_a_payout_is_compared_again_when_the_bookkeeper_asks(readers: Readers, tools: Tools, worker: Worker) -> None:
    readers.stripe.control("PUT", "payouts", {"schedule": "daily"})
    readers.patron()
    readers.told(lambda: readers.stripe.advance(days=4))
    with tools.database.transaction() as session:
        (payout,) = session.scalars(select(Payout))
        payout.matched_at, payout.difference_minor = tools.clock.now(), 7
        payout_view.look_again(session, payout, tools.clock.now())
    worker.work_until_idle()
    with tools.database.reading() as session:
        assert session.scalars(select(Payout.difference_minor)).one() == 0


def test_a_payout_by_hand_is_matched_by_its_amount(readers: Readers, tools: Tools) -> None:
    readers.patron(amount_minor=5000)
    readers.told(lambda: readers.stripe.advance(days=4))
    readers.told(lambda: readers.stripe.api.payouts.create({"amount": 3000, "currency": "eur"}))
    readers.told(lambda: readers.stripe.advance(days=2))
    with tools.database.reading() as session:
        (payout,) = session.scalars(select(Payout))
        assert (payout.status, payout.is_automatic, payout.difference_minor) == ("paid", False, 0)
    assert _is_sound(readers, tools)


def test_money_that_settles_in_euros_is_exchanged_and_refunded_and_disputed(readers: Readers, tools: Tools) -> None:
    readers.stripe.control("PUT", "account", {"settlement_currency": "eur"})
    readers.patron(Interval.ONCE, amount_minor=5000, currency="USD")
    _refund(readers, amount=1000)
    _dispute(readers)
    with tools.database.reading() as session:
        (payment,) = session.scalars(select(Payment))
        assert (payment.settled_minor, payment.settled_currency, payment.exchange_rate) == (4600, "EUR", "0.92")
        assert ledger.balance(session, Account.GIFTS) == {"USD": -4000}
        assert ledger.balance(session, Account.DISPUTES) == {"USD": 4000}
    assert _is_sound(readers, tools)
