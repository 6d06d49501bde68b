"""The ledger: one fact is one entry, nothing is changed afterwards, and all accounts together are at zero."""

from datetime import datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from patronage.books import ledger, payments
from patronage.books.ledger import Amount, Fact
from patronage.books.models import Account, EntryKind, Payment
from patronage.books.movements import Movement
from patronage.books.payments import Received
from patronage.foundation.database import Database
from tests.books.accounts import broken


def _received(now: datetime, charge_id: str = "ch_1", amount: int = 500, currency: str = "EUR") -> Received:
    return Received(charge_id, "pi_1", None, amount, currency, now)


def _settled(now: datetime, fee: int, amount: int = 500, currency: str = "EUR") -> Movement:
    return Movement("txn_1", amount, fee, currency, now, "charge", "ch_1")


def _record(session: Session, now: datetime, amount: int = 500) -> tuple[Payment, bool]:
    return payments.record(session, _received(now, amount=amount), None, None, now)


def test_a_charge_told_twice_is_one_payment_and_one_entry(database: Database, now: datetime) -> None:
    for is_new in (True, False):
        with database.transaction() as session:
            assert _record(session, now)[1] is is_new
    with database.reading() as session:
        assert ledger.balance(session, Account.GIFTS) == {"EUR": -500}
        assert broken(session) == []


def test_one_fact_of_a_kind_is_entered_once(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        told = [ledger.post(session, Fact(EntryKind.PAYOUT, "po_1", Amount(900, "EUR"), now), now) for _ in range(3)]
        assert told == [True, False, False]
        assert ledger.post(session, Fact(EntryKind.FEE, "po_1", Amount(10, "EUR"), now), now)  # another fact
        assert not ledger.post(session, Fact(EntryKind.FEE, "txn_free", Amount(0, "EUR"), now), now)


def test_all_accounts_together_are_at_zero_in_every_currency(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        payment, _ = _record(session, now, amount=10_000)
        payments.settle(session, payment, _settled(now, 320, 10_000), now)
        payments.record(session, _received(now, "ch_2", 20_000, "UAH"), None, None, now)
        for number, kind in enumerate(ledger.MOVES):
            ledger.post(session, Fact(kind, f"other_{number}", Amount(7 + number, "EUR"), now), now)
        totals: dict[str, int] = {}
        for account in Account:
            for currency, minor in ledger.balance(session, account).items():
                totals[currency] = totals.get(currency, 0) + minor
    assert totals == {"EUR": 0, "UAH": 0}


def test_what_stripe_holds_is_payments_less_fees(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        payment, _ = _record(session, now)
        for _ in range(2):
            payments.settle(session, payment, _settled(now, 45), now)
        assert ledger.balance(session, Account.STRIPE_BALANCE) == {"EUR": 455}
        assert ledger.balance(session, Account.FEES) == {"EUR": 45}


@pytest.mark.parametrize("deed", ["UPDATE ledger_entry SET amount_minor = 1", "DELETE FROM ledger_entry"])
def test_nobody_can_change_an_entry(database: Database, now: datetime, deed: str) -> None:
    with database.transaction() as session:
        _record(session, now)
    with pytest.raises(DatabaseError, match="append-only"), database.transaction() as session:
        session.execute(text(deed))
