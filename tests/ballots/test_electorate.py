"""Who may vote in a round, what their ballot weighs, and when a payment that is given back takes the ballot along."""

import secrets
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from patronage.ballots import keys, rounds, voting
from patronage.ballots.electing import electorate, entitlement
from patronage.ballots.models import Ballot, Electorate, Policy, Round, RoundKey
from patronage.ballots.refusals import (
    BelowLeastTier,
    ListNotDrawnUp,
    NotEntitled,
    NotGrantedByName,
    NotOnTheList,
    TooShortAPatron,
)
from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Database
from patronage.foundation.worker import Worker
from patronage.giving.memberships import pricing
from patronage.giving.memberships.models import Present
from patronage.giving.memberships.pricing import Editor
from patronage.giving.models import Interval, Pledge, PledgeKind
from patronage.people.models import Person
from tests.ballots.polls import (
    SECRET,
    a_draft,
    a_patron,
    a_person,
    a_pledge,
    a_tier,
    an_open_round,
    closed,
    statements,
    take_back,
    votes,
)

DAY, YEAR = timedelta(days=1), timedelta(days=365)


def _pledge(session: Session, person: Person) -> Pledge:
    return session.scalars(select(Pledge).where(Pledge.person_id == person.id)).one()


def _ballots(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Ballot)) or 0


def test_a_frozen_list_takes_nobody_who_came_after_the_cut_off(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        early, ended = a_patron(session, now - DAY), a_patron(session, now - DAY)
        late = a_patron(session, now)
        _pledge(session, ended).patron_until = now - timedelta(hours=1)
        round_ = an_open_round(session, now, policy=Policy.FROZEN, cut_off=now - timedelta(hours=2))
        votes(session, round_, early, "1", now)
        for person in (late, ended, a_patron(session, now), a_person(session, now)):
            with pytest.raises(NotOnTheList):
                votes(session, round_, person, "1", now)
        assert round_.electorate_size == 1


def test_who_came_back_after_the_cut_off_is_not_on_the_list_for_having_been_there_before(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        back = a_patron(session, now - YEAR)
        a_pledge(session, now, back)
        assert an_open_round(session, now, policy=Policy.FROZEN, cut_off=now - DAY).electorate_size == 0


def test_a_payment_given_back_before_the_cut_off_removes_and_later_does_not(
    database: Database, worker: Worker, clock: FrozenClock
) -> None:
    now = clock.now()
    with database.transaction() as session:
        before, after, during = (a_patron(session, now - DAY) for _ in range(3))
        draft = a_draft(session, now, policy=Policy.FROZEN, cut_off=now + DAY, opens_at=now + DAY)
        rounds.open_round(session, draft.id, SECRET, None, now)
        take_back(session, _pledge(session, before), now)
        with pytest.raises(ListNotDrawnUp):
            voting.cast(session, draft.id, after.id, ["1"], "submission", now + DAY, SECRET)
    now = clock.advance(days=1)
    worker.work_until_idle()
    with database.transaction() as session:
        round_ = session.get_one(Round, draft.id)
        assert round_.electorate_size == 2
        take_back(session, _pledge(session, after), now, disputed=True)
        for person in (after, during):
            voting.cast(session, round_.id, person.id, ["1"], secrets.token_hex(9), now, SECRET)
        with pytest.raises(NotOnTheList):
            voting.cast(session, round_.id, before.id, ["1"], secrets.token_hex(9), now, SECRET)
        take_back(session, _pledge(session, during), now)
        rounds.close_round(session, round_.id, SECRET, None, now)
        assert _ballots(session) == 2


def test_the_hash_of_the_list_is_published_at_opening_and_finds_who_was_added_later(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        patrons = [a_patron(session, now - DAY) for _ in range(3)]
        round_ = an_open_round(session, now, policy=Policy.FROZEN)
        key = keys.unseal(session.get_one(RoundKey, round_.id).sealed, round_.id, SECRET)
        expected = electorate.list_hash(key, [patron.id for patron in reversed(patrons)])
        assert (round_.electorate_size, round_.electorate_sha256) == expected
        assert electorate.holds(session, round_, SECRET)
        other = electorate.list_hash(keys.draw(), [patron.id for patron in patrons])
        assert other[1] != expected[1]  # without the key nobody can try who is on it
        session.add(Electorate(round_id=round_.id, person_id=a_person(session, now).id))
        session.flush()
        assert not electorate.holds(session, round_, SECRET)


def test_until_closing_size_and_hash_are_published_at_closing(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        voter, idle, gone = (a_patron(session, now) for _ in range(3))
        round_ = an_open_round(session, now)
        for person in (voter, gone):
            votes(session, round_, person, "1", now)
        _pledge(session, gone).patron_until = now + DAY  # their time runs out; the ballot stays
        assert not round_.electorate_sha256
        key = keys.unseal(session.get_one(RoundKey, round_.id).sealed, round_.id, SECRET)
        closed(session, round_, now + 2 * DAY)
        expected = electorate.list_hash(key, [voter.id, idle.id, gone.id])
        assert (round_.electorate_size, round_.electorate_sha256) == expected


def test_a_level_of_support_can_be_asked_for(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        a_tier(session, "Reader", 1, 500)
        ally = a_tier(session, "Ally", 2, 1000)
        a_tier(session, "Friend", 3, 2000)
        small, enough, more = (a_patron(session, now, monthly=cents) for cents in (999, 1000, 5000))
        named = a_patron(session, now, kind=PledgeKind.COMPLIMENTARY, monthly=0)
        round_ = an_open_round(session, now, least_tier_id=ally.id)
        for person in (enough, more, named):
            votes(session, round_, person, "1", now)
        with pytest.raises(BelowLeastTier):
            votes(session, round_, small, "1", now)
        closed(session, round_, now + DAY)
        assert round_.electorate_size == 3


def test_a_present_has_the_level_that_stood_on_it_and_a_year_counts_by_its_own_price(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        a_tier(session, "Reader", 1, 500)
        friend = a_tier(session, "Friend", 2, 2000)
        round_ = an_open_round(session, now, least_tier_id=friend.id)
        giver, yearly = a_patron(session, now, monthly=100), a_patron(session, now, monthly=20_000)
        _pledge(session, yearly).interval = Interval.YEAR
        for tier_name, can_vote in (("Friend", True), ("Reader", False)):
            holder = a_patron(session, now, monthly=0, kind=PledgeKind.PRESENT)
            bought = a_pledge(session, now, giver)
            session.add(
                Present(
                    reference=f"present {tier_name}", pledge_id=bought.id, months=12, tier_name=tier_name,
                    giver_name="", recipient_name="", recipient_email="", message="", language="en", deliver_at=now,
                    membership_id=_pledge(session, holder).id,
                )
            )  # fmt: skip
            session.flush()
            assert (entitlement.of_one(session, round_.id, holder.id, now) is None) is can_vote
        votes(session, round_, yearly, "1", now)
        _pledge(session, yearly).amount_minor = 19_999
        session.flush()
        with pytest.raises(BelowLeastTier):
            votes(session, round_, yearly, "1", now)


def test_a_length_of_patronage_can_be_asked_for(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        old, new = a_patron(session, now, since=now - 91 * DAY), a_patron(session, now, since=now - 89 * DAY)
        round_ = an_open_round(session, now, least_days=90)
        votes(session, round_, old, "1", now)
        with pytest.raises(TooShortAPatron, match="90 days"):
            votes(session, round_, new, "1", now)
        votes(session, round_, new, "1", now + DAY)


def test_what_was_given_back_or_given_once_makes_nobody_a_patron_for_longer(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        new = a_patron(session, now)
        earlier = a_pledge(session, now, new, since=now - YEAR)
        earlier.paid_until = earlier.patron_until = None
        round_ = an_open_round(session, now, least_days=90)
        with pytest.raises(TooShortAPatron):
            votes(session, round_, new, "1", now)


def test_who_is_a_patron_by_name_alone_is_counted_as_that_or_not_admitted(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        given = [a_patron(session, now, kind=PledgeKind.COMPLIMENTARY, monthly=0) for _ in range(4)]
        voter, idle, paying, paying_and_idle = given
        for person in (paying, paying_and_idle):
            a_pledge(session, now, person)
        strict = an_open_round(session, now, admits_named=False)
        with pytest.raises(NotGrantedByName):
            votes(session, strict, voter, "1", now)
        votes(session, strict, paying, "1", now)
        round_ = an_open_round(session, now)
        for person in (voter, paying):
            votes(session, round_, person, "1", now)
        closed(session, round_, now + DAY)
        listed = select(Electorate.person_id, Electorate.named).where(Electorate.round_id == round_.id)
        assert set(map(tuple, session.execute(listed))) == {(voter.id, True), (idle.id, True), (paying.id, False)}
        assert round_.electorate_size == 4
        assert closed(session, strict, now + DAY).electorate_size == 2


def test_weights_follow_the_level_at_casting_and_the_frozen_list_the_one_at_opening(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        low, high = a_tier(session, "Reader", 1, 500), a_tier(session, "Friend", 2, 2000)
        weights = {low.id: 1, high.id: 3}
        reader, friend, below = (a_patron(session, now, monthly=cents) for cents in (500, 2000, 100))
        live = an_open_round(session, now, weights=weights)
        frozen = an_open_round(session, now + timedelta(minutes=1), weights=weights, policy=Policy.FROZEN)
        for person in (reader, friend, below):
            votes(session, live, person, "1", now)
        _pledge(session, reader).amount_minor = 2000
        session.flush()
        for round_ in (live, frozen):
            votes(session, round_, reader, "1", now + timedelta(minutes=2))
        for round_, expected in ((live, [1, 3, 3]), (frozen, [1])):
            assert sorted(session.scalars(select(Ballot.weight).where(Ballot.round_id == round_.id))) == expected


def test_bands_are_coarse_and_say_nothing_of_when_somebody_voted(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        a_tier(session, "Friend", 1, 2000)
        round_ = an_open_round(session, now)
        since = [now - DAY, now - 200 * DAY, now - 2 * YEAR, now - 4 * YEAR]
        for begun in since:
            votes(session, round_, a_patron(session, now, since=begun, monthly=2500), "1", now)
        named = a_patron(session, now, kind=PledgeKind.COMPLIMENTARY, monthly=0)
        votes(session, round_, named, "1", now)
        rows = session.scalars(select(Electorate).order_by(Electorate.person_id)).all()
        tenures = ["under 3 months", "3 to 12 months", "1 to 3 years", "over 3 years", "under 3 months"]
        assert [row.tenure_band for row in rows] == tenures
        assert [row.tier_band for row in rows] == ["Friend"] * 4 + [entitlement.NAMED_BAND]
        assert {row.lang for row in rows} == {"en"}
    assert not [column.name for column in Electorate.__table__.columns if column.name.endswith("_at")]


def test_a_round_closed_before_its_cut_off_lists_who_is_a_patron_then(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        ends_soon = a_patron(session, now - DAY)
        _pledge(session, ends_soon).patron_until = now + timedelta(hours=1)
        cut_off, opens_at = now + timedelta(hours=2), now + timedelta(hours=3)
        round_ = an_open_round(session, now, policy=Policy.FROZEN, cut_off=cut_off, opens_at=opens_at)
        assert closed(session, round_, now).electorate_size == 1


def test_nobody_without_a_settled_payment_is_on_any_list(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        waiting = a_patron(session, now)
        _pledge(session, waiting).settled_at = None
        session.flush()
        assert an_open_round(session, now, policy=Policy.FROZEN).electorate_size == 0
        with pytest.raises(NotEntitled):
            votes(session, an_open_round(session, now), waiting, "1", now)


def test_a_ballot_in_a_round_on_terms_costs_as_many_statements_as_any(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        tier = a_tier(session, "Reader", 1, 500)
        patron = a_patron(session, now, since=now - YEAR)
        terms: dict[str, Any] = {"least_tier_id": tier.id, "least_days": 30, "weights": {tier.id: 2}, "asks_why": True}
        live = an_open_round(session, now, **terms)
        frozen = an_open_round(session, now, policy=Policy.FROZEN, **terms)
    for round_ in (live, frozen):
        with statements(database) as seen, database.transaction() as session:
            votes(session, round_, patron, "1,2", now)
        assert len(seen) <= (4 if database.is_sqlite else 3), seen


@pytest.mark.parametrize("term", ["least_tier_id", "weights"])
def test_a_level_that_a_vote_names_cannot_be_removed(database: Database, now: datetime, term: str) -> None:
    with database.transaction() as session:
        tier, admin = a_tier(session, "Ally", 1, 500), a_person(session, now)
        terms: dict[str, Any] = {term: tier.id if term == "least_tier_id" else {tier.id: 2}}
        an_open_round(session, now, **terms)
    with pytest.raises(pricing.TierNamedElsewhere), database.transaction() as session:
        pricing.remove_tier(session, tier.id, Editor(admin.id, now))
    with database.reading() as session:
        assert pricing.prices_of(session, tier.id)
