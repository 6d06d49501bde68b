"""What the demo begins with holds by the product's own rules, and its year stops on no more days than it must."""

from patronage.foundation.tools import Tools
from patronage.giving import terms
from patronage.giving.memberships import bank_codes, offers, ways
from patronage.giving.terms import Bounds
from patronage.operation import demo_newsroom
from patronage.operation.demo_furnishing import furnish
from patronage.operation.demo_newsroom import GIVERS
from patronage.operation.demo_year import STEP_DAYS


def test_what_is_furnished_can_be_given_in_every_currency(tools: Tools) -> None:
    furnish(tools)
    with tools.database.reading() as session:
        for currency in demo_newsroom.BOUNDS:
            known = terms.read(session, demo_newsroom.CURRENCY, Bounds(1, 2, 0), currency)
            assert (known.currency, len(known.levels)) == (currency, 3)
            for suggested in known.suggested:
                assert all(
                    known.bounds.smallest_minor <= each <= known.bounds.largest_minor for each in suggested.amounts
                )
        code = offers.reduction(session, demo_newsroom.CODE, demo_newsroom.CURRENCY, tools.clock.now())
        assert code.first(1200) == 600
        bank, _paypal = map(ways.shown, ways.every(session))
    assert bank_codes.iban(bank.iban) == bank.iban
    assert bank.code


def test_the_year_stops_where_it_stops_anyhow() -> None:
    days = {day for giver in GIVERS for day in (giver.day, giver.stops_on, giver.card_ends_on) if day}
    assert [day for day in days if day % STEP_DAYS] == []
    assert len({giver.email for giver in GIVERS}) == len(GIVERS)
