"""The month view: figures live and frozen, balances from month to month, and rows behind every number."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from patronage.books import closing, corrections, entries, ledger, manual_gifts, month_sheet, month_view, months
from patronage.books.closing import Look, Point
from patronage.books.entries import Wanted
from patronage.books.ledger import Amount, Fact
from patronage.books.manual_gifts import Entered
from patronage.books.models import Account, Channel, ClosedMonth, EntryKind, LedgerEntry
from patronage.books.month_sheet import Line
from patronage.foundation.database import Database
from patronage.people.models import Person
from tests.books.accounts import Accounts

KYIV = ZoneInfo("Europe/Kyiv")
JANUARY, FEBRUARY = datetime(2026, 1, 20, 12, tzinfo=UTC), datetime(2026, 2, 20, 12, tzinfo=UTC)
NO_LOOKS: list[Look] = []


def _two_months(session: Session) -> None:
    """January: €100, a fee, €5 given back of which €2 failed, $50, a payout of €50; February: a payout of €20."""
    january = Accounts(session, JANUARY)
    payment = january.payment(amount=10_000, fee=320)
    january.refund(payment, "re_1", 300)
    january.refund(payment, "re_2", 200, "failed")
    january.payout("po_1", 5_000)
    january.payment("ch_2", 5_000, 150, paid_in="USD", settled=4_600)
    Accounts(session, FEBRUARY).payout("po_2", 2_000)


def _gift(session: Session, keeper: Person, at: datetime, submission: str = "1") -> str:
    entered = Entered(Channel.GRANT, 70_000, "EUR", at, "A fund", "", submission)
    return manual_gifts.record(session, entered, None, keeper.id, KYIV, at)[0].reference


def test_every_line_is_what_it_did_to_the_balance(database: Database) -> None:
    with database.transaction() as session:
        _two_months(session)
        sheet = month_view.of(session, "2026-01", KYIV)
    euros = {line: sheet.line(line, "EUR").minor for line in Line if sheet.line(line, "EUR").entries}
    assert euros == {
        Line.GROSS: 10_000, Line.REFUNDS: -500, Line.REFUND_FAILURES: 200, Line.FEES: -470, Line.EXCHANGE: 4_600,
        Line.PAYOUTS: -5_000,
    }  # fmt: skip
    assert (sheet.sum("net", "EUR").minor, sheet.closing("EUR")) == (13_830, 8_830)
    assert (sheet.line(Line.GROSS, "USD").minor, sheet.sum("net", "USD").minor, sheet.closing("USD")) == (5_000, 0, 0)


def test_a_month_begins_with_what_the_one_before_left(database: Database) -> None:
    with database.transaction() as session:
        _two_months(session)
        live = month_view.through(session, "2026-03", KYIV)
        held = ledger.balance(session, Account.STRIPE_BALANCE)
        assert live[-1].opening == {currency: minor for currency, minor in held.items() if currency in live[-1].opening}
        assert [sheet.closing("EUR") for sheet in live[-3:]] == [8_830, 6_830, 6_830]
        assert month_view.of(session, "2026-03", KYIV).opening["EUR"] == 6_830


def test_a_closed_month_stays_what_it_was_and_what_is_told_late_counts_later(
    database: Database, bookkeeper: Person, now: datetime
) -> None:
    with database.transaction() as session:
        _two_months(session)
        _gift(session, bookkeeper, JANUARY)
        live = month_view.through(session, "2026-02", KYIV)
        closing.close(session, "2026-01", KYIV, NO_LOOKS, nevertheless=True, by=bookkeeper.id, now=now)
        frozen = month_view.through(session, "2026-02", KYIV)
        assert [(sheet.groups, sheet.opening) for sheet in frozen[-1:]] == [
            (sheet.groups, sheet.opening) for sheet in live[-1:]
        ]
        Accounts(session, JANUARY).payment("ch_late", 700, 0)
        january, february = month_view.through(session, "2026-02", KYIV, 2)
        assert january.line(Line.GROSS, "EUR").minor == 10_000
        assert january.given(Channel.GRANT, "EUR").minor == 70_000
        assert february.line(Line.GROSS, "EUR").minor == 700
        assert month_view.changed_since_closed(session) == []
        assert month_view.balances_at(session, february.span.ends)[Account.STRIPE_BALANCE, "EUR"] == 7_530


def test_figures_that_are_not_the_entries_are_found(database: Database, bookkeeper: Person, now: datetime) -> None:
    with database.transaction() as session:
        _two_months(session)
        closed = closing.close(session, "2026-01", KYIV, NO_LOOKS, nevertheless=True, by=bookkeeper.id, now=now)
        changed = {**closed.figures, "groups": closed.figures["groups"][1:]}
        session.execute(update(ClosedMonth).values(figures=changed))
        session.expire_all()
        assert month_view.changed_since_closed(session) == ["2026-01"]


def test_a_month_with_something_open_is_closed_only_knowingly(
    database: Database, bookkeeper: Person, now: datetime
) -> None:
    def open_point(_session: Session, _span: month_sheet.Span) -> Point:
        return Point("something waits", False)

    with database.transaction() as session:
        _two_months(session)
        assert month_view.bounds(session, KYIV, now).next_to_close == "2026-01"
        with pytest.raises(closing.NotSettled), session.begin_nested():
            closing.close(session, "2026-01", KYIV, [open_point], nevertheless=False, by=bookkeeper.id, now=now)
        closing.close(session, "2026-01", KYIV, [open_point], nevertheless=True, by=bookkeeper.id, now=now)
        assert month_view.bounds(session, KYIV, now).next_to_close == "2026-02"


def test_every_number_opens_as_many_rows_as_it_counts(database: Database, bookkeeper: Person) -> None:
    with database.transaction() as session:
        _two_months(session)
        reference = _gift(session, bookkeeper, JANUARY)
        manual_gifts.reverse(session, reference, "twice", bookkeeper.id, KYIV, JANUARY)
        sheet = month_view.of(session, "2026-01", KYIV)
        for currency in sheet.currencies:
            counted = {str(line): sheet.line(line, currency).entries for line in Line}
            counted |= {name: sheet.sum(name, currency).entries for name in month_sheet.SUMS}
            counted |= {entries.CORRECTIONS: sheet.corrections(currency).entries}
            for kind, number in counted.items():
                wanted = Wanted(month="2026-01", currency=currency, kind=kind)
                assert len(entries.page_of(session, wanted, None, KYIV)) == number, (kind, currency)
        wanted = Wanted(month="2026-01", currency="EUR", kind=entries.GIFTS, channel="grant")
        assert len(entries.page_of(session, wanted, None, KYIV)) == sheet.given(Channel.GRANT, "EUR").entries == 2
        assert sheet.given(Channel.GRANT, "EUR").minor == 0


def test_pages_of_entries_follow_one_another_without_gap(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        for number in range(entries.PAGE + 7):
            at = now - timedelta(hours=number % 5)
            ledger.post(session, Fact(EntryKind.PAYOUT, f"po_{number}", Amount(100, "EUR"), at), now)
        first = entries.page_of(session, Wanted(), None, KYIV)
        second = entries.page_of(session, Wanted(), first[entries.PAGE - 1].entry.id, KYIV)
        seen = [shown.entry.id for shown in first[: entries.PAGE] + second]
    assert len(seen) == len(set(seen)) == entries.PAGE + 7


def test_a_correction_moves_the_amount_to_the_right_account_in_an_open_month(
    database: Database, bookkeeper: Person, now: datetime
) -> None:
    with database.transaction() as session:
        accounts = Accounts(session, JANUARY)
        accounts.payout("po_1", 900, accounts.movement("txn_topup", 900, category="topup"))
        closing.close(session, "2026-01", KYIV, NO_LOOKS, nevertheless=True, by=bookkeeper.id, now=now)
        wrong = session.query(LedgerEntry).filter_by(kind=EntryKind.ADJUSTMENT).one()
        right = corrections.correct(session, wrong.id, Account.BANK, "we sent it ourselves", bookkeeper.id, now)
        assert (right.debit, right.credit, right.corrects_id) == (Account.ADJUSTMENTS, Account.BANK, wrong.id)
        assert right.booked_at >= months.begin_of("2026-02", KYIV)
        assert ledger.balance(session, Account.ADJUSTMENTS) == {"EUR": 0}
        with pytest.raises(corrections.CorrectedAlready):
            corrections.correct(session, wrong.id, Account.BANK, "again", bookkeeper.id, now)
        back = corrections.correct(session, right.id, None, "it was a shop after all", bookkeeper.id, now)
        assert (back.debit, back.credit) == (right.credit, right.debit)
        assert {entry.id for entry in entries.corrections_of(session, right)} == {wrong.id, back.id}
        assert month_view.of(session, "2026-03", KYIV).corrections("EUR").entries == 2


def test_what_stripe_moved_stays_and_gifts_are_reversed_elsewhere(
    database: Database, bookkeeper: Person, now: datetime
) -> None:
    with database.transaction() as session:
        payment = Accounts(session, now).payment()
        entry = session.query(LedgerEntry).filter_by(kind=EntryKind.PAYMENT, payment_id=payment.id).one()
        for account in (None, Account.GIFTS, Account.STRIPE_BALANCE):
            with pytest.raises(corrections.SameAccount):
                corrections.correct(session, entry.id, account, "why", bookkeeper.id, now)
        gift = session.query(LedgerEntry).filter_by(stripe_id=_gift(session, bookkeeper, now)).one()
        with pytest.raises(corrections.ReversedElsewhere):
            corrections.correct(session, gift.id, None, "why", bookkeeper.id, now)


@pytest.mark.parametrize("month", ["2026-13", "", "2026-1", "x" * 50, "0001-01", "9999-12", "٢٠٢٦-01"])
def test_no_other_text_is_a_month(database: Database, month: str) -> None:
    with database.reading() as session, pytest.raises(months.NotAMonth):
        month_view.through(session, month, KYIV)
