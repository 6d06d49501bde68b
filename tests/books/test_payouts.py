"""Payouts against the ledger: every line is explained, what is not becomes an entry, what differs is said."""

from datetime import datetime

from sqlalchemy import select

from patronage.books import ledger
from patronage.books.models import Account, LedgerEntry, PayoutLine
from patronage.foundation.database import Database
from tests.books.accounts import Accounts, broken


def test_a_payout_is_explained_to_the_cent(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        accounts = Accounts(session, now)
        payment = accounts.payment()
        accounts.refund(payment, "re_1", 100)
        lines = (
            accounts.movement("txn_ch_1", 500, 45, source_id="ch_1"),
            accounts.movement("txn_re_1", -100, category="refund", source_id="re_1"),
        )
        accounts.payout("po_1", 355, *lines)
        payout = accounts.payout("po_1", 355, *lines)  # told twice, matched once
        assert (payout.matched_at, payout.difference_minor) == (now, 0)
        assert ledger.balance(session, Account.STRIPE_BALANCE) == {"EUR": 0}
        assert ledger.balance(session, Account.BANK) == {"EUR": 355}
        assert sorted(session.scalars(select(PayoutLine.explained_minor))) == [-100, 455]
        assert broken(session) == []


def test_what_the_books_do_not_know_becomes_a_fee_or_an_adjustment(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        accounts = Accounts(session, now)
        lines = (
            accounts.movement("txn_shop", 2_000, 60, source_id="ch_of_the_shop"),
            accounts.movement("txn_billing", -70, category="fee", description="Billing"),
        )
        payout = accounts.payout("po_1", 1_870, *lines)
        assert payout.difference_minor == 0
        assert ledger.balance(session, Account.ADJUSTMENTS) == {"EUR": -2_000}
        assert ledger.balance(session, Account.FEES) == {"EUR": 130}
        notes = set(session.scalars(select(LedgerEntry.note).where(LedgerEntry.note.is_not(None))))
        assert notes == {"charge: ch_of_the_shop", "fee: Billing"}
        assert broken(session) == []


def test_an_adjustment_is_taken_back_once_it_is_known_what_it_was(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        accounts = Accounts(session, now)
        accounts.payout("po_1", 455, accounts.movement("txn_ch_1", 500, 45, source_id="ch_1"))
        for _ in range(2):
            accounts.payment()
        assert ledger.balance(session, Account.ADJUSTMENTS) == {"EUR": 0}
        assert ledger.balance(session, Account.GIFTS) == {"EUR": -500}
        assert ledger.balance(session, Account.STRIPE_BALANCE) == {"EUR": 0}
        assert ledger.balance(session, Account.FEES) == {"EUR": 45}
        assert broken(session) == []


def test_what_the_books_know_otherwise_stays_a_difference(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        accounts = Accounts(session, now)
        accounts.payment()
        payout = accounts.payout("po_1", 450, accounts.movement("txn_ch_1", 500, 50, source_id="ch_1"))
        assert payout.difference_minor == -5
        assert broken(session) == ["the lines of a payout do not come to its amount"]


def test_a_payout_that_comes_back_is_ours_again_and_stays_failed(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        accounts = Accounts(session, now)
        line = accounts.movement("txn_ch_1", 500, 45, source_id="ch_1")
        accounts.payment()
        for status in ("in_transit", "paid", "failed"):
            accounts.payout("po_1", 455, line, status=status)
        payout = accounts.payout("po_1", 455, line, status="paid")  # an answer that was overtaken
        assert payout.status == "failed"
        assert ledger.balance(session, Account.STRIPE_BALANCE) == {"EUR": 455}
        again = accounts.movement("txn_po_1_back", 455, category="payout_reversal", source_id="po_1")
        assert accounts.payout("po_2", 455, again).difference_minor == 0
        assert ledger.balance(session, Account.STRIPE_BALANCE) == {"EUR": 0}
        assert broken(session) == []
