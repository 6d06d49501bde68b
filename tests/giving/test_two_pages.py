"""Two open pages, both paid: never two pledges unnoticed."""

from patronage.foundation.tools import Tools
from patronage.giving.models import Interval, PledgeState
from tests.giving.readers import Readers, letters, picture, pledges


def test_a_second_subscription_does_not_hide_behind_the_first(readers: Readers, tools: Tools) -> None:
    first = readers.offered()
    second = readers.second_page(first)
    readers.stripe.pay(first)
    readers.stripe.pay(second)
    readers.catch_up()
    with tools.database.reading() as session:
        both = pledges(session)
        assert len({pledge.stripe_subscription_id for pledge in both}) == 2
        assert [pledge.state for pledge in both] == [PledgeState.ACTIVE] * 2
        assert both[0].person_id == both[1].person_id
        assert len(letters(session, "giving/second_pledge")) == 1
        assert len(letters(session, "giving/receipt")) == 2
    assert len(picture(tools)["payments"]) == 2


def test_a_second_gift_paid_on_a_second_page_stands_by_itself(readers: Readers, tools: Tools) -> None:
    first = readers.offered(Interval.ONCE)
    second = readers.second_page(first)
    readers.stripe.pay(first)
    readers.stripe.pay(second)
    readers.catch_up()
    readers.apply()
    assert [pledge["state"] for pledge in picture(tools)["pledges"]] == [PledgeState.ENDED] * 2
    assert len(picture(tools)["payments"]) == 2


def test_somebody_with_a_pledge_who_begins_another_is_told(readers: Readers, tools: Tools) -> None:
    readers.patron(amount_minor=500)
    readers.patron(amount_minor=900)
    with tools.database.reading() as session:
        (letter,) = letters(session, "giving/second_pledge")
        assert letter.data["amount_minor"] == 900


def test_a_strangers_subscription_changes_nothing(readers: Readers, tools: Tools) -> None:
    readers.patron()
    before, seen = picture(tools), len(readers.stripe.events())
    api = readers.stripe.api
    customer = api.customers.create({"email": "stranger@other.example"})
    method = api.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    product = api.products.create({"name": "Not ours"})
    price = {"currency": "eur", "unit_amount": 700, "recurring": {"interval": "month"}, "product": product.id}
    api.subscriptions.create(
        {"customer": customer.id, "items": [{"price_data": price}], "default_payment_method": method.id}
    )
    readers.catch_up(seen)
    assert picture(tools) == before
