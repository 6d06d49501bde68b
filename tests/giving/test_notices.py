"""Before money is charged it is said: before the first renewal, each year, after a trial; and when a card expires."""

from datetime import timedelta
from typing import Any

from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.giving.dunning import watching
from patronage.giving.duties import policy_of
from patronage.giving.models import Interval
from tests.giving.late import only, pass_time, told
from tests.giving.readers import Readers


def _look(worker: Worker, readers: Readers) -> None:
    """Let the hourly look come due, and have it done."""
    readers.wait(hours=1)
    worker.work_until_idle()


def _update(readers: Readers, **change: Any) -> None:
    seen = len(readers.stripe.events())
    readers.stripe.api.subscriptions.update(only(readers.tools).stripe_subscription_id, change)
    readers.catch_up(seen)


def _price(readers: Readers, amount_minor: int, interval: str = "month") -> None:
    known = readers.stripe.api.subscriptions.retrieve(only(readers.tools).stripe_subscription_id)
    item = known["items"].data[0]
    price = {"currency": "eur", "product": item.price.product, "recurring": {"interval": interval}}
    priced = {"id": item.id, "price_data": {**price, "unit_amount": amount_minor}}
    _update(readers, items=[priced], proration_behavior="none")


def test_the_first_renewal_of_a_month_is_announced_a_week_before_and_no_later_one(
    readers: Readers, tools: Tools, worker: Worker
) -> None:
    readers.patron()
    pass_time(readers, days=23)
    _look(worker, readers)
    assert told(tools, "charge_notice") == []
    pass_time(readers, days=1)
    for _ in range(3):
        _look(worker, readers)
    (data,) = told(tools, "charge_notice")
    assert data == {}  # emptied once it was sent
    for _ in range(8):
        pass_time(readers, days=7)
        _look(worker, readers)
    assert len(told(tools, "charge_notice")) == 1


def test_every_yearly_charge_is_announced_thirty_days_before(readers: Readers, tools: Tools, worker: Worker) -> None:
    readers.patron(Interval.YEAR)
    for year in (1, 2):
        pass_time(readers, days=334)
        _look(worker, readers)
        assert len(told(tools, "charge_notice")) == year - 1
        pass_time(readers, days=2)
        _look(worker, readers)
        assert len(told(tools, "charge_notice")) == year
        pass_time(readers, days=29)
        pass_time(readers, seconds=4000)


def test_it_is_said_again_only_if_more_is_charged_or_sooner(readers: Readers, tools: Tools, worker: Worker) -> None:
    readers.patron()
    pass_time(readers, days=25)
    _look(worker, readers)
    _price(readers, 400)
    _look(worker, readers)
    assert len(told(tools, "charge_notice")) == 1
    _price(readers, 900)
    _look(worker, readers)
    assert len(told(tools, "charge_notice")) == 2
    later = tools.clock.now() + timedelta(days=6, hours=12)
    _update(readers, trial_end=int(later.timestamp()), proration_behavior="none")
    _look(worker, readers)
    assert len(told(tools, "charge_notice")) == 2
    sooner = tools.clock.now() + timedelta(days=3)
    _update(readers, trial_end=int(sooner.timestamp()), proration_behavior="none")
    _look(worker, readers)
    assert len(told(tools, "charge_notice")) == 3


def test_nothing_is_announced_that_will_not_be_charged(readers: Readers, tools: Tools, worker: Worker) -> None:
    readers.patron()
    _update(readers, pause_collection={"behavior": "void"})
    pass_time(readers, days=25)
    _look(worker, readers)
    _update(readers, pause_collection="")
    _update(readers, cancel_at_period_end=True)
    _look(worker, readers)
    assert told(tools, "charge_notice") == []


def test_of_a_smaller_charge_the_smaller_amount_is_said(readers: Readers, tools: Tools) -> None:
    readers.patron()
    coupon = readers.stripe.api.coupons.create({"percent_off": 40, "duration": "forever"})
    _update(readers, discounts=[{"coupon": coupon.id}])
    pass_time(readers, days=25)
    watching.look(tools, policy_of(readers.settings), {"what": "charges", "after": 0})
    (letter,) = told(tools, "charge_notice")
    assert (letter["amount_minor"], letter["charge_on"]) == (300, "2026-04-02")


def test_the_first_charge_after_a_trial_is_announced_as_that(readers: Readers, tools: Tools) -> None:
    readers.patron(trial_days=30)
    policy = policy_of(readers.settings)
    for days, letters in ((20, 0), (4, 1)):
        pass_time(readers, days=days)
        watching.look(tools, policy, {"what": "charges", "after": 0})
        assert len(told(tools, "charge_notice")) == letters
    (letter,) = told(tools, "charge_notice")
    assert (letter["amount_minor"], letter["charge_on"], letter["is_first"]) == (500, "2026-04-01", True)


def test_a_card_that_expires_is_told_once_a_month_before_unless_the_bank_renewed_it(
    readers: Readers, tools: Tools, worker: Worker
) -> None:
    readers.patron()
    api = readers.stripe.api
    method = api.subscriptions.retrieve(only(tools).stripe_subscription_id).default_payment_method
    api.payment_methods.update(method, {"card": {"exp_month": 5, "exp_year": 2026}})
    pass_time(readers, months=1)
    pass_time(readers, seconds=4000)
    _look(worker, readers)
    assert told(tools, "card_expires") == []
    pass_time(readers, days=30)
    api.payment_methods.update(method, {"card": {"exp_month": 6, "exp_year": 2026}})
    _look(worker, readers)
    assert told(tools, "card_expires") == []
    pass_time(readers, days=31)
    for _ in range(3):
        _look(worker, readers)
    assert len(told(tools, "card_expires")) == 1
