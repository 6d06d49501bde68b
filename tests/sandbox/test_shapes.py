"""The measure by which answers are judged is itself a judge worth having."""

from typing import Any

import pytest

from tests.sandbox.desk import Desk
from tests.sandbox.shapes import problems


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda found: found.pop("livemode"), "subscription.livemode is missing"),
        (lambda found: found.update(current_period_end=1), "subscription.current_period_end does not exist"),
        (lambda found: found.update(status="happy"), "subscription.status is 'happy', none of Stripe's words"),
        (lambda found: found.update(created="1"), "subscription.created is '1', not int"),
        (lambda found: found["items"]["data"][0].pop("plan"), "subscription.items[0].plan is missing"),
        (lambda found: found["automatic_tax"].pop("enabled"), "subscription.automatic_tax.enabled is missing"),
    ],
)
def test_an_answer_out_of_shape_is_noticed(desk: Desk, spoil: Any, complaint: str) -> None:
    found = desk.ask("get", f"/v1/subscriptions/{desk.patron().id}")
    assert problems(found) == []

    spoil(found)

    assert problems(found) == [complaint]
