"""Where giving back is odd: nothing is left, a bank only asks, Stripe errs, a payout is not listed yet."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from patronage.books import ledger
from patronage.books.checks import CHECKS
from patronage.books.models import Account, Dispute, FraudWarning, Payment, Payout
from patronage.foundation.jobs import Job
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.giving import standing
from patronage.giving.duties import policy_of
from patronage.giving.gateway import GatewayRefused, GatewayUnknown
from patronage.giving.intake import money_moved, payouts
from patronage.giving.models import Interval
from patronage.giving.returning import answering, refunding, sending
from patronage.giving.returning.models import RefundRequest, RequestState
from patronage.giving.returning.refunding import DecidedAlready, TooMuch, Wanted
from patronage.giving.standing import Policy
from patronage.people import staff
from patronage.people.models import AuditEntry
from tests.fixtures.app import Browsers, SignIn
from tests.giving.readers import Readers, pledges

ORIGIN = {"Origin": "https://support.example.org"}


def _clerk(tools: Tools, name: str = "olha") -> int:
    with tools.database.transaction() as session:
        return staff.grant(session, f"{name}@newsroom.example", "bookkeeper", tools.clock.now()).id


def _charge(readers: Readers) -> str:
    return str(readers.stripe.events("charge.succeeded")[-1]["data"]["object"]["id"])


def _one(tools: Tools, table: Any) -> Any:
    with tools.database.reading() as session:
        return session.scalars(select(table)).one()


def test_while_a_bank_only_asks_its_giver_stays_a_patron(readers: Readers, tools: Tools) -> None:
    seen = len(readers.patron())
    dispute = readers.stripe.dispute(_charge(readers), status="warning_needs_response")
    readers.catch_up(seen)
    for step in ("warning_needs_response", "warning_under_review", "needs_response"):
        if step != "warning_needs_response":
            readers.stripe.control("POST", f"disputes/{dispute['id']}", {"status": step})
            readers.catch_up(seen)
        with tools.database.reading() as session:
            (pledge,) = pledges(session)
            assert _one(tools, Dispute).status == step
            is_patron = standing.is_patron(session, pledge.person_id, tools.clock.now())
            assert (is_patron, _one(tools, Payment).disputed) == (step != "needs_response", step == "needs_response")


def test_what_goes_back_while_a_bank_only_asks_is_gone_once(readers: Readers, tools: Tools) -> None:
    seen = len(readers.patron())
    readers.stripe.dispute(_charge(readers), status="warning_needs_response")
    seen += len(readers.catch_up(seen))
    clerk, now = _clerk(tools), tools.clock.now()
    with tools.database.transaction() as session:
        payment = session.scalars(select(Payment)).one()
        asked = refunding.ask(session, payment.id, Wanted(500, "asked to", "press"), clerk, 10_000, now)
    assert sending.send(tools, policy_of(readers.settings), asked.id) == RequestState.MADE
    readers.catch_up(seen)
    with tools.database.reading() as session:
        assert _one(tools, Dispute).status == "warning_closed"
        assert not standing.is_patron(session, pledges(session)[0].person_id, tools.clock.now())
        assert ledger.balance(session, Account.GIFTS) == {"EUR": 0}
        assert ledger.balance(session, Account.DISPUTES) == {}


def test_what_a_bank_took_meanwhile_does_not_go_back_besides(readers: Readers, tools: Tools) -> None:
    seen = len(readers.patron(Interval.ONCE))
    readers.stripe.dispute(_charge(readers))  # and not told yet
    clerk, now = _clerk(tools), tools.clock.now()
    with tools.database.transaction() as session:
        payment = session.scalars(select(Payment)).one()
        asked = refunding.ask(session, payment.id, Wanted(500, "asked to", "press"), clerk, 10_000, now)
    assert sending.send(tools, policy_of(readers.settings), asked.id) == RequestState.REFUSED
    readers.catch_up(seen)
    with tools.database.reading() as session:
        assert _one(tools, Payment).refunded_minor == 0
        assert ledger.balance(session, Account.GIFTS) == {"EUR": -500}
        assert ledger.balance(session, Account.DISPUTES) == {"EUR": 500}
        assert [said for said, query in CHECKS.items() if session.execute(text(query)).first()] == []


@pytest.mark.parametrize(("currency", "amount"), [("JPY", 1500), ("KWD", 5250), ("UAH", 30_000)])
def test_money_of_every_size_is_counted_in_its_own_smallest_unit(
    readers: Readers, tools: Tools, currency: str, amount: int
) -> None:
    seen = len(readers.patron(Interval.ONCE, amount_minor=amount, currency=currency))
    readers.stripe.api.refunds.create({"charge": _charge(readers), "amount": 500})
    seen += len(readers.catch_up(seen))
    readers.stripe.dispute(_charge(readers))
    readers.catch_up(seen)
    with tools.database.reading() as session:
        payment = _one(tools, Payment)
        assert (payment.amount_minor, payment.refunded_minor, payment.currency) == (amount, 500, currency)
        assert ledger.balance(session, Account.GIFTS) == {currency: 500 - amount}
        assert ledger.balance(session, Account.DISPUTES)[currency] == amount - 500
        assert [said for said, query in CHECKS.items() if session.execute(text(query)).first()] == []


@pytest.mark.parametrize("what", ["form", "warning"])
def test_nothing_is_no_refund(readers: Readers, tools: Tools, browsers: Browsers, signed_in: SignIn, what: str) -> None:
    seen = len(readers.patron(Interval.ONCE))
    readers.stripe.control("POST", "early_fraud_warnings", {"charge": _charge(readers)})
    if what == "warning":
        readers.stripe.api.refunds.create({"charge": _charge(readers)})
    readers.catch_up(seen)
    with tools.database.transaction() as session:
        person = staff.grant(session, "olha@newsroom.example", "bookkeeper", tools.clock.now())
        number, reference = session.scalars(select(FraudWarning.id)).one(), _one(tools, Payment).reference
    browser = browsers()
    form = {"csrf_token": signed_in(browser, person), "amount": "0", "reason": "why", "submission": "ab" * 16}
    path = f"warnings/{number}/refund" if what == "warning" else f"payments/{reference}/refund"
    assert browser.post(f"/desk/books/{path}", data=form, headers=ORIGIN).status_code == 422
    with tools.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(RefundRequest)) == 0


def test_what_went_back_meanwhile_is_not_approved_besides(readers: Readers, tools: Tools) -> None:
    seen = len(readers.patron(Interval.ONCE, amount_minor=20_000))
    asker, approver = _clerk(tools), _clerk(tools, "ivan")
    now = tools.clock.now()
    with tools.database.transaction() as session:
        payment = session.scalars(select(Payment)).one()
        asked = refunding.ask(session, payment.id, Wanted(15_000, "asked to", "press"), asker, 10_000, now)
    readers.stripe.api.refunds.create({"charge": _charge(readers), "amount": 8_000})
    readers.catch_up(seen)
    with pytest.raises(TooMuch), tools.database.transaction() as session:
        refunding.approve(session, asked.id, approver, now)


def _disputed(readers: Readers, tools: Tools) -> Dispute:
    seen = len(readers.patron(Interval.ONCE))
    readers.stripe.dispute(_charge(readers))
    readers.catch_up(seen)
    found: Dispute = _one(tools, Dispute)
    return found


def _send(tools: Tools, settings: Settings, dispute: Dispute, about: str, by: int) -> None:
    answering.send(tools, policy_of(settings), dispute.id, about, by)


def test_an_answer_that_stripe_lost_can_be_sent_with_other_facts_and_after_an_hour(
    readers: Readers, tools: Tools, settings: Settings
) -> None:
    dispute, clerk = _disputed(readers, tools), _clerk(tools)
    with tools.database.transaction() as session:
        answering.keep_draft(session, dispute.id, "She wrote to us. winning_evidence")
    for about in ("A gift to the Courier", "A gift to the Herald"):  # renamed in between
        readers.stripe.faults({"path": f"/v1/disputes/{dispute.stripe_id}", "times": 1, "fault": "500"})
        with pytest.raises(GatewayUnknown):
            _send(tools, settings, dispute, about, clerk)
    readers.stripe.advance(seconds=3601)
    _send(tools, settings, dispute, "A gift to the Herald", clerk)
    assert readers.stripe.api.disputes.retrieve(dispute.stripe_id).evidence_details.submission_count == 1


ANSWERS: dict[str, tuple[str, Callable[[Tools, Policy, int, int], None]]] = {  # in the audit trail: path, function
    "dispute answered": ("", lambda tools, policy, number, by: answering.send(tools, policy, number, "A gift", by)),
    "dispute accepted": ("/close", answering.accept),
}


@pytest.mark.parametrize("deed", ANSWERS)
def test_who_answered_a_bank_is_known_even_if_stripe_never_answered(
    readers: Readers, tools: Tools, settings: Settings, deed: str
) -> None:
    dispute, clerk = _disputed(readers, tools), _clerk(tools)
    with tools.database.transaction() as session:
        answering.keep_draft(session, dispute.id, "She wrote to us.")
    suffix, answer = ANSWERS[deed]
    for _ in range(2):
        path = f"/v1/disputes/{dispute.stripe_id}{suffix}"
        readers.stripe.faults({"path": path, "times": 1, "fault": "commit_then_drop"})
        with pytest.raises(GatewayUnknown):
            answer(tools, policy_of(settings), dispute.id, clerk)
    with tools.database.reading() as session:
        deeds = session.scalars(select(AuditEntry.deed).where(AuditEntry.deed.startswith("dispute")))
        assert list(deeds) == [deed, deed]


@pytest.mark.parametrize("deed", ANSWERS)
def test_an_answer_that_stripe_refused_is_called_that(
    readers: Readers, tools: Tools, settings: Settings, deed: str
) -> None:
    dispute, clerk = _disputed(readers, tools), _clerk(tools)
    with tools.database.transaction() as session:
        answering.keep_draft(session, dispute.id, "She wrote to us.")
    readers.stripe.api.disputes.close(dispute.stripe_id)  # in the dashboard, and not told yet
    with pytest.raises(GatewayRefused):
        ANSWERS[deed][1](tools, policy_of(settings), dispute.id, clerk)
    with tools.database.reading() as session:
        details = list(session.scalars(select(AuditEntry.detail).where(AuditEntry.deed == deed)))
    assert [": refused, " in detail for detail in details] == [False, True]


def test_a_payout_that_stripe_has_not_listed_is_looked_at_until_it_has(
    readers: Readers, tools: Tools, settings: Settings, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers.stripe.payouts("daily")
    readers.patron()
    seen = len(readers.stripe.events())
    readers.stripe.advance(days=4)
    (made,) = readers.stripe.api.payouts.list().data
    with monkeypatch.context() as early:
        truth, not_yet = money_moved.payout_at, {"reconciliation_status": "in_progress"}
        early.setattr(money_moved, "payout_at", lambda gateway, number: truth(gateway, number) | not_yet)
        readers.catch_up(seen)
        readers.wait(hours=2)
        worker.work_until_idle()
        assert _one(tools, Payout).matched_at is None
    with tools.database.reading() as session:
        waits = select(Job).where(Job.kind == payouts.MATCH, Job.done_at.is_(None))
        (job,) = session.scalars(waits)
        assert job.data == {"payout": made.id, "round": 1}
        assert timedelta(hours=5) < job.due_at - tools.clock.now() <= timedelta(hours=6)
    readers.wait(hours=7)
    worker.work_until_idle()
    assert _one(tools, Payout).difference_minor == 0
    readers.wait(days=30)
    worker.work_until_idle()
    with tools.database.reading() as session:
        assert session.scalar(select(func.count()).where(Job.kind == payouts.MATCH)) == 2


def test_a_form_sent_again_with_another_amount_is_not_said_to_be_made(readers: Readers, tools: Tools) -> None:
    readers.patron(Interval.ONCE)
    clerk, now = _clerk(tools), tools.clock.now()
    number = _one(tools, Payment).id
    with tools.database.transaction() as session:
        refunding.ask(session, number, Wanted(100, "asked to", "press"), clerk, 10_000, now)
    with pytest.raises(DecidedAlready), tools.database.transaction() as session:
        refunding.ask(session, number, Wanted(200, "asked to", "press"), clerk, 10_000, now)


def test_a_refusal_that_a_job_found_out_stands_on_the_desk_until_somebody_takes_note(
    readers: Readers, tools: Tools, worker: Worker, browsers: Browsers, signed_in: SignIn
) -> None:
    readers.patron(Interval.ONCE)
    with tools.database.transaction() as session:
        person = staff.grant(session, "olha@newsroom.example", "bookkeeper", tools.clock.now())
        payment, now = session.scalars(select(Payment)).one(), tools.clock.now()
        asked = refunding.ask(session, payment.id, Wanted(300, "asked to", "press"), person.id, 10_000, now)
    readers.stripe.api.refunds.create({"charge": _charge(readers)})  # in the dashboard, and not told yet
    readers.wait(minutes=3)
    worker.work_until_idle()
    browser = browsers()
    token = signed_in(browser, person)
    assert "1 refund failed" in browser.get("/desk").text
    assert "Stripe refused this refund" in browser.get("/desk/books/refunds").text
    path = f"/desk/books/refunds/{asked.id}/seen"
    assert browser.post(path, data={"csrf_token": token}, headers=ORIGIN).status_code == 303
    assert "refund failed" not in browser.get("/desk").text
