"""Who is a patron: decided from facts, by rules that touch nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from patronage.foundation.database import Database
from patronage.giving import standing
from patronage.giving.models import Interval, Pledge, PledgeState
from patronage.giving.pledging import new_reference
from patronage.giving.standing import Facts, patron_until, state_of
from patronage.people import people
from patronage.people.models import Person

PAID = datetime(2026, 3, 1, tzinfo=UTC)
UNTIL = datetime(2026, 4, 1, tzinfo=UTC)
LATER = datetime(2026, 4, 3, tzinfo=UTC)
GRACE = timedelta(days=14)
MEANT_ONCE = Facts(Interval.MONTH, PAID, ended_at=LATER, paid_until=UNTIL, ended_because=standing.MEANT_ONCE)


@pytest.mark.parametrize(
    ("facts", "state", "until"),
    [
        (Facts(Interval.MONTH), PledgeState.OFFERED, None),
        (Facts(Interval.MONTH, settled_at=PAID, paid_until=UNTIL), PledgeState.ACTIVE, UNTIL + GRACE),
        (Facts(Interval.YEAR, PAID, past_due_at=LATER, paid_until=UNTIL), PledgeState.PAST_DUE, UNTIL + GRACE),
        (Facts(Interval.MONTH, PAID, paused_at=LATER, paid_until=UNTIL), PledgeState.PAUSED, UNTIL),
        (Facts(Interval.MONTH, PAID, paid_until=UNTIL, trial_until=LATER), PledgeState.ACTIVE, LATER + GRACE),
        (MEANT_ONCE, PledgeState.ENDED, None),
        (Facts(Interval.MONTH, PAID, past_due_at=LATER, paused_at=LATER), PledgeState.PAUSED, None),
        (Facts(Interval.MONTH, PAID, ended_at=LATER, paid_until=UNTIL), PledgeState.ENDED, UNTIL),
        (Facts(Interval.MONTH, ended_at=LATER), PledgeState.ENDED, None),
        (Facts(Interval.MONTH, PAID), PledgeState.ACTIVE, None),
        (Facts(Interval.ONCE, PAID, ended_at=PAID), PledgeState.ENDED, None),
        (Facts(Interval.ONCE), PledgeState.OFFERED, None),
    ],
    ids=[
        "offered", "paid", "late", "paused", "moved to a later day", "meant once", "paused while late and given back",
        "ended", "never paid", "given back", "once", "once and not paid",
    ],
)  # fmt: skip
def test_facts_decide_state_and_standing(facts: Facts, state: PledgeState, until: datetime | None) -> None:
    assert (state_of(facts), patron_until(facts, GRACE)) == (state, until)


def test_the_query_and_the_rule_agree_on_who_is_a_patron(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        patron = people.find_or_add(session, "patron@reader.example", now)
        former = people.find_or_add(session, "former@reader.example", now)
        for person, until in ((patron, now), (patron, now + GRACE), (patron, now + GRACE), (former, now)):
            session.add(_pledge(person, now, until))
        session.flush()
        assert standing.is_patron(session, patron.id, now)
        assert not standing.is_patron(session, patron.id, now + GRACE)  # until, not through
        assert not standing.is_patron(session, former.id, now)
        assert session.scalars(standing.patrons_at(now)).all() == [patron.id]
        found = session.scalars(select(Person.id).where(standing.patron_clause(Person.id, now)))
        assert found.all() == [patron.id]


def _pledge(person: Person, now: datetime, until: datetime) -> Pledge:
    return Pledge(
        reference=new_reference(), person_id=person.id,
        interval=Interval.MONTH, amount_minor=500, currency="EUR", state=PledgeState.ACTIVE, offered_at=now,
        settled_at=now, patron_until=until,
    )  # fmt: skip
