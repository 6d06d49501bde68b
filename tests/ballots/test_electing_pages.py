"""The pages on which a round is drawn up in full, reminded of, and its voters' reasons are given and read."""

import re
from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import select

from patronage.ballots import extras, keys
from patronage.ballots.models import Policy, ReasonState, Round, RoundKey, RoundReason, RoundWeight
from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Database
from patronage.giving.models import Pledge, PledgeKind
from patronage.people.models import Person
from tests.ballots.polls import a_draft, a_patron, a_tier, an_open_round, closed, votes
from tests.fixtures.app import Browsers, SignIn

FORM = {
    "title": "What next?", "promise": "We report it.", "places": "1", "most_ticks": "2",
    "opens": "2026-03-02T10:00", "closes": "2026-03-09T18:00",
}  # fmt: skip


def test_every_rule_of_a_round_is_a_field_and_is_told_to_whoever_votes(
    browsers: Browsers, signed_in: SignIn, editor: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        low, high = a_tier(session, "Reader", 1, 500), a_tier(session, "Friend", 2, 2000)
        draft = a_draft(session, now)
    desk = browsers()
    rules = {
        "policy": "frozen", "cut_off": "2026-03-01T12:00", "least_tier": str(low.id), "least_days": "30",
        "weighted": "y", f"weight_{low.id}": "1", f"weight_{high.id}": "3", "budget_days": "9", "asks_why": "y",
        "invites": "y", "remind_days": "3",
    }  # fmt: skip
    page = f"/desk/rounds/{draft.id}"
    answer = desk.post(page, data={"csrf_token": signed_in(desk, editor)} | FORM | rules)
    assert answer.status_code == 303
    with database.reading() as session:
        round_ = session.get_one(Round, draft.id)
        assert (round_.policy, round_.least_tier_id, round_.least_days) == (Policy.FROZEN, low.id, 30)
        assert (round_.budget_days, round_.asks_why, round_.admits_named) == (9, True, False)
        weights = {row.tier_id: row.weight for row in session.scalars(select(RoundWeight))}
        assert weights == {low.id: 1, high.id: 3}
    drawn = desk.get(page).text
    assert 'value="2026-03-01T12:00"' in drawn
    for as_whom in ("", "?as=patron"):
        seen = desk.get(f"{page}/preview{as_whom}").text
        for words in (
            "nobody who came later", "from the level “Reader” up", "for at least 30 days", "Friend: 3",
            "budget of 9 reporter days", "not with a complimentary membership", "You can say why", "We report it.",
            "about 3 reporter days", "Nothing can be sent from here",
        ):  # fmt: skip
            assert words in seen, (as_whom, words)
        assert "Cast my ballot" not in seen


def test_what_stands_in_the_way_of_opening_is_listed_with_links_to_the_fields(
    browsers: Browsers, signed_in: SignIn, editor: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        low, high = a_tier(session, "Reader", 1, 500), a_tier(session, "Friend", 2, 2000)
        draft = a_draft(session, now, titles=("One", "Two"), weights={low.id: 3, high.id: 1}, budget_days=2)
    desk = browsers()
    signed_in(desk, editor)
    page = desk.get(f"/desk/rounds/{draft.id}").text
    ways = re.findall(r'<li><a href="#(\w+)">', page)
    assert ways == ["topics", "budget_days", "weights"]
    assert all(f'id="{way}"' in page for way in ways)
    assert f"/desk/rounds/{draft.id}/open" not in page


def test_a_cut_off_after_the_opening_is_refused_beside_its_field(
    browsers: Browsers, signed_in: SignIn, editor: Person
) -> None:
    desk = browsers()
    rules = {"policy": "frozen", "cut_off": "2026-03-05T12:00", "csrf_token": signed_in(desk, editor)}
    answer = desk.post("/desk/rounds/new", data=FORM | rules)
    assert answer.status_code == 422
    assert "before voting opens" in answer.text


def test_a_voter_says_why_and_the_desk_reads_it_after_closing(
    browsers: Browsers, signed_in: SignIn, editor: Person, patron: Person, database: Database, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, clock.now(), asks_why=True)
    reader, desk = browsers(), browsers()
    token = {"csrf_token": signed_in(reader, patron)}
    desk_token = {"csrf_token": signed_in(desk, editor)}
    ballot = {"choices": ["1", "2"], "submission": "once-and-no-more"}
    received = reader.post(f"/topics/{round_.id}", data=token | ballot).headers["Location"]
    assert 'name="why-1"' in reader.get(received).text
    place = f"/topics/{round_.id}/why"
    assert reader.post(place, data=token | {"why-1": "x" * 281}).status_code == 422
    assert reader.post(place, data=token | {"why-1": "<i>Floods</i>", "why-2": " ", "why-3": "no"}).status_code == 303
    assert "1 reason is kept" in reader.get(place).text
    whys = f"/desk/rounds/{round_.id}/whys"
    assert desk.get(whys).status_code == desk.post(whys, data=desk_token | {"do": "show:x"}).status_code == 404
    with database.transaction() as session:
        closed(session, session.get_one(Round, round_.id), clock.advance(hours=1))
        reason = session.scalars(select(RoundReason)).one()
    assert reader.post(place, data=token | {"why-1": "late"}).status_code == 422
    assert "&lt;i&gt;Floods" in desk.get(whys).text
    assert desk.post(whys, data=desk_token | {"do": f"show:{reason.id}", "state": "waiting"}).status_code == 303
    assert "&lt;i&gt;Floods" in desk.get(f"{whys}?state=shown").text
    with database.reading() as session:
        assert session.scalars(select(RoundReason.state)).one() == ReasonState.SHOWN


def test_the_desk_reminds_by_a_button_once(
    browsers: Browsers, signed_in: SignIn, editor: Person, round_: Round, patron: Person
) -> None:
    desk = browsers()
    token = {"csrf_token": signed_in(desk, editor)}
    page = f"/desk/rounds/{round_.id}"
    assert "Remind those who have not voted" in desk.get(page).text
    assert desk.post(f"{page}/remind", data=token).status_code == 303
    drawn = desk.get(page).text
    assert "The reminder is on its way" in drawn
    assert f"{page}/remind" not in drawn
    desk.post(f"{page}/remind", data=token)
    assert "reminded already" in desk.get(page).text


def test_who_may_not_vote_reads_why(
    browsers: Browsers, signed_in: SignIn, patron: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        level = a_tier(session, "Friend", 2, 2000)
        rounds_ = [
            an_open_round(session, now, least_tier_id=level.id), an_open_round(session, now, least_days=9),
            an_open_round(session, now, policy=Policy.FROZEN, cut_off=now),
        ]  # fmt: skip
        strict = an_open_round(session, now, admits_named=False)
        session.scalars(select(Pledge).where(Pledge.person_id == patron.id)).one().kind = PledgeKind.COMPLIMENTARY
        paying = a_patron(session, now)
    reader, named = browsers(), browsers()
    signed_in(reader, paying)
    signed_in(named, patron)
    reasons = ("higher level of support", "at least 9 days", "nobody is added to it")
    for round_, words in zip(rounds_, reasons, strict=True):
        page = reader.get(f"/topics/{round_.id}").text
        assert words in page
        assert "You cannot vote here" in page
        assert "/support?interval=month" not in page.split("<main")[1]
    assert "complimentary memberships have no ballot" in named.get(f"/topics/{strict.id}").text


def test_after_a_gift_the_first_open_vote_that_takes_newcomers_is_shown(
    app: Flask, patron: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        an_open_round(session, now, policy=Policy.FROZEN, cut_off=now - timedelta(days=1))
        with app.test_request_context():
            assert extras.on_thanks(session, patron.id, now) is None
            live = an_open_round(session, now, closes_at=now + timedelta(days=30))
            shown = extras.on_thanks(session, patron.id, now)
        assert shown is not None
        assert shown["ballot"].round.id == live.id


def test_a_gift_is_thanked_for_though_the_key_of_a_vote_does_not_open(
    app: Flask, patron: Person, round_: Round, database: Database, now: datetime
) -> None:
    with database.transaction() as session, app.test_request_context():
        assert extras.on_thanks(session, patron.id, now)
        session.get_one(RoundKey, round_.id).sealed = keys.seal(keys.draw(), round_.id, "the secret there was before")
        session.flush()
        assert extras.on_thanks(session, patron.id, now) is None


def test_a_vote_for_those_who_were_there_before_does_not_promise_one_to_newcomers(
    browsers: Browsers, patron: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        live, frozen = an_open_round(session, now), an_open_round(session, now, policy=Policy.FROZEN)
        votes(session, live, patron, "1", now)
    stranger = browsers()
    assert "Whoever becomes one today votes today" in stranger.get(f"/topics/{live.id}").text
    page = stranger.get(f"/topics/{frozen.id}").text
    assert "votes next time" in page
    with database.reading() as session:
        assert str(session.get_one(Round, frozen.id).electorate_sha256) in page
