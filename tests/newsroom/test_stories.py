"""Which stories brought patrons: counts for everybody at the desk, sums for those who keep the money, no names."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from patronage.books.models import Payment
from patronage.foundation.database import Database
from patronage.giving.models import Interval, Pledge, PledgePayment
from patronage.newsroom import story_counts
from patronage.people import staff
from patronage.people.models import Person
from tests.ballots.polls import a_patron
from tests.books.accounts import Accounts
from tests.fixtures.app import Browsers, SignIn

PORT, TRAMS = "https://newsroom.example/port", "=trams"


@pytest.fixture
def begun(database: Database, now: datetime) -> list[Person]:
    """Two patrons from one story, one of whom has paid €200 and got €50 back; a single gift from another, long ago."""
    with database.transaction() as session:
        people = [a_patron(session, now) for _ in range(3)]
        first, second, third = session.scalars(select(Pledge).order_by(Pledge.id)).all()
        first.source = second.source = PORT
        third.source, third.interval, third.settled_at = TRAMS, Interval.ONCE, now - timedelta(days=100)
        payment = Accounts(session, now).payment("ch_1", 20_000)
        session.get_one(Payment, payment.id).refunded_minor = 5_000
        session.add(PledgePayment(payment_id=payment.id, pledge_id=first.id))
    return people


def test_stories_are_counted_by_what_was_begun_at_them(database: Database, begun: list[Person], now: datetime) -> None:
    with database.reading() as session:
        found = story_counts.counted(session, None, "patrons", 10)
        assert [(story.source, story.patrons, story.gifts) for story in found] == [(PORT, 2, 0), (TRAMS, 0, 1)]
        assert found[0].income == [("EUR", 15_000)]
        by_gifts = story_counts.counted(session, None, "gifts", 10)
        assert [story.source for story in by_gifts] == [TRAMS, PORT]
        lately = story_counts.counted(session, now - timedelta(days=30), "patrons", 10)
        assert [story.source for story in lately] == [PORT]


@pytest.mark.parametrize(("role", "sees_sums"), [("editor", False), ("bookkeeper", True), ("admin", True)])
def test_editors_see_counts_and_bookkeepers_sums_and_nobody_names(
    browsers: Browsers, signed_in: SignIn, database: Database, begun: list[Person], now: datetime, role: str,
    sees_sums: bool,
) -> None:  # fmt: skip
    with database.transaction() as session:
        person = staff.grant(session, f"{role}@newsroom.example", role, now)
    desk = browsers()
    signed_in(desk, person)
    page, sheet = desk.get("/desk/stories").text, desk.get("/desk/stories.csv").text
    assert PORT in page
    assert ("€150" in page) is sees_sums
    assert ("150.00" in sheet) is sees_sums
    assert "'=trams" in sheet
    assert not any(giver.email in page + sheet for giver in begun)
