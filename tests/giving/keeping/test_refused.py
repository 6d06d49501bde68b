"""When Stripe says no, or knows our key no more: nothing is said to be done that was not, nothing stays open."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from patronage.books.models import Payment
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.giving.duties import policy_of
from patronage.giving.gateway import Answer, Gateway, GatewayRefused
from patronage.giving.keeping import deeds, once
from patronage.giving.keeping.models import Deed, DeedOutcome
from patronage.giving.models import PledgeState
from patronage.giving.returning.models import RefundRequest, RequestState
from patronage.people import staff
from patronage.sandbox.serving import RunningSandbox
from tests.fixtures.app import Browsers, SignIn
from tests.giving.keeping.patrons import Patron
from tests.giving.readers import letters, picture
from tests.giving.supporting import words

ORIGIN = {"Origin": "https://support.example.org"}


class Refusing(Gateway):
    """The real gateway, refused with `status` while there is one, else with 400 at the last of `calls_left`."""

    status: int | None = None
    calls_left = 0

    def call(self, ask: Callable[[Any], Any]) -> Answer:
        """Ask Stripe, unless it is refused. Raises `GatewayRefused` then."""
        self.calls_left -= 1
        if self.status or self.calls_left == 0:
            raise GatewayRefused("Your balance is too low.", self.status or 400)
        return super().call(ask)


@pytest.fixture
def payments(sandbox: RunningSandbox, settings: Settings) -> Refusing:
    """The gateway that can be refused."""
    return Refusing(settings.model_copy(update={"stripe_api_base": sandbox.url}), retries=0)


def _outcomes(tools: Tools) -> list[DeedOutcome | None]:
    with tools.database.reading() as session:
        return list(session.scalars(select(Deed.outcome).order_by(Deed.id)))


def _told(tools: Tools) -> int:
    with tools.database.reading() as session:
        return len(letters(session, "giving/deed_refused"))


def test_what_was_refused_once_can_be_asked_for_again(
    ann: Patron, payments: Refusing, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = "patronage.giving.keeping.deeds.ORDERS"
    with monkeypatch.context() as patched:
        patched.setattr(order, dict.fromkeys(["meant once"], _refuse))
        assert ann.press("once") == 422
    assert ann.press("once") == 303
    assert ann.pledge.state == PledgeState.ENDED


def test_money_that_did_not_go_back_is_left_to_staff_and_its_giver_hears_when_it_does(
    ann: Patron, payments: Refusing, tools: Tools, browsers: Browsers, signed_in: SignIn
) -> None:
    with tools.database.transaction() as session:
        person = staff.grant(session, "olha@newsroom.example", "bookkeeper", tools.clock.now())
    olha = browsers()
    token = signed_in(olha, person)
    with tools.database.reading() as session:
        wish = once.wish(session, ann.pledge, give_back=True, now=tools.clock.now())
    payments.calls_left = 3  # looks, ends the subscription, gives back
    assert deeds.do(tools, policy_of(ann.readers.settings), ann.pledge, wish)
    assert "1 refund waits for approval" in olha.get("/desk").text
    assert "meant to give once; Your balance is too low." in words(olha.get("/desk/books/refunds"))
    with tools.database.reading() as session:
        request = session.scalars(select(RefundRequest)).one()
    approved = olha.post(f"/desk/books/refunds/{request.id}/approve", data={"csrf_token": token}, headers=ORIGIN)
    assert approved.status_code == 303
    ann.told()
    with tools.database.reading() as session:
        assert session.scalars(select(Payment)).one().refunded_minor == 500
        assert [letter.data["money"] for letter in letters(session, "giving/meant_once")] == ["stuck"]
        assert [letter.data["amount_minor"] for letter in letters(session, "giving/refunded")] == [500]


def _refuse(*_asked: Any) -> Answer:
    raise GatewayRefused("not just now", 400)


@pytest.mark.parametrize("status", [401, 403])
def test_while_our_key_is_refused_a_deed_waits_and_nobody_is_told_that_it_failed(
    ann: Patron, tools: Tools, payments: Refusing, worker: Worker, status: int
) -> None:
    payments.status = status
    assert ann.press("cancel") == 303
    assert "We are finding out" in ann.account()
    for _ in range(3):
        ann.readers.wait(minutes=5)
        worker.work_until_idle()
    assert (_outcomes(tools), _told(tools)) == ([None], 0)
    payments.status = None
    ann.readers.wait(minutes=15)
    worker.work_until_idle()
    assert (_outcomes(tools), _told(tools)) == ([DeedOutcome.DONE], 0)
    assert ann.pledge.ends_at is not None


def test_what_touches_something_else_overtakes_nothing(ann: Patron, tools: Tools, worker: Worker) -> None:
    path = f"/v1/subscriptions/{ann.pledge.stripe_subscription_id}"
    ann.readers.stripe.faults({"path": path, "times": 1, "fault": "drop"})
    assert ann.press("pause", months="1") == 303
    assert ann.pledge.paused_at is None
    assert ann.press("change", interval="month", amount="9", sure="yes") == 303
    ann.readers.wait(minutes=3)
    worker.work_until_idle()
    assert (ann.pledge.state, ann.pledge.amount_minor) == (PledgeState.PAUSED, 900)
    assert _outcomes(tools) == [DeedOutcome.DONE] * 2


def test_no_day_is_offered_that_has_passed(ann: Patron) -> None:
    assert ann.press("date", day="28") == 303
    ann.later(days=40)  # 11 April: what is paid ended on the 2nd, the payment was moved to the 28th
    page = ann.see("date")
    assert "11th: next payment" not in page
    assert "12th: next payment on 12 April 2026" in page
    assert ann.press("date", day="5") == 422
    assert ann.press("date", day="20") == 303
    assert "Next payment on 20 April 2026." in ann.account()


# The second call ends the subscription, the third gives the money back; a 500 is repeated under its key for a day.
@pytest.mark.parametrize("fault", ["429", "500", "html503"])
@pytest.mark.parametrize("call", [2, 3])
def test_an_error_of_stripes_at_any_call_is_no_refusal_and_is_found_out(
    ann: Patron,
    payments: Refusing,
    tools: Tools,
    worker: Worker,
    monkeypatch: pytest.MonkeyPatch,
    call: int,
    fault: str,
) -> None:
    ask_stripe, calls = payments.call, itertools.count(1)
    path = {2: f"/v1/subscriptions/{ann.pledge.stripe_subscription_id}", 3: "/v1/refunds"}[call]

    def err(ask: Callable[[Any], Any]) -> Answer:
        if next(calls) == call:
            ann.readers.stripe.faults({"path": path, "times": 1, "fault": fault})
        return ask_stripe(ask)

    with tools.database.reading() as session:
        wish = once.wish(session, ann.pledge, give_back=True, now=tools.clock.now())
    monkeypatch.setattr(payments, "call", err)
    assert not deeds.do(tools, policy_of(ann.readers.settings), ann.pledge, wish)
    assert (_outcomes(tools), _told(tools)) == ([None], 0)
    ann.readers.wait(minutes=3)
    worker.work_until_idle()
    assert (_outcomes(tools), _told(tools)) == ([DeedOutcome.DONE], 0)
    assert [refund.amount for refund in ann.readers.stripe.api.refunds.list()] == [500]
    assert len(ann.readers.stripe.events("customer.subscription.deleted")) == 1


def test_a_day_that_was_moved_too_late_does_not_cut_what_was_paid_meanwhile(
    ann: Patron, tools: Tools, worker: Worker
) -> None:
    ann.later(days=29)
    path = f"/v1/subscriptions/{ann.pledge.stripe_subscription_id}"
    ann.readers.stripe.faults({"path": path, "times": 1, "fault": "drop"})
    assert ann.press("date", day="20") == 303
    ann.later(days=3)
    assert len(picture(tools)["payments"]) == 2
    paid_until = ann.pledge.paid_until
    worker.work_until_idle()
    assert (ann.pledge.next_charge_at, _outcomes(tools), _told(tools)) == (paid_until, [DeedOutcome.REFUSED], 1)
    ann.later(days=20)
    assert len(picture(tools)["payments"]) == 2


def test_what_was_charged_after_a_stop_that_stripe_did_not_answer_is_left_to_staff(
    ann: Patron, tools: Tools, worker: Worker
) -> None:
    ann.later(days=29)
    path = f"/v1/subscriptions/{ann.pledge.stripe_subscription_id}"
    ann.readers.stripe.faults({"path": path, "times": 1, "fault": "drop"})
    assert ann.press("cancel") == 303
    ann.later(days=3)
    worker.work_until_idle()
    ann.told()
    assert ann.pledge.ends_at == ann.pledge.paid_until
    with tools.database.reading() as session:
        newest = session.scalars(select(Payment).order_by(Payment.paid_at.desc())).first()
        (request,) = session.scalars(select(RefundRequest))
    assert newest
    assert (request.payment_id, request.amount_minor, request.state) == (newest.id, 500, RequestState.WAITING)
