"""Staff give money back, by four eyes where it is much, and answer disputes; each press of a button counts once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from patronage.books.models import Dispute, FraudWarning, Payment, Refund
from patronage.foundation.database import Database
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.giving.models import Interval
from patronage.giving.returning.models import RefundRequest, RequestState
from patronage.people import staff
from patronage.people.models import AuditEntry, Person
from tests.fixtures.app import Browsers, SignIn
from tests.giving.readers import Readers, letters

ORIGIN = {"Origin": "https://support.example.org"}
SUBMISSION = "ab" * 16


@dataclass
class Desk:
    """A bookkeeper's browser, signed in."""

    browser: FlaskClient
    token: str

    def press(self, path: str, **form: Any) -> TestResponse:
        """Send a form of the desk."""
        return self.browser.post(path, data={"csrf_token": self.token, **form}, headers=ORIGIN)

    def give_back(self, reference: str, amount: str, submission: str = SUBMISSION) -> TestResponse:
        """Send the form that gives a payment back."""
        form = {"amount": amount, "reason": "asked for it", "submission": submission}
        return self.press(f"/desk/books/payments/{reference}/refund", **form)


class Desks(Sequence[Desk]):
    """Two bookkeepers, each with a browser, who sit down when the first of them is spoken to."""

    def __init__(self, sit_down: Callable[[str], Desk]) -> None:
        self._sit_down = sit_down

    @cached_property
    def _both(self) -> list[Desk]:
        return [self._sit_down("olha"), self._sit_down("ivan")]

    def __getitem__(self, place: Any) -> Any:
        """Return the desk at `place`."""
        return self._both[place]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._both)


@pytest.fixture
def desks(browsers: Browsers, signed_in: SignIn, database: Database, now: datetime) -> Desks:
    """The desks of two bookkeepers."""

    def sit_down(name: str) -> Desk:
        with database.transaction() as session:
            person: Person = staff.grant(session, f"{name}@newsroom.example", "bookkeeper", now)
        browser = browsers()
        return Desk(browser, signed_in(browser, person))

    return Desks(sit_down)


def _paid(readers: Readers, tools: Tools, amount: int = 2500, **of: Any) -> Payment:
    def pay() -> None:
        readers.stripe.pay(readers.offered(Interval.ONCE, amount_minor=amount), **of)
        readers.catch_up()

    readers.begin(("paid", amount, repr(of)), pay)
    with tools.database.reading() as session:
        return session.scalars(select(Payment)).one()


def _last(tools: Tools, table: Any) -> int:
    """Return the newest id of a table; PostgreSQL goes on counting from test to test."""
    with tools.database.reading() as session:
        return int(session.scalars(select(func.max(table.id))).one())


def _states(tools: Tools) -> list[RequestState]:
    with tools.database.reading() as session:
        return list(session.scalars(select(RefundRequest.state).order_by(RefundRequest.id)))


def test_a_refund_pressed_twice_is_made_once_with_one_letter(readers: Readers, tools: Tools, desks: Desks) -> None:
    payment = _paid(readers, tools)
    page = desks[0].browser.get(f"/desk/books/payments/{payment.reference}").text
    assert 'value="25.00"' in page
    seen = len(readers.stripe.events())
    for _ in range(2):
        assert desks[0].give_back(payment.reference, "10,00").status_code == 303
    readers.catch_up(seen)
    assert [each.amount for each in readers.stripe.api.refunds.list()] == [1000]
    with tools.database.reading() as session:
        assert session.scalars(select(Refund.amount_minor)).one() == 1000
        assert len(letters(session, "giving/refunded")) == 1
        deeds = session.scalars(select(AuditEntry.deed).where(AuditEntry.subject == payment.reference))
        assert list(deeds) == ["refund asked for"]
    assert _states(tools) == [RequestState.MADE]
    page = desks[0].browser.get(f"/desk/books/payments/{payment.reference}").text
    assert "asked for it" in page
    assert 'value="15.00"' in page


@pytest.mark.parametrize(
    ("amount", "said"), [("26", "more than is left"), ("", "Write how much"), ("many", "amount"), ("-5", "amount")]
)
def test_what_cannot_be_given_back_is_said_beside_the_field(
    readers: Readers, tools: Tools, desks: Desks, amount: str, said: str
) -> None:
    payment = _paid(readers, tools)
    refused = desks[0].give_back(payment.reference, amount)
    assert refused.status_code == 422
    assert said in refused.text
    assert _states(tools) == []


def test_much_money_takes_four_eyes_also_in_parts(readers: Readers, tools: Tools, desks: Desks) -> None:
    payment = _paid(readers, tools, amount=20_000)
    olha, ivan = desks
    olha.give_back(payment.reference, "60", "1a" * 16)
    olha.give_back(payment.reference, "60", "2b" * 16)
    assert _states(tools) == [RequestState.MADE, RequestState.WAITING]
    assert "1 refund waits for approval" in ivan.browser.get("/desk").text
    assert "Approve, and give back" not in olha.browser.get("/desk/books/refunds").text
    approve = f"/desk/books/refunds/{_last(tools, RefundRequest)}/approve"
    assert olha.press(approve).status_code == 403
    assert "Approve, and give back" in ivan.browser.get("/desk/books/refunds").text
    for status in (303, 409):
        assert ivan.press(approve).status_code == status
    assert _states(tools) == [RequestState.MADE] * 2
    assert sorted(each.amount for each in readers.stripe.api.refunds.list()) == [6000, 6000]
    with tools.database.reading() as session:
        assert session.scalars(select(Payment.refunded_minor)).one() == 12_000


def test_a_request_that_is_declined_gives_nothing_back(readers: Readers, tools: Tools, desks: Desks) -> None:
    payment = _paid(readers, tools, amount=20_000)
    desks[0].give_back(payment.reference, "200")
    assert desks[0].give_back(payment.reference, "1", "2b" * 16).status_code == 422  # all of it is asked for
    assert desks[1].press(f"/desk/books/refunds/{_last(tools, RefundRequest)}/decline").status_code == 303
    assert _states(tools) == [RequestState.DECLINED]
    assert len(readers.stripe.api.refunds.list().data) == 0


@pytest.mark.parametrize("fault", ["commit_then_drop", "drop", "500"])
def test_no_answer_is_neither_made_nor_refused_until_it_is_found_out(
    readers: Readers, tools: Tools, desks: Desks, worker: Worker, fault: str
) -> None:
    payment = _paid(readers, tools)
    readers.stripe.faults({"path": "/v1/refunds", "times": 1, "fault": fault})
    desks[0].give_back(payment.reference, "5")
    assert _states(tools) == [RequestState.SENDING]
    assert "Stripe does not answer" in desks[0].browser.get("/desk/books/refunds").text
    for _ in range(4):
        readers.wait(hours=13)  # Stripe repeats a 500 to the same key for a day
        worker.work_until_idle()
    assert _states(tools) == [RequestState.MADE]
    assert [each.amount for each in readers.stripe.api.refunds.list()] == [500]


def test_stripe_refusing_is_shown(readers: Readers, tools: Tools, desks: Desks) -> None:
    payment = _paid(readers, tools)
    readers.stripe.api.refunds.create({"charge": payment.charge_id})  # in the dashboard, and not told yet
    desks[0].give_back(payment.reference, "5")
    assert _states(tools) == [RequestState.REFUSED]
    readers.catch_up()
    page = desks[0].browser.get(f"/desk/books/payments/{payment.reference}").text
    assert "made at Stripe" in page
    assert "Nothing is left to give back" in page
    assert "already been refunded" in desks[0].browser.get("/desk/books/refunds").text


def test_a_refund_that_fails_stands_on_the_desk_until_somebody_takes_note(
    readers: Readers, tools: Tools, desks: Desks
) -> None:
    payment = _paid(readers, tools, card="4000000000005126")
    seen = len(readers.stripe.events())
    desks[0].give_back(payment.reference, "25")
    readers.stripe.advance(seconds=90)
    readers.catch_up(seen)
    assert "1 refund failed" in desks[1].browser.get("/desk").text
    page = desks[1].browser.get("/desk/books/refunds").text
    assert "the card has expired or was canceled" in page
    assert desks[1].press(f"/desk/books/refunds/failed/{_last(tools, Refund)}/seen").status_code == 303
    assert "1 refund failed" not in desks[1].browser.get("/desk").text
    assert desks[1].press("/desk/books/refunds/failed/999999999/seen").status_code == 404


def test_a_warning_is_heeded_in_one_click(readers: Readers, tools: Tools, desks: Desks) -> None:
    payment = _paid(readers, tools)
    seen = len(readers.stripe.events())
    readers.stripe.control("POST", "early_fraud_warnings", {"charge": payment.charge_id})
    seen = len(readers.catch_up(seen)) + seen
    assert "1 warning of fraud" in desks[0].browser.get("/desk").text
    assert "A bank warned of fraud" in desks[0].browser.get(f"/desk/books/payments/{payment.reference}").text
    for _ in range(2):
        desks[0].press(f"/desk/books/warnings/{_last(tools, FraudWarning)}/refund")
    readers.catch_up(seen)
    (refund,) = readers.stripe.api.refunds.list().data
    assert (refund.amount, refund.reason) == (2500, "fraudulent")
    with tools.database.reading() as session:
        assert not session.scalars(select(FraudWarning.is_actionable)).one()
    assert "warning of fraud" not in desks[0].browser.get("/desk").text


def _disputed(readers: Readers, tools: Tools) -> str:
    def dispute() -> str:
        payment = _paid(readers, tools)
        seen = len(readers.stripe.events())
        opened = readers.stripe.dispute(str(payment.charge_id))
        readers.catch_up(seen)
        return str(opened["id"])

    return readers.begin("disputed", dispute)


def test_an_answer_is_kept_as_a_draft_and_sent_once(readers: Readers, tools: Tools, desks: Desks) -> None:
    number = _disputed(readers, tools)
    assert "1 dispute is open" in desks[0].browser.get("/desk").text
    page = f"/desk/books/disputes/{_last(tools, Dispute)}"
    assert "The giver says it was not they who paid" in desks[0].browser.get(page).text
    assert desks[0].press(page, text="", do="send").status_code == 422
    assert desks[0].press(page, text="She wrote to us. losing_evidence", do="keep").status_code == 303
    assert readers.stripe.api.disputes.retrieve(number).status == "needs_response"
    assert "losing_evidence" in desks[1].browser.get(page).text
    assert desks[1].press(page, text="She wrote to us. winning_evidence", do="send").status_code == 303
    assert desks[1].press(page, text="And again", do="send").status_code == 409
    found = readers.stripe.api.disputes.retrieve(number)
    assert (found.status, found.evidence.customer_email_address) == ("won", "vira@reader.example")
    assert found.evidence_details.submission_count == 1
    with tools.database.reading() as session:
        (dispute,) = session.scalars(select(Dispute))
        assert dispute.status in {"under_review", "won"}
        assert session.scalar(select(func.count()).where(AuditEntry.deed == "dispute answered")) == 1


def test_a_dispute_can_be_accepted_and_is_not_refunded_besides(readers: Readers, tools: Tools, desks: Desks) -> None:
    _disputed(readers, tools)
    with tools.database.reading() as session:
        reference = session.scalars(select(Payment.reference)).one()
    assert desks[0].give_back(reference, "5").status_code == 409
    accept = f"/desk/books/disputes/{_last(tools, Dispute)}/accept"
    assert "cannot be taken back" in desks[0].browser.get(accept).text
    for status in (303, 409):
        assert desks[0].press(accept).status_code == status
    assert "Lost: the money is gone" in desks[0].browser.get("/desk/books/disputes").text


def test_payments_are_found_by_receipt_and_by_address(readers: Readers, tools: Tools, desks: Desks) -> None:
    payment = _paid(readers, tools)
    for words, is_found in (
        (payment.reference.lower(), True),
        ("VIRA@reader.example", True),
        ("nobody", False),
        ("", True),
    ):
        page = desks[0].browser.get("/desk/books/payments", query_string={"words": words}).text
        assert (f"/desk/books/payments/{payment.reference}" in page) is is_found
    assert desks[0].browser.get("/desk/books/payments/R-NONE").status_code == 404
