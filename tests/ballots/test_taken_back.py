"""When voters get a payment back while a round is open: what that does to their ballots, and what it leaves."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from patronage.ballots.models import Ballot
from patronage.foundation.database import Database
from patronage.giving.models import Pledge
from tests.ballots.polls import a_patron, a_pledge, a_tier, an_open_round, closed, take_back, votes

DAY = timedelta(days=1)


@pytest.mark.parametrize("disputed", [False, True])
def test_a_payment_given_back_takes_back_what_it_bought_and_no_more(
    database: Database, now: datetime, disputed: bool
) -> None:
    """Of two pledges the large one is given back: where the small one suffices the ballot stays, at its weight."""
    with database.transaction() as session:
        low, high = a_tier(session, "Reader", 1, 500), a_tier(session, "Friend", 2, 2000)
        strict = an_open_round(session, now, least_tier_id=high.id)
        weighted = an_open_round(session, now, weights={low.id: 1, high.id: 2})
        person = a_patron(session, now, monthly=2500)
        large = session.scalars(select(Pledge).where(Pledge.person_id == person.id)).one()
        a_pledge(session, now, person, monthly=600)
        for round_ in (strict, weighted):
            votes(session, round_, person, "1", now)
        take_back(session, large, now, disputed=disputed)
        for round_ in (strict, weighted):
            closed(session, round_, now + DAY)
        assert [(each.round_id, each.weight) for each in session.scalars(select(Ballot))] == [(weighted.id, 1)]


def test_a_payment_given_back_raises_no_weight_and_takes_no_ballot_that_stood_without_it(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        low, high = a_tier(session, "Reader", 1, 500), a_tier(session, "Friend", 2, 2000)
        round_ = an_open_round(session, now, weights={low.id: 1, high.id: 2})
        riser, ender = a_patron(session, now, monthly=600), a_patron(session, now, monthly=600)
        second = [a_pledge(session, now, person, monthly=500) for person in (riser, ender)]
        for person in (riser, ender):
            votes(session, round_, person, "1", now)
        for pledge in second:
            take_back(session, pledge, now)
        gives_more, ends = (
            session.scalars(select(Pledge).where(Pledge.person_id == person.id, Pledge.amount_minor == 600)).one()
            for person in (riser, ender)
        )
        gives_more.amount_minor, ends.patron_until = 2000, now + timedelta(hours=1)
        closed(session, round_, now + DAY)
        assert list(session.scalars(select(Ballot.weight))) == [1, 1]
