"""Killed between Stripe's answer and our commit: the job that was written down before finds out, nothing is twice."""

import pytest
from sqlalchemy import select

from patronage.books.models import Payment, Refund
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.giving.duties import policy_of
from patronage.giving.gateway import Answer, Gateway
from patronage.giving.keeping import deeds
from patronage.giving.keeping.deeds import Wish
from patronage.giving.keeping.models import Deed, DeedKind, DeedOutcome
from patronage.giving.returning import refunding, sending
from patronage.giving.returning.models import RefundRequest, RequestState
from patronage.giving.returning.refunding import Wanted
from patronage.people import staff
from patronage.sandbox.serving import RunningSandbox
from tests.giving.readers import Readers, pledges


class Killed(BaseException):
    """What kill -9 is to a process: nothing is done after it."""


class DyingGateway(Gateway):
    """The real gateway; told so, it lets the process die as soon as Stripe has answered."""

    dies = False

    def call(self, ask: object) -> Answer:
        """Return Stripe's answer, unless it is time to die."""
        answer = super().call(ask)  # type: ignore[arg-type]  # handed on as it came
        if self.dies:
            self.dies = False
            raise Killed
        return answer


@pytest.fixture
def payments(sandbox: RunningSandbox, settings: Settings) -> DyingGateway:
    """The gateway at which one may die."""
    return DyingGateway(settings.model_copy(update={"stripe_api_base": sandbox.url}), retries=0)


def _later(readers: Readers, worker: Worker) -> None:
    readers.stripe.advance(seconds=300)
    worker.work_until_idle()


def test_a_refund_is_made_once_and_found_out(
    readers: Readers, tools: Tools, settings: Settings, worker: Worker, payments: DyingGateway
) -> None:
    readers.patron()
    with tools.database.transaction() as session:
        now = tools.clock.now()
        clerk = staff.grant(session, "clerk@newsroom.example", "bookkeeper", now).id
        payment = session.scalars(select(Payment)).one()
        asked = refunding.ask(session, payment.id, Wanted(200, "asked to", "press"), clerk, 10_000, now)
    payments.dies = True
    with pytest.raises(Killed):
        sending.send(tools, policy_of(settings), asked.id)
    _later(readers, worker)
    with tools.database.reading() as session:
        assert session.get_one(RefundRequest, asked.id).state == RequestState.MADE
        assert session.scalars(select(Refund)).one().amount_minor == 200
        assert session.scalars(select(Payment)).one().refunded_minor == 200
    assert len(readers.stripe.events("refund.created")) == 1


def test_a_deed_is_done_once_and_found_out(
    readers: Readers, tools: Tools, settings: Settings, worker: Worker, payments: DyingGateway
) -> None:
    readers.patron()
    with tools.database.reading() as session:
        pledge = pledges(session)[0]
    payments.dies = True
    with pytest.raises(Killed):
        deeds.do(tools, policy_of(settings), pledge, Wish(DeedKind.STOP, {"why": "moving away"}))
    _later(readers, worker)
    with tools.database.reading() as session:
        assert session.scalars(select(Deed)).one().outcome == DeedOutcome.DONE
        assert pledges(session)[0].ends_at is not None
        assert pledges(session)[0].why_stopped == "moving away"
