"""What went back, in the ledger: refunds, disputes, exchange; every account is right whatever is told twice."""

from datetime import datetime

import pytest
from sqlalchemy import func, select

from patronage.books import disputes, ledger
from patronage.books.ledger import Amount, Fact
from patronage.books.models import Account, Dispute, EntryKind, LedgerEntry
from patronage.foundation.database import Database
from tests.books.accounts import Accounts, broken


def test_two_partial_refunds_and_one_that_failed(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        accounts = Accounts(session, now)
        payment = accounts.payment()
        for _ in range(2):
            accounts.refund(payment, "re_1", 100)
            accounts.refund(payment, "re_2", 150, "pending")
            assert payment.refunded_minor == 250
        accounts.refund(payment, "re_2", 150, "failed")
        assert payment.refunded_minor == 100
        assert ledger.balance(session, Account.GIFTS) == {"EUR": -400}
        assert ledger.balance(session, Account.STRIPE_BALANCE) == {"EUR": 500 - 45 - 100}
        assert broken(session) == []


def test_a_dispute_lost_in_part_leaves_the_fee_on_its_own_line(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        accounts = Accounts(session, now)
        payment = accounts.payment()
        taken = accounts.movement("txn_d1", -500, 1500, category="dispute")
        back = accounts.movement("txn_d2", 300, category="dispute_reversal")
        for told in ((taken,), (taken, back), (taken, back)):
            accounts.dispute(payment, "lost", *told)
        assert ledger.balance(session, Account.DISPUTES) == {"EUR": 200}
        assert ledger.balance(session, Account.FEES) == {"EUR": 1545}
        kinds = session.scalars(select(LedgerEntry.kind).order_by(LedgerEntry.id))
        assert [str(kind) for kind in kinds] == ["payment", "fee", "dispute", "dispute_fee", "dispute_reversal"]
        assert broken(session) == []


def test_a_fee_that_is_given_back_moves_the_other_way(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        accounts = Accounts(session, now)
        taken = accounts.movement("txn_d1", -500, 1500, category="dispute")
        back = accounts.movement("txn_d2", 500, -1500, category="dispute_reversal")
        accounts.dispute(accounts.payment(), "won", taken, back)
        assert session.scalars(select(Dispute.fee_minor)).one() == 0
        assert ledger.balance(session, Account.FEES) == {"EUR": 45}
        assert ledger.balance(session, Account.DISPUTES) == {"EUR": 0}
        assert broken(session) == []


def test_money_that_settles_in_another_currency_is_held_in_that_one(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        accounts = Accounts(session, now)
        payment = accounts.payment("ch_1", 5_000, 150, paid_in="USD", settled=4_600, exchange_rate="0.92")
        assert (payment.settled_minor, payment.settled_currency, payment.exchange_rate) == (4_600, "EUR", "0.92")
        accounts.refund(payment, "re_1", 1_000, settled=920)
        taken = accounts.movement("txn_d1", -3_680, 1_500, category="dispute")
        accounts.dispute(payment, "needs_response", taken, amount=4_000)
        assert ledger.balance(session, Account.GIFTS) == {"USD": -4_000}
        assert ledger.balance(session, Account.DISPUTES) == {"USD": 4_000}
        held = ledger.balance(session, Account.STRIPE_BALANCE)
        assert held == {"USD": 0, "EUR": 4_600 - 150 - 920 - 3_680 - 1_500}
        assert ledger.balance(session, Account.EXCHANGE) == {"USD": 0, "EUR": 0}
        assert broken(session) == []


def test_an_answered_dispute_is_due_no_more_and_a_closed_one_says_when(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        accounts = Accounts(session, now)
        payment = accounts.payment()
        seen = []
        for status in ("needs_response", "under_review", "lost", "appeal_needs_response"):
            accounts.dispute(payment, status)
            (dispute,) = disputes.of_payment(session, payment.id)
            seen.append((dispute.due_by is not None, dispute.closed_at is not None))
        assert seen == [(True, False), (False, False), (False, True), (True, False)]
        assert session.scalar(select(func.count()).select_from(Dispute)) == 1


def test_only_some_kinds_may_move_the_other_way(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        backwards = Fact(EntryKind.PAYOUT, "po_1", Amount(-70, "EUR"), now)
        assert ledger.post(session, backwards, now)
        assert ledger.balance(session, Account.BANK) == {"EUR": -70}
        with pytest.raises(ValueError, match="payment"):
            ledger.post(session, Fact(EntryKind.PAYMENT, "ch_1", Amount(-70, "EUR"), now), now)
