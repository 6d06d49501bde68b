"""Receipts: one a payment, in a series without a gap whatever happens at once, corrected by notes, never changed."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from patronage.books.models import Payment, RefundStatus
from patronage.books.papers import entities, receipts
from patronage.books.papers.documents import standing_notes
from patronage.books.papers.models import Paper, Receipt, ReceiptCounter, ReceiptDonor
from patronage.books.papers.receipts import ISSUE
from patronage.foundation import identity, jobs
from patronage.foundation.database import Database
from patronage.foundation.worker import Worker
from tests.books.donors import KYIV, contested, donor, given_back, paid, receipted

AT_ONCE = 6


def _papers(session: Session) -> list[Receipt]:
    return list(session.scalars(select(Receipt).order_by(Receipt.serial)))


def _serials(database: Database) -> list[int]:
    with database.reading() as session:
        return [paper.serial for paper in _papers(session)]


def _paid(database: Database, now: datetime, number: int) -> list[int]:
    with database.transaction() as session:
        person = donor(session, now)
        return [paid(session, person, now, charge=f"ch_{each}").id for each in range(number)]


def _together(deeds: Sequence[Callable[[], object]]) -> None:
    start = threading.Barrier(len(deeds))

    def run(deed: Callable[[], object]) -> None:
        start.wait(30)
        deed()

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def _issue(database: Database, payment_id: int, now: datetime, *, then_fail: bool = False) -> None:
    try:
        with database.transaction() as session:
            receipts.issue(session, session.get_one(Payment, payment_id), KYIV, now)
            if then_fail:
                raise ConnectionResetError
    except ConnectionResetError:
        return


def test_a_payment_gets_one_receipt_however_often_it_is_told(database: Database, now: datetime) -> None:
    (payment_id,) = _paid(database, now, 1)
    for _ in range(3):
        _issue(database, payment_id, now)
    with database.reading() as session:
        (receipt,) = _papers(session)
        assert (receipt.number, receipt.amount_minor, receipt.currency) == ("2026-000001", 500, "EUR")
        assert receipt.issuer["name"] == identity.read(session).name
        written = session.get_one(ReceiptDonor, receipt.donor_id)
        assert (written.name, written.email) == ("Віра Їжакевич", "vira@reader.example")


def test_numbers_have_no_gap_when_many_are_issued_at_once_and_some_are_rolled_back(
    database: Database, now: datetime
) -> None:
    ids = _paid(database, now, 2 * AT_ONCE)
    deeds = [lambda each=each: _issue(database, each, now, then_fail=each % 3 == 0) for each in ids]
    _together(deeds)
    for each in ids:
        _issue(database, each, now)
    assert _serials(database) == list(range(1, 2 * AT_ONCE + 1))


def test_one_payment_told_from_several_sides_at_once_uses_up_one_number(database: Database, now: datetime) -> None:
    (payment_id,) = _paid(database, now, 1)
    _together([lambda: _issue(database, payment_id, now)] * AT_ONCE)
    with database.reading() as session:
        assert session.scalars(select(ReceiptCounter.last)).all() == [1]
        assert len(_papers(session)) == 1


def test_reading_the_counter_without_its_lock_would_give_one_number_twice(database: Database, now: datetime) -> None:
    """The race that the two above have won: looking first, counting after."""
    with database.transaction() as session:
        session.add(ReceiptCounter(entity_id=entities.issuing_for(session, "EUR").id, year=2026, last=0))
    looked, taken = threading.Barrier(AT_ONCE), []

    def take() -> None:
        with database.reading() as session:
            last = session.scalars(select(ReceiptCounter.last)).one()
        looked.wait(30)
        with database.transaction() as session:
            session.execute(text("UPDATE receipt_counter SET last = :last").bindparams(last=last + 1))
        taken.append(last + 1)

    _together([take] * AT_ONCE)
    assert taken == [1] * AT_ONCE


def test_the_year_is_the_newsrooms_own_and_begins_a_series(database: Database) -> None:
    eve = datetime(2026, 12, 31, 21, 59, tzinfo=UTC)  # 23:59 in Kyiv
    with database.transaction() as session:
        person = donor(session, eve)
        for number, moment in enumerate([eve, eve + timedelta(minutes=1), eve + timedelta(minutes=2)]):
            receipted(session, person, moment, charge=f"ch_{number}")
        assert [paper.number for paper in session.scalars(select(Receipt).order_by(Receipt.id))] == [
            "2026-000001", "2027-000001", "2027-000002",
        ]  # fmt: skip


@pytest.mark.parametrize("deed", ["UPDATE receipt SET amount_minor = 1", "DELETE FROM receipt"])
def test_nobody_can_change_a_receipt(database: Database, now: datetime, deed: str) -> None:
    with database.transaction() as session:
        receipted(session, donor(session, now), now)
    with pytest.raises(DatabaseError, match="append-only"), database.transaction() as session:
        session.execute(text(deed))


def test_a_donor_can_be_erased_from_a_receipt_that_stays(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        receipted(session, donor(session, now), now)
        session.execute(text("UPDATE receipt_donor SET name = NULL, email = NULL, person_id = NULL"))
        assert len(_papers(session)) == 1


def test_a_refund_gets_a_note_in_the_same_series_and_one_that_fails_a_second_note(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        payment = receipted(session, donor(session, now), now)
        refund = given_back(session, payment, 200, now)
        for status in (RefundStatus.SUCCEEDED, RefundStatus.FAILED):
            refund.status = status
            session.flush()
            for _ in range(2):
                receipts.follow(session, "ch_1", KYIV, now)
            is_standing = status == RefundStatus.SUCCEEDED
            assert bool(standing_notes(_papers(session))) is is_standing
        receipt, note, cancelled = _papers(session)
        assert [receipt.kind, note.kind, cancelled.kind] == list(Paper)
        assert (note.corrects_id, cancelled.corrects_id) == (receipt.id, note.id)
        assert [each.serial for each in (receipt, note, cancelled)] == [1, 2, 3]
        assert note.amount_minor == cancelled.amount_minor == 200


def test_a_refund_that_failed_before_anybody_heard_of_it_leaves_no_note(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        payment = receipted(session, donor(session, now), now)
        given_back(session, payment, 200, now).status = RefundStatus.FAILED
        session.flush()
        receipts.follow(session, "ch_1", KYIV, now)
        assert len(_papers(session)) == 1


def test_a_dispute_gets_a_note_once_it_is_lost_and_a_second_one_if_it_is_won_after_all(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        payment = receipted(session, donor(session, now), now)
        given_back(session, payment, 100, now)
        dispute = contested(session, payment, "needs_response", now)  # for all of it, what was given back included
        seen = []
        for status in ("needs_response", "lost", "appeal_under_review", "won", "won"):
            dispute.status = status
            session.flush()
            receipts.follow(session, "ch_1", KYIV, now)
            seen.append(sum(note.amount_minor for note in standing_notes(_papers(session))))
        assert seen == [100, 500, 500, 100, 100]
        assert [(paper.kind, paper.amount_minor) for paper in _papers(session)] == [
            (Paper.RECEIPT, 500), (Paper.CREDIT_NOTE, 100), (Paper.CREDIT_NOTE, 400),
            (Paper.CREDIT_NOTE_CANCELLED, 400),
        ]  # fmt: skip


def test_payments_from_before_get_the_notes_on_them_too(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        person = donor(session, now)
        given_back(session, paid(session, person, now), 200, now)
        asked = paid(session, person, now, charge="ch_2")
        contested(session, asked, "lost", now)
        receipts.ask_for(session, asked.reference, person.id, KYIV, now)
        receipts.issue_missing(session, None, KYIV, now)
        notes = [(paper.payment_id, paper.amount_minor) for paper in standing_notes(_papers(session))]
        assert notes == [(asked.id, 500), (asked.id - 1, 200)]


def test_payments_from_before_get_receipts_in_the_order_of_payment(
    database: Database, worker: Worker, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts.issue_missing, "__defaults__", (2,))  # a job issues two
    with database.transaction() as session:
        person = donor(session, now)
        for number in (3, 1, 2, 5, 4):
            paid(session, person, now - timedelta(days=number), charge=f"ch_{number}")
        jobs.put(session, ISSUE, {"after": None}, now, once=f"{ISSUE}:0")
    worker.work_until_idle()
    with database.reading() as session:
        paid_at = [paper.happened_at for paper in _papers(session)]
        assert len(paid_at) == 5
        assert paid_at == sorted(paid_at)


def test_another_entity_issues_for_its_currencies_in_a_series_of_its_own(database: Database, now: datetime) -> None:
    said = entities.Said(name="Gazette Inc.", prefix="US", currencies="USD CAD")
    with database.transaction() as session:
        person = donor(session, now)
        entities.describe(session, None, said, person.id, now)
        for number, currency in enumerate(["USD", "EUR", "CAD"]):
            receipted(session, person, now, currency=currency, charge=f"ch_{number}")
        assert set(session.scalars(select(Receipt.number))) == {"US-2026-000001", "2026-000001", "US-2026-000002"}
        with pytest.raises(entities.PrefixTaken):
            entities.describe(session, None, said, person.id, now)


def test_a_prefix_that_was_given_up_is_never_used_by_another_entity(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        person = donor(session, now)
        receipted(session, person, now)
        first = entities.issuing_for(session, "EUR")
        for number, prefix in enumerate(["GZ", "A", "GZ"]):  # one's own may be taken up again
            entities.describe(session, first.id, entities.Said(prefix=prefix), person.id, now)
            if prefix == "GZ":
                receipted(session, person, now, charge=f"ch_of_{number}")
        entities.describe(session, first.id, entities.Said(prefix="NEW"), person.id, now)
        for prefix in ("", "GZ"):
            with pytest.raises(entities.PrefixTaken):
                entities.describe(session, None, entities.Said(prefix=prefix, currencies="USD"), person.id, now)
        second = entities.describe(session, None, entities.Said(prefix="A", currencies="USD"), person.id, now)
        receipted(session, person, now, currency="USD", charge="ch_dollars")
        assert session.scalars(select(Receipt.number).filter_by(entity_id=second.id)).all() == ["A-2026-000001"]


def test_what_changes_about_an_entity_changes_no_receipt_issued_before(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        person = donor(session, now)
        receipted(session, person, now)
        entity = entities.issuing_for(session, "EUR")
        entities.describe(session, entity.id, entities.Said(name="New Name"), person.id, now)
        receipted(session, person, now, charge="ch_2")
        before, after = _papers(session)
        assert (before.issuer["name"] != "New Name", after.issuer["name"]) == (True, "New Name")
        assert session.scalar(select(func.count()).select_from(Receipt)) == 2
