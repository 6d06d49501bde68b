"""A present for somebody who is a patron already: its time comes after theirs, so that none of it is lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

from flask.testing import FlaskClient
from sqlalchemy import select

from patronage.foundation.outbox import Letter
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.giving.duties import policy_of
from patronage.giving.memberships import complimentary, presents
from patronage.giving.memberships.complimentary import Given
from patronage.giving.memberships.models import Present
from patronage.giving.memberships.pricing import Editor
from patronage.giving.models import Interval, Pledge, PledgeKind
from patronage.people import people
from tests.giving.memberships.test_presents import WISH
from tests.giving.readers import Readers
from tests.giving.supporting import session_id

NADIA = "nadia@reader.example"


def _bought(client: FlaskClient, readers: Readers, tools: Tools, **fields: str) -> str:
    readers.stripe.pay(session_id(client.post("/support/present", data={**WISH, **fields})))
    readers.catch_up()
    with tools.database.reading() as session:
        return session.scalars(select(Present.reference).order_by(Present.id.desc()).limit(1)).one()


def _redeem(tools: Tools, settings: Settings, reference: str) -> datetime | None:
    with tools.database.transaction() as session:
        return presents.redeem(session, reference, NADIA, policy_of(settings), tools.clock.now()).paid_until


def test_it_begins_where_what_they_have_ends(
    client: FlaskClient, readers: Readers, tools: Tools, settings: Settings
) -> None:
    readers.patron(Interval.YEAR, email=NADIA)
    assert _redeem(tools, settings, _bought(client, readers, tools)) == datetime(2027, 6, 2, 12, 0, tzinfo=UTC)


def test_presents_redeemed_at_once_follow_one_another(
    client: FlaskClient, readers: Readers, tools: Tools, settings: Settings
) -> None:
    several = [_bought(client, readers, tools, message=f"present {each}", length="0-1") for each in range(4)]
    with tools.database.transaction() as session:
        people.find_or_add(session, NADIA, tools.clock.now())
    begun = Barrier(len(several))

    def redeem(reference: str) -> datetime | None:
        begun.wait()
        return _redeem(tools, settings, reference)

    with ThreadPoolExecutor(len(several)) as pool:
        ends = sorted(filter(None, pool.map(redeem, several)))
    assert ends == [datetime(2026, month, 2, 12, 0, tzinfo=UTC) for month in (4, 5, 6, 7)]


def test_nobody_is_told_of_an_end_that_another_membership_outlasts(
    client: FlaskClient, readers: Readers, tools: Tools, settings: Settings, editor: Editor, worker: Worker
) -> None:
    _redeem(tools, settings, _bought(client, readers, tools))
    given = Given(NADIA, editor.now + timedelta(days=300), "Photographs for us", "once")
    with tools.database.transaction() as session:
        complimentary.give(session, given, policy_of(settings), editor, "EUR")
    readers.stripe.advance(days=80)
    worker.work_until_idle()
    with tools.database.reading() as session:
        assert session.scalars(select(Letter.kind).where(Letter.kind == "giving/membership_ends")).all() == []


def test_one_that_was_taken_back_and_is_good_again_lasts_as_before(
    client: FlaskClient, readers: Readers, tools: Tools, settings: Settings
) -> None:
    readers.patron(Interval.YEAR, email=NADIA)
    until = _redeem(tools, settings, _bought(client, readers, tools))
    with tools.database.transaction() as session:
        present = session.scalars(select(Present)).one()
        paying = session.get_one(Pledge, present.pledge_id, with_for_update=True)
        for because in ("given back", "given"):
            paying.ended_because = because
            session.flush()
            presents.follow(session, paying, policy_of(settings), tools.clock.now())
    with tools.database.reading() as session:
        membership = session.scalars(select(Pledge).where(Pledge.kind == PledgeKind.PRESENT)).one()
        assert (membership.paid_until, membership.ended_at) == (until, None)
