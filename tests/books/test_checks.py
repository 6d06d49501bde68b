"""The checks of the books: each finds what it is there for, and books with all kinds of facts in them pass."""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from patronage.books.checks import CHECKS
from patronage.books.models import ClosedMonth
from patronage.foundation.database import Database
from tests.books.accounts import Accounts, broken

ENTRY = """
    INSERT INTO ledger_entry (kind, stripe_id, payment_id, debit, credit, amount_minor, currency, posted_at, booked_at,
        balance_transaction_id)
    SELECT {values} FROM payment WHERE charge_id = 'ch_1'"""


def _entry(kind: str, number: str, accounts: str) -> str:
    return ENTRY.format(values=f"'{kind}', '{number}', id, {accounts}, 500, 'EUR', paid_at, paid_at, '{number}'")


BREACHES = {
    "a payment has no ledger entry of its amount and currency": "UPDATE payment SET amount_minor = 501",
    "a ledger entry of a payment has no payment": "UPDATE payment SET charge_id = 'ch_other' WHERE charge_id = 'ch_1'",
    "a payment carries more than one fee": _entry("fee", "txn_other", "'fees', 'stripe balance'"),
    "an entry moves money between other accounts than its kind does": _entry("refund", "re_1x", "'bank', 'gifts'"),
    "what was given back of a payment is not what its refunds come to": "UPDATE payment SET refunded_minor = 7",
    "a refund that arrived has no ledger entry of its amount": "UPDATE refund SET amount_minor = 7",
    "a refund that failed has not come back in the ledger, or one that stands has": (
        "UPDATE refund SET status = 'failed' WHERE stripe_id = 're_1'"
    ),
    "a ledger entry of a refund has no refund": "UPDATE refund SET stripe_id = 're_other' WHERE stripe_id = 're_1'",
    "a ledger entry of a dispute has no dispute": "DELETE FROM dispute",
    "disputes gave back more of a payment than they took": _entry(
        "dispute_reversal", "txn_more", "'stripe balance', 'disputes'"
    ),
    "the fees of disputes are not what the ledger says": "UPDATE dispute SET fee_minor = 7",
    "money was exchanged on one side only": _entry("exchange_in", "txn_half", "'stripe balance', 'exchange'"),
    "a movement is in the books as what it is and as an adjustment": _entry(
        "adjustment", "txn_re_1", "'stripe balance', 'adjustments'"
    ),
    "a payout that arrived has no ledger entry of its amount": "UPDATE payout SET amount_minor = 7",
    "a payout that failed has not come back in the ledger": "UPDATE payout SET status = 'failed'",
    "the lines of a payout do not come to its amount": "DELETE FROM payout_line",
    "a gift that came past Stripe is not in the ledger as it stands": (
        "UPDATE payment SET charge_id = NULL WHERE charge_id = 'ch_2'"
    ),
}
LATE = "an entry was booked into a month after it was closed"


def _furnish(session: Session, now: datetime) -> None:
    accounts = Accounts(session, now)
    payment = accounts.payment(amount=10_000, fee=320)
    accounts.refund(payment, "re_1", 300)
    accounts.refund(payment, "re_2", 200, "failed")
    taken = accounts.movement("txn_d1", -500, 1500, category="dispute", source_id="du_1")
    back = accounts.movement("txn_d2", 400, category="dispute_reversal", source_id="du_1")
    accounts.dispute(payment, "won", taken, back)
    accounts.payment("ch_2", 5_000, 150, paid_in="USD", settled=4_600)
    fee = accounts.movement("txn_billing", -70, category="fee", description="Billing")
    charge = accounts.movement("txn_ch_1", 10_000, 320, source_id="ch_1")
    accounts.payout("po_1", 10_000 - 320 - 70 - 100 - 1500, charge, fee, taken, back)
    accounts.payout("po_2", 900, accounts.movement("txn_topup", 900, category="topup"), status="failed")


def _close_the_month_of_what_comes_later(session: Session, now: datetime) -> None:
    """Close a month that ends after the facts, before they were written down."""
    day = timedelta(days=1)
    session.add(ClosedMonth(month="2026-02", ends_at=now + day, closed_at=now - day, figures={}))
    session.flush()


def test_every_check_has_a_breach_it_must_find() -> None:
    assert set(CHECKS) == {*BREACHES, LATE}


def test_checks_find_their_breaches_and_nothing_else(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        _furnish(session, now)
        assert broken(session) == []
        for sentence, breach in BREACHES.items():
            planted = session.begin_nested()
            session.execute(text(breach))
            assert sentence in broken(session), sentence
            planted.rollback()
        assert broken(session) == []
        _close_the_month_of_what_comes_later(session, now)
        assert broken(session) == [LATE]
