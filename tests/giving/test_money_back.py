"""Money that goes back: a payment given back or disputed keeps nobody a patron, others do."""

from dataclasses import replace

import pytest

from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.giving import standing
from patronage.giving.duties import policy_of
from patronage.giving.intake import applying, whose
from patronage.giving.intake.told import Asking, Matter, Told
from patronage.giving.models import Interval, Outcome
from tests.giving.readers import Readers, outcomes, picture, pledges


def _refund(readers: Readers, amount: int | None = None) -> None:
    charge = readers.stripe.events("charge.succeeded")[-1]["data"]["object"]
    seen = len(readers.stripe.events())
    readers.stripe.api.refunds.create({"charge": charge["id"], **({"amount": amount} if amount else {})})
    readers.catch_up(seen)


def _is_patron(tools: Tools) -> bool:
    with tools.database.reading() as session:
        return standing.is_patron(session, pledges(session)[0].person_id, tools.clock.now())


def test_a_partial_refund_is_counted_and_ends_nothing(readers: Readers, tools: Tools) -> None:
    readers.patron()
    _refund(readers, 200)
    assert picture(tools)["payments"][0][3] == 200
    assert _is_patron(tools)


def test_giving_the_only_payment_back_ends_being_a_patron(readers: Readers, tools: Tools) -> None:
    readers.patron()
    _refund(readers)
    assert picture(tools)["payments"][0][3] == 500
    assert not _is_patron(tools)
    assert set(outcomes(tools).values()) <= {Outcome.APPLIED, Outcome.IGNORED}


def test_a_gift_given_back_says_so(readers: Readers, tools: Tools) -> None:
    readers.patron(Interval.ONCE)
    _refund(readers)
    with tools.database.reading() as session:
        assert pledges(session)[0].ended_because == "given back"


@pytest.mark.parametrize("disputed", [True, False])
def test_a_payment_keeps_nobody_a_patron_while_it_is_disputed(
    readers: Readers, tools: Tools, settings: Settings, disputed: bool
) -> None:
    readers.patron()
    charge_id = readers.stripe.events("charge.succeeded")[-1]["data"]["object"]["id"]
    told = Asking(tools.payments, tools.database).about(Matter.CHARGE, charge_id, Told())
    for is_open in (True, disputed):  # a dispute that is won is over
        with tools.database.transaction() as session:
            pledge = whose.claim(session, told)
            assert pledge is not None
            answer = replace(told, disputed=is_open)
            applying.change(session, pledge, answer, policy_of(settings), tools.clock.now())
    assert picture(tools)["payments"][0][4] is disputed
    assert _is_patron(tools) is not disputed
