"""A patron stops in two clicks, at the end of what is paid, and goes on in one."""

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from patronage.foundation.post import Mailbox
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.giving.duties import policy_of
from patronage.giving.gateway import Answer, Gateway
from patronage.giving.intake import applying
from patronage.giving.intake.told import Matter
from patronage.giving.keeping.models import Deed
from patronage.giving.models import Interval, Pledge, PledgeState
from patronage.sandbox.serving import RunningSandbox
from tests.fixtures.app import Browsers, SignIn
from tests.fixtures.stripe import StripeTools
from tests.giving.keeping.patrons import ANN, Patron, enter
from tests.giving.readers import Readers, letters, pledges
from tests.giving.supporting import words

SUBSCRIPTIONS = "/v1/subscriptions"


class Interrupted(Gateway):
    """The real gateway, in which something happens between Stripe's yes and our use of it."""

    meanwhile: Callable[[], None] | None = None

    def end_at_period_end(self, subscription_id: str, key: str) -> Answer:
        """Let a subscription end, and then what happens meanwhile happen."""
        answer = super().end_at_period_end(subscription_id, key)
        if self.meanwhile:
            self.meanwhile()
        return answer


@pytest.fixture
def payments(sandbox: RunningSandbox, settings: Settings) -> Interrupted:
    """The gateway that can be interrupted."""
    return Interrupted(settings.model_copy(update={"stripe_api_base": sandbox.url}), retries=0)


def _pledge(tools: Tools) -> Pledge:
    with tools.database.reading() as session:
        return pledges(session)[-1]


def test_stopping_takes_two_clicks_and_ends_with_what_is_paid(
    ann: Patron, tools: Tools, stripe_tools: StripeTools, worker: Worker, mailbox: Mailbox
) -> None:
    page = ann.browser.get(f"/account/pledges/{ann.reference}/cancel")
    assert "nothing more is charged, and you stay a patron until 2 April 2026" in words(page)
    assert ann.press("cancel", reason="Moving abroad") == 303
    pledge = _pledge(tools)
    assert (pledge.state, pledge.ends_at) == (PledgeState.ACTIVE, pledge.paid_until)
    assert pledge.why_stopped == "Moving abroad"
    assert stripe_tools.api.subscriptions.retrieve(pledge.stripe_subscription_id).cancel_at_period_end
    assert "You stay a patron until 2 April 2026." in words(ann.browser.get("/account"))
    worker.work_until_idle()
    letter = mailbox.to(ANN)[-1]
    assert "is stopped" in letter["Subject"]


def test_a_reason_is_nobodys_due(ann: Patron, tools: Tools) -> None:
    assert ann.press("cancel") == 303
    assert _pledge(tools).why_stopped is None


def test_stopping_twice_stops_once(ann: Patron, tools: Tools) -> None:
    assert [ann.press("cancel"), ann.press("cancel")] == [303, 303]
    with tools.database.reading() as session:
        assert len(letters(session, "giving/pledge_ending")) == 1


def test_stop_go_on_and_stop_again_each_have_their_effect(ann: Patron, tools: Tools, stripe_tools: StripeTools) -> None:
    for deed, ends in (("cancel", True), ("resume", False), ("cancel", True), ("resume", False)):
        assert ann.press(deed) == 303
        subscription = stripe_tools.api.subscriptions.retrieve(_pledge(tools).stripe_subscription_id)
        assert subscription.cancel_at_period_end is ends
        assert (_pledge(tools).ends_at is not None) is ends
    with tools.database.reading() as session:
        assert len(letters(session, "giving/pledge_ending")) == 2
        assert len(letters(session, "giving/pledge_resumed")) == 2


def test_the_next_payment_is_charged_after_going_on(
    ann: Patron, tools: Tools, stripe_tools: StripeTools, readers: Readers
) -> None:
    ann.press("cancel")
    ann.press("resume")
    seen = len(stripe_tools.events())
    stripe_tools.advance(days=32)
    readers.catch_up(seen)
    paid_until = _pledge(tools).paid_until
    assert paid_until is not None
    assert paid_until > datetime(2026, 5, 1, tzinfo=UTC)


def test_a_stopped_pledge_is_over_when_its_period_is(
    ann: Patron, tools: Tools, stripe_tools: StripeTools, readers: Readers
) -> None:
    ann.press("cancel")
    seen = len(stripe_tools.events())
    stripe_tools.advance(days=32)
    readers.catch_up(seen)
    assert _pledge(tools).state == PledgeState.ENDED
    assert ann.press("cancel") == 409
    assert ann.press("resume") == 409
    assert "Become a patron" in words(ann.browser.get("/account"))


@pytest.mark.parametrize("fault", ["drop", "500", "commit_then_drop"])
def test_when_stripe_does_not_answer_it_is_found_out_and_done(
    ann: Patron, tools: Tools, stripe_tools: StripeTools, worker: Worker, fault: str
) -> None:
    path = f"{SUBSCRIPTIONS}/{ann.pledge.stripe_subscription_id}"
    stripe_tools.faults({"path": path, "times": 1, "fault": fault})
    assert ann.press("cancel", reason="Moving abroad") == 303
    assert ann.pledge.ends_at is None
    assert "We are finding out" in ann.account()
    stripe_tools.clock.advance(minutes=3)
    worker.work_until_idle()
    assert (ann.pledge.ends_at, ann.pledge.why_stopped) == (ann.pledge.paid_until, "Moving abroad")
    assert "finding out" not in ann.account()
    with tools.database.reading() as session:
        assert len(letters(session, "giving/pledge_ending")) == 1
        assert [deed.asked for deed in session.scalars(select(Deed))] == [{}]


def test_when_stripe_does_not_answer_trying_again_stops_it(ann: Patron, stripe_tools: StripeTools) -> None:
    path = f"{SUBSCRIPTIONS}/{ann.pledge.stripe_subscription_id}"
    stripe_tools.faults({"path": path, "times": 1, "fault": "500"})
    assert [ann.press("cancel"), ann.press("cancel")] == [303, 303]
    assert ann.pledge.ends_at is not None
    assert "Look again" not in ann.account()


def test_another_wish_meanwhile_overtakes_what_is_being_found_out(
    ann: Patron, stripe_tools: StripeTools, worker: Worker
) -> None:
    path = f"{SUBSCRIPTIONS}/{ann.pledge.stripe_subscription_id}"
    stripe_tools.faults({"path": path, "times": 1, "fault": "drop"})
    ann.press("cancel")
    assert ann.press("pause", months="1") == 303
    stripe_tools.clock.advance(minutes=3)
    worker.work_until_idle()
    assert (ann.pledge.state, ann.pledge.ends_at) == (PledgeState.PAUSED, None)


def test_less_is_offered_once_and_halved_once(ann: Patron) -> None:
    assert "Or give less" in ann.see("cancel")
    assert [ann.press("less"), ann.press("less")] == [303, 303]
    assert (ann.pledge.amount_minor, ann.pledge.ends_at) == (200, None)
    assert ann.subscription["items"].data[0].price.unit_amount == 200
    assert "less" not in ann.see("cancel")


def test_who_stopped_once_is_not_asked_again_to_give_less(ann: Patron) -> None:
    ann.press("cancel")
    ann.press("resume")
    assert "less" not in ann.see("cancel")


def test_the_pledge_of_another_is_not_found(ann: Patron, browsers: Browsers, tools: Tools, signed_in: SignIn) -> None:
    browser = browsers()
    boris = Patron(browser, enter(browser, "boris@reader.example", tools, signed_in), ann.reference, ann.readers)
    assert browser.get(f"/account/pledges/{ann.reference}/cancel").status_code == 404
    assert [boris.press("cancel"), boris.press("resume")] == [404, 404]
    boris.reference = "P-0000-0000-0000"
    assert boris.press("cancel") == 404
    assert _pledge(tools).ends_at is None


def test_a_gift_given_once_cannot_be_stopped(
    browsers: Browsers, readers: Readers, tools: Tools, signed_in: SignIn
) -> None:
    readers.patron(Interval.ONCE, email=ANN)
    browser = browsers()
    ann = Patron(browser, enter(browser, ANN, tools, signed_in), _pledge(tools).reference, readers)
    assert ann.press("cancel") == 404


def test_a_form_without_its_token_is_refused(ann: Patron, tools: Tools) -> None:
    ann.token = ""
    assert ann.press("cancel") == 403
    assert _pledge(tools).ends_at is None


def test_a_stranger_is_asked_to_sign_in_and_comes_back(ann: Patron, browsers: Browsers) -> None:
    answer = browsers().get(f"/account/pledges/{ann.reference}/cancel")
    assert answer.status_code == 303
    asked = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert asked["next"] == [f"/account/pledges/{ann.reference}/cancel"]


def test_an_end_applied_while_stripe_answers_is_not_overwritten(
    ann: Patron, tools: Tools, stripe_tools: StripeTools, settings: Settings, payments: Interrupted
) -> None:
    subscription_id = str(_pledge(tools).stripe_subscription_id)

    def end() -> None:
        stripe_tools.api.subscriptions.cancel(subscription_id)
        applying.apply(tools, policy_of(settings), Matter.SUBSCRIPTION, subscription_id, {})

    payments.meanwhile = end
    assert ann.press("cancel", reason="Moving abroad") == 303
    pledge = _pledge(tools)
    assert (pledge.state, pledge.why_stopped) == (PledgeState.ENDED, "Moving abroad")


def test_a_pledge_that_is_over_at_stripe_already_is_said_to_be_over(
    ann: Patron, tools: Tools, stripe_tools: StripeTools
) -> None:
    stripe_tools.api.subscriptions.cancel(_pledge(tools).stripe_subscription_id)
    assert ann.press("cancel") == 409
    assert _pledge(tools).state == PledgeState.ENDED


def test_an_end_arranged_at_stripes_own_pages_is_confirmed_by_a_letter_too(
    ann: Patron, tools: Tools, stripe_tools: StripeTools, readers: Readers
) -> None:
    seen = len(stripe_tools.events())
    pledge = _pledge(tools)
    assert pledge.paid_until
    stripe_tools.api.subscriptions.update(
        pledge.stripe_subscription_id, {"cancel_at": int(pledge.paid_until.timestamp())}
    )
    readers.catch_up(seen)
    readers.stripe.deliver(readers.app, *[{**event, "id": event["id"] + "x"} for event in stripe_tools.events()[seen:]])
    readers.apply()
    with tools.database.reading() as session:
        assert len(letters(session, "giving/pledge_ending")) == 1
