"""The life of a payment that fails, lived in Chromium: the letter, the page it leads to, a new card, paid."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select

from patronage.books.models import Payment
from patronage.foundation.outbox import Letter
from patronage.giving.models import Pledge, PledgeState
from tests.browser import steps
from tests.fixtures.chromium import People
from tests.fixtures.live import Live

pytestmark = [pytest.mark.browser, pytest.mark.slow]
READER = "reader@example.org"


def _card_stops_working(live: Live) -> None:
    """Let the card behind the pledge be one that is refused at every charge."""
    with live.tools.database.reading() as session:
        pledge = session.scalars(select(Pledge)).one()

    def swap(api: object) -> object:
        method = api.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": pledge.stripe_customer_id})  # type: ignore[attr-defined]  # the library's own client
        return api.subscriptions.update(pledge.stripe_subscription_id, {"default_payment_method": method.id})  # type: ignore[attr-defined]  # as above

    live.tools.payments.call(swap)


def _counts(live: Live) -> tuple[int, int]:
    """Payments, and letters about one that failed."""
    with live.tools.database.reading() as session:
        payments = session.scalar(select(func.count()).select_from(Payment))
        letters = session.scalar(select(func.count()).where(Letter.kind == "giving/payment_failed"))
    return payments or 0, letters or 0


def test_a_renewal_fails_and_is_mended_with_another_card(live: Live, somebody: People) -> None:
    reader = somebody()
    steps.ask_for(reader, live, READER)
    steps.pay(reader)
    steps.thanked(reader)
    live.letter(READER, "Receipt")
    _card_stops_working(live)
    live.control("clock/advance", months=1)
    live.control("clock/advance", seconds=4000)
    at_home = somebody(java_script_enabled=False)  # from the letter, without signing in, without scripts
    at_home.goto(live.link_in(live.letter(READER, "did not go through"), "/support/mend"))
    expect(at_home.get_by_role("heading", name="A payment is due")).to_be_visible()
    assert _counts(live) == (1, 1)
    at_home.get_by_role("button", name="Try again now").click()
    expect(at_home.get_by_text("not taken")).to_be_visible()
    at_home.get_by_role("button", name="Use another card").click()
    at_home.wait_for_url("**/p/session/**")
    live.control("clock/advance", seconds=60)
    steps.pay(at_home)
    at_home.wait_for_url("**/support/mend**")
    at_home.get_by_role("button", name="with the new card now").click()
    expect(at_home.get_by_role("heading", name="Paid. Thank you!")).to_be_visible()
    assert _counts(live) == (2, 1)
    with live.tools.database.reading() as session:
        assert session.scalars(select(Pledge.state)).one() is PledgeState.ACTIVE
