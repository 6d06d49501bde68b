"""A renewal fails: each try is told once with its reason, grace runs, and the end is what Stripe makes of it."""

import pytest
from sqlalchemy import select

from patronage.foundation.tools import Tools
from patronage.giving.dunning import lateness, reasons, telling
from patronage.giving.dunning.lateness import Final
from patronage.giving.dunning.models import FailedTry
from patronage.giving.dunning.reasons import BANK_SAID_NO, UNSAID
from patronage.giving.duties import policy_of
from patronage.giving.intake.told import Told
from patronage.giving.models import Pledge, PledgeState
from tests.giving.late import (
    SCHEDULE,
    card_becomes,
    day,
    fall_late,
    only,
    pass_time,
    stay_late,
    tell_of_what_is_left,
    told,
)
from tests.giving.readers import Readers, picture


def test_a_failed_renewal_is_told_with_its_reason_and_what_comes_next(readers: Readers, tools: Tools) -> None:
    pledge = fall_late(readers)
    assert (pledge.state, pledge.failure_code, pledge.tries) == (PledgeState.PAST_DUE, "generic_decline", 1)
    assert day(pledge.next_try_at) == "2026-04-03"
    (letter,) = told(tools, "payment_failed")
    assert letter["code"] == "generic_decline"
    assert (letter["again_on"], letter["patron_until_on"]) == ("2026-04-03", "2026-04-16")


def test_each_failed_try_is_one_letter_however_often_stripe_tells_of_it(readers: Readers, tools: Tools) -> None:
    fall_late(readers)
    for _ in range(3):
        pass_time(readers, days=2)
    again = [{**event, "id": event["id"] + "x"} for event in reversed(readers.stripe.events())]
    readers.stripe.deliver(readers.app, *again)
    readers.apply()
    with tools.database.reading() as session:
        attempts = list(session.scalars(select(FailedTry.attempt).order_by(FailedTry.id)))
    assert attempts == list(range(1, only(tools).tries + 1))
    assert len(told(tools, "payment_failed")) == len(attempts) > 2


def test_why_it_is_late_is_learned_from_the_subscription_alone(readers: Readers, tools: Tools) -> None:
    readers.patron()
    card_becomes(readers)
    readers.stripe.advance(months=1)
    readers.stripe.advance(seconds=4000)
    readers.stripe.deliver(readers.app, readers.stripe.events("customer.subscription.updated")[-1])
    readers.apply()
    assert only(tools).failure_code == "generic_decline"
    assert len(told(tools, "payment_failed")) == 1


def test_what_is_known_of_a_late_payment_is_forgotten_once_it_is_paid(readers: Readers, tools: Tools) -> None:
    fall_late(readers)
    card_becomes(readers, "pm_card_visa")
    pass_time(readers, days=2)
    pledge = only(tools)
    assert (pledge.state, pledge.failure_code, pledge.tries, pledge.next_try_at) == (PledgeState.ACTIVE, None, 0, None)
    assert not lateness.can_be_mended(pledge)
    assert len(picture(tools)["payments"]) == 2


@pytest.mark.parametrize(
    ("end", "final", "state"),
    [
        ("cancel", Final.ENDED, PledgeState.ENDED),
        ("unpaid", Final.UNPAID, PledgeState.PAST_DUE),
        ("past_due", Final.LATE, PledgeState.PAST_DUE),
        ("pause", Final.PAUSED, PledgeState.PAUSED),
    ],
)
def test_after_the_last_try_it_is_what_stripe_makes_of_it_and_told_once(
    readers: Readers, tools: Tools, end: str, final: Final, state: PledgeState
) -> None:
    stay_late(readers, end)
    for _ in range(2):
        tell_of_what_is_left(readers)
    pledge = only(tools)
    assert (lateness.final_of(pledge), pledge.state) == (final, state)
    assert pledge.ended_because == ("payment_failed" if final == Final.ENDED else None)
    (letter,) = told(tools, "payment_given_up")
    assert (letter["final"], letter["code"]) == (final, "generic_decline")
    with tools.database.reading() as session:
        tries = len(session.scalars(select(FailedTry.id)).all())
    assert len(told(tools, "payment_failed")) == tries - 1  # of the last, its end is told
    assert len(told(tools, "pledge_paused")) == 0


def test_an_end_that_follows_the_last_failure_is_one_letter(readers: Readers, tools: Tools) -> None:
    stay_late(readers, "past_due")
    assert lateness.final_of(only(tools)) == Final.LATE
    assert told(tools, "payment_given_up") == []  # Stripe may be about to end it
    with tools.database.transaction() as session:
        pledge = session.get_one(Pledge, only(tools).id)
        pledge.ended_at, pledge.ended_because = tools.clock.now(), lateness.GIVEN_UP
        telling.tell(session, pledge, None, Final.LATE, policy_of(readers.settings), tools.clock.now())
    tell_of_what_is_left(readers)
    assert [letter["final"] for letter in told(tools, "payment_given_up")] == [Final.ENDED]


def test_a_payment_that_came_within_the_hour_is_not_told_as_given_up(readers: Readers, tools: Tools) -> None:
    stay_late(readers, "past_due")
    card_becomes(readers, "pm_card_visa")
    seen = len(readers.stripe.events())
    with tools.database.reading() as session:
        invoice_id = session.scalars(select(FailedTry.invoice_id)).first()
    readers.stripe.api.invoices.pay(invoice_id)
    readers.catch_up(seen)
    tell_of_what_is_left(readers)
    assert told(tools, "payment_given_up") == []


def test_whose_first_payment_never_came_is_told_that_it_is_over(readers: Readers, tools: Tools) -> None:
    readers.stripe.pay(readers.offered(), method="bank_debit", outcome="fail")
    readers.catch_up()
    for _ in range(10):
        pass_time(readers, days=5)
    (letter,) = told(tools, "payment_given_up")
    assert (letter["final"], letter["gave"]) == (Final.ENDED, False)
    assert all(letter["again_on"] for letter in told(tools, "payment_failed"))


def test_whose_trial_ends_unpaid_is_told_the_end_and_not_to_pay(readers: Readers, tools: Tools) -> None:
    readers.patron(trial_days=14)
    card_becomes(readers)
    for _ in range(SCHEDULE * 2):
        pass_time(readers, days=1)
    assert only(tools).settled_at is None
    assert [letter["final"] for letter in told(tools, "payment_given_up")] == [Final.ENDED]
    assert all(letter["again_on"] for letter in told(tools, "payment_failed"))


def test_how_long_a_late_payment_costs_nobody_their_standing_is_a_setting(readers: Readers, tools: Tools) -> None:
    readers.settings = readers.settings.model_copy(update={"grace_days": 3})
    fall_late(readers)
    assert day(only(tools).patron_until) == "2026-04-05"
    assert told(tools, "payment_failed")[0]["patron_until_on"] == "2026-04-05"


def test_who_has_stopped_is_not_asked_to_pay_when_the_failure_is_told_late(readers: Readers, tools: Tools) -> None:
    readers.patron()
    card_becomes(readers)
    seen = len(readers.stripe.events())
    readers.stripe.advance(months=1)
    readers.stripe.advance(seconds=4000)
    readers.stripe.api.subscriptions.cancel(only(tools).stripe_subscription_id)
    for event in reversed(readers.stripe.events()[seen:]):
        readers.stripe.deliver(readers.app, event)
        readers.apply()
    assert only(tools).state == PledgeState.ENDED
    assert told(tools, "payment_failed") == []


def test_an_older_invoice_that_is_told_late_does_not_hide_the_newer_one(readers: Readers, tools: Tools) -> None:
    pledge, now = fall_late(readers), tools.clock.now()
    with tools.database.reading() as session:
        due = session.scalars(select(FailedTry)).one()
    older = {
        "id": "in_older", "status": "open", "attempt_count": 3, "created": 0, "amount_due": 500, "currency": "eur",
        "next_payment_attempt": None,
    }  # fmt: skip
    intent = {"status": "requires_payment_method", "last_payment_error": {"decline_code": "expired_card"}}
    with tools.database.transaction() as session:
        known = session.get_one(Pledge, pledge.id)
        assert lateness.take_in(session, known, Told(invoice=older, intent=intent), now) is None
        assert (known.failure_code, known.tries) == ("generic_decline", 1)
        newest = lateness.latest_try(session, pledge.id)
        assert newest
        assert newest.invoice_id == due.invoice_id


def test_a_bank_that_wants_its_customer_is_told_as_that(readers: Readers) -> None:
    pledge = fall_late(readers, "pm_card_authenticationRequired")
    assert pledge.failure_code == lateness.BANK_ASKS
    assert reasons.of(pledge.failure_code).way == reasons.Way.CONFIRM


def test_a_lost_card_is_an_ordinary_refusal_and_an_unknown_code_a_refusal_without_a_reason() -> None:
    assert reasons.of("stolen_card") is reasons.of("do_not_honor") is BANK_SAID_NO
    assert reasons.of("of_tomorrow") is reasons.of(None) is UNSAID
