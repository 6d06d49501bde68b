"""Receipts and notes as Stripe tells of payments and refunds, in any order, doubled: the same papers."""

from sqlalchemy import select

from patronage.books.papers.checks import CHECKS
from patronage.books.papers.models import Paper, Receipt
from patronage.foundation.tools import Tools
from patronage.operation.checking import broken
from tests.giving.readers import Readers

FAILS_LATER = "4000000000005126"  # a refund to this card is told to have succeeded, and fails a moment later


def _refund(readers: Readers, amount: int) -> None:
    charge = readers.stripe.events("charge.succeeded")[-1]["data"]["object"]["id"]
    readers.told(lambda: readers.stripe.api.refunds.create({"charge": charge, "amount": amount}))


def _papers(tools: Tools) -> list[tuple[Paper, int, int]]:
    assert [problem for problem in broken(tools) if problem.partition(":")[0] in CHECKS] == []
    with tools.database.reading() as session:
        return [
            (each.kind, each.serial, each.amount_minor)
            for each in session.scalars(select(Receipt).order_by(Receipt.id))
        ]


def test_each_refund_gets_one_credit_note_after_its_receipt(readers: Readers, tools: Tools) -> None:
    readers.told(lambda: readers.stripe.pay(readers.offered()))
    for amount in (100, 150):
        _refund(readers, amount)
    assert _papers(tools) == [(Paper.RECEIPT, 1, 500), (Paper.CREDIT_NOTE, 2, 100), (Paper.CREDIT_NOTE, 3, 150)]


def test_a_refund_that_fails_later_has_its_note_cancelled(readers: Readers, tools: Tools) -> None:
    readers.told(lambda: readers.stripe.pay(readers.offered(), card=FAILS_LATER))
    _refund(readers, 200)
    assert _papers(tools)[1:] == [(Paper.CREDIT_NOTE, 2, 200)]
    readers.told(lambda: readers.stripe.advance(seconds=90))
    assert _papers(tools)[1:] == [(Paper.CREDIT_NOTE, 2, 200), (Paper.CREDIT_NOTE_CANCELLED, 3, 200)]


def test_a_dispute_that_is_lost_gets_a_credit_note(readers: Readers, tools: Tools) -> None:
    readers.told(lambda: readers.stripe.pay(readers.offered()))
    charge = readers.stripe.events("charge.succeeded")[-1]["data"]["object"]["id"]
    readers.told(lambda: readers.stripe.dispute(charge, amount=300))
    assert len(_papers(tools)) == 1
    readers.told(lambda: readers.stripe.api.disputes.close(readers.stripe.api.disputes.list().data[0].id))
    assert _papers(tools)[1:] == [(Paper.CREDIT_NOTE, 2, 300)]
