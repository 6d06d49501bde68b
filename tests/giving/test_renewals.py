"""A pledge goes on: it is renewed, declined, paused, ended and not ended after all, each told by the subscription."""

from datetime import timedelta

from patronage.foundation.tools import Tools
from patronage.giving import standing
from patronage.giving.models import Pledge, PledgeState
from tests.giving.readers import GRACE, Readers, letters, outcomes, picture, pledges


def _only(tools: Tools) -> Pledge:
    with tools.database.reading() as session:
        (pledge,) = pledges(session)
    return pledge


def _is_patron(tools: Tools) -> bool:
    with tools.database.reading() as session:
        return standing.is_patron(session, pledges(session)[0].person_id, tools.clock.now())


def _decline_from_now_on(readers: Readers) -> None:
    """Let the card on file be one that is refused when it is charged."""
    api, pledge = readers.stripe.api, _only(readers.tools)
    method = api.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": pledge.stripe_customer_id})
    api.subscriptions.update(pledge.stripe_subscription_id, {"default_payment_method": method.id})


def _next_period(readers: Readers) -> None:
    seen = len(readers.stripe.events())
    readers.stripe.advance(months=1)
    readers.stripe.advance(seconds=4000)  # the draft of an invoice is charged an hour later
    readers.catch_up(seen)


def test_a_renewal_is_one_more_payment_and_one_more_letter(readers: Readers, tools: Tools) -> None:
    readers.patron()
    before = _only(tools)
    _next_period(readers)
    after = _only(tools)
    assert before.paid_until is not None
    assert after.paid_until is not None
    assert timedelta(days=29) < after.paid_until - before.paid_until < timedelta(days=32)
    assert (after.state, after.settled_at) == (PledgeState.ACTIVE, before.settled_at)
    shown = picture(tools)
    assert len(shown["payments"]) == 2
    assert shown["letters"] == ["giving/receipt"] * 2
    assert all(payment[-1] for payment in shown["payments"])  # each knows its invoice


def test_what_comes_together_is_asked_for_and_applied_once(readers: Readers, tools: Tools) -> None:
    """A renewal is told of in a dozen events about three things; its invoice is fetched with the other two."""
    readers.patron()
    before = _only(tools).version
    readers.stripe.advance(months=1)
    readers.stripe.advance(days=3)  # so that the charge's fee is told of in the same breath
    seen = {event["id"] for event in readers.catch_up()}
    assert _only(tools).version == before + 1
    assert {what for event, what in outcomes(tools).items() if event in seen} <= {"applied", "ignored"}
    assert len(picture(tools)["payments"]) == 2


def test_a_renewal_declined_in_month_two_finds_its_pledge_and_grace_runs(readers: Readers, tools: Tools) -> None:
    readers.patron()
    paid_until = _only(tools).paid_until
    _decline_from_now_on(readers)
    _next_period(readers)
    pledge = _only(tools)
    assert pledge.state == PledgeState.PAST_DUE
    assert pledge.paid_until == paid_until  # the period it stands in now is not paid
    assert _is_patron(tools)
    with tools.database.reading() as session:
        (letter,) = letters(session, "giving/payment_failed")
    assert letter.data["amount_minor"] == 500
    assert letter.data["again_on"] == "2026-04-03"
    tools.clock.advance(days=GRACE.days)  # type: ignore[attr-defined]  # the frozen clock of the tests
    assert not _is_patron(tools)


def test_a_payment_that_works_after_all_makes_the_pledge_active_again(readers: Readers, tools: Tools) -> None:
    readers.patron()
    _decline_from_now_on(readers)
    _next_period(readers)
    api, pledge, seen = readers.stripe.api, _only(tools), len(readers.stripe.events())
    method = api.payment_methods.attach("pm_card_visa", {"customer": pledge.stripe_customer_id})
    api.subscriptions.update(pledge.stripe_subscription_id, {"default_payment_method": method.id})
    readers.stripe.advance(days=2)
    readers.catch_up(seen)
    assert _only(tools).state == PledgeState.ACTIVE
    assert len(picture(tools)["payments"]) == 2


def test_after_the_last_try_the_pledge_is_over(readers: Readers, tools: Tools) -> None:
    readers.patron()
    _decline_from_now_on(readers)
    seen = len(readers.stripe.events())
    readers.stripe.advance(days=60)
    readers.catch_up(seen)
    pledge = _only(tools)
    assert (pledge.state, pledge.ended_because) == (PledgeState.ENDED, "payment_failed")
    assert pledge.patron_until == pledge.paid_until
    assert not _is_patron(tools)


def test_an_end_arranged_in_the_portal_is_seen_and_undone_again(readers: Readers, tools: Tools) -> None:
    readers.patron()
    pledge = _only(tools)
    api, seen = readers.stripe.api, len(readers.stripe.events())
    assert pledge.paid_until is not None
    # What the portal does: a date, with `cancel_at_period_end` left false, and `canceled_at` set at once.
    api.subscriptions.update(pledge.stripe_subscription_id, {"cancel_at": int(pledge.paid_until.timestamp())})
    seen += len(readers.catch_up(seen))
    ending = _only(tools)
    assert (ending.state, ending.ends_at, ending.ended_at) == (PledgeState.ACTIVE, pledge.paid_until, None)
    assert _is_patron(tools)
    tools.payments.keep_going(pledge.stripe_subscription_id, "on")
    readers.catch_up(seen)
    assert _only(tools).ends_at is None


def test_an_end_we_arranged_comes_with_the_period_and_not_before(readers: Readers, tools: Tools) -> None:
    readers.patron()
    pledge, seen = _only(tools), len(readers.stripe.events())
    tools.payments.end_at_period_end(pledge.stripe_subscription_id, "end")
    seen += len(readers.catch_up(seen))
    assert _only(tools).ends_at == pledge.paid_until
    assert _is_patron(tools)
    readers.stripe.advance(months=1)
    readers.stripe.advance(days=1)
    readers.catch_up(seen)
    over = _only(tools)
    assert (over.state, over.patron_until) == (PledgeState.ENDED, pledge.paid_until)
    assert not _is_patron(tools)
    assert len(picture(tools)["payments"]) == 1


def test_a_paused_pledge_is_not_charged_and_goes_on_when_resumed(readers: Readers, tools: Tools) -> None:
    readers.patron()
    pledge, api, seen = _only(tools), readers.stripe.api, len(readers.stripe.events())
    api.subscriptions.update(pledge.stripe_subscription_id, {"pause_collection": {"behavior": "void"}})
    seen += len(readers.catch_up(seen))
    assert _only(tools).state == PledgeState.PAUSED
    _next_period(readers)
    assert (len(picture(tools)["payments"]), _only(tools).paid_until) == (1, pledge.paid_until)
    seen = len(readers.stripe.events())
    api.subscriptions.update(pledge.stripe_subscription_id, {"pause_collection": ""})
    readers.catch_up(seen)
    assert _only(tools).state == PledgeState.ACTIVE


def test_an_amount_changed_at_stripe_is_followed(readers: Readers, tools: Tools) -> None:
    readers.patron(fee_cover_minor=40)
    pledge, api, seen = _only(tools), readers.stripe.api, len(readers.stripe.events())
    known = api.subscriptions.retrieve(pledge.stripe_subscription_id)
    item = known["items"].data[0]
    price = {"currency": "eur", "product": item.price.product, "recurring": {"interval": "month"}, "unit_amount": 1240}
    change = {"items": [{"id": item.id, "price_data": price}], "proration_behavior": "none"}
    api.subscriptions.update(pledge.stripe_subscription_id, change)
    readers.catch_up(seen)
    assert (_only(tools).amount_minor, _only(tools).fee_cover_minor) == (1200, 40)
