"""The page of a result says what holds now, and nothing that does not hold of this vote."""

import json
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from patronage.ballots import topics
from patronage.ballots.deciding.models import EditorialDecision
from patronage.ballots.electing import whys
from patronage.ballots.models import ReasonState, Round, RoundReason, RoundResult
from patronage.ballots.rounds import topic_ids
from patronage.ballots.sealing import freezing
from patronage.foundation import fresh
from patronage.foundation.database import Database
from patronage.people.models import Person
from tests.ballots.polls import a_patron, a_tier, an_open_round, closed, votes
from tests.fixtures.app import Browsers, SignIn


@pytest.fixture
def always_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is remembered for a second: each question looks whether something has changed."""
    monkeypatch.setattr(fresh, "SECONDS", 0.0)


def _over(database: Database, now: datetime, *ballots: str, **terms: Any) -> Round:
    """A closed round with these ballots."""
    with database.transaction() as session:
        round_ = an_open_round(session, now, **terms)
        for choices in ballots:
            votes(session, round_, a_patron(session, now), choices, now)
        return closed(session, round_, now)


@pytest.mark.usefixtures("always_looking")
def test_readers_see_at_once_that_somebody_is_on_a_topic_and_nobody_any_more(
    browsers: Browsers, database: Database, now: datetime
) -> None:
    round_, reader = _over(database, now, "1"), browsers()
    assert "Being worked on" not in reader.get(f"/topics/{round_.id}").text
    with database.transaction() as session:
        won = topic_ids(session, round_.id)[0]
        topics.assign(session, won, "Olena", None, now)
    assert "Being worked on" in reader.get(f"/topics/{round_.id}").text
    with database.transaction() as session:
        topics.hand_back(session, won, None, now)
    assert "Being worked on" not in reader.get(f"/topics/{round_.id}").text


@pytest.mark.usefixtures("always_looking")
def test_a_reason_that_is_hidden_while_another_is_shown_is_gone(
    browsers: Browsers, database: Database, now: datetime
) -> None:
    round_, reader = _over(database, now, "1", asks_why=True), browsers()
    with database.transaction() as session:
        for text, state in (("A harmful word", ReasonState.SHOWN), ("A fine word", ReasonState.WAITING)):
            row = {"id": text.replace(" ", "-"), "round_id": round_.id, "position": 1, "text": text, "state": state}
            session.add(RoundReason(**row))
    assert "A harmful word" in reader.get(f"/topics/{round_.id}").text
    with database.transaction() as session:
        whys.hide(session, round_, "A-harmful-word", None, now)
        whys.show(session, round_, "A-fine-word", None, now)
    page = reader.get(f"/topics/{round_.id}").text
    assert "A harmful word" not in page
    assert "A fine word" in page


@pytest.mark.usefixtures("always_looking")
def test_a_decision_that_took_longer_than_the_next_one_is_told_all_the_same(
    browsers: Browsers, database: Database, now: datetime
) -> None:
    rounds, reader = [_over(database, now, "1"), _over(database, now, "1")], browsers()
    for round_, number in zip(rounds, (8, 7), strict=True):  # the first number was drawn by whoever was done last
        assert "decided otherwise" not in reader.get(f"/topics/{round_.id}").text
        with database.transaction() as session:
            won = topic_ids(session, round_.id)[0]
            made = {"decided_by": None, "decided_at": now, "reason": "It was told elsewhere."}
            session.add(EditorialDecision(id=number, round_id=round_.id, topic_id=won, chosen=False, **made))
        assert "decided otherwise" in reader.get(f"/topics/{round_.id}").text


@pytest.mark.usefixtures("always_looking")
def test_readers_are_told_why_a_result_was_corrected(browsers: Browsers, database: Database, now: datetime) -> None:
    round_, reader = _over(database, now, "1"), browsers()
    assert "counted again" not in reader.get(f"/topics/{round_.id}").text
    with database.transaction() as session:
        first = session.scalars(select(RoundResult).where(RoundResult.round_id == round_.id)).one()
        reason = "A tie was drawn twice."
        corrects = {"version": 1, "sha256": first.sha256, "reason": reason}
        again = {**json.loads(first.canonical), "version": 2, "corrects": corrects}
        freezing.write(session, round_.id, again, reason, now)
    page = reader.get(f"/topics/{round_.id}").text
    assert "The ballots were counted again, and the result was corrected" in page
    assert reason in page


def test_a_vote_without_ballots_says_nothing_of_fairness(browsers: Browsers, database: Database, now: datetime) -> None:
    page = browsers().get(f"/topics/{_over(database, now).id}").text
    assert "Nobody ticked anything" in page
    assert "Fair to groups" not in page


def _desk(browsers: Browsers, signed_in: SignIn, editor: Person, round_: Round) -> str:
    desk = browsers()
    signed_in(desk, editor)
    return desk.get(f"/desk/rounds/{round_.id}").text


def test_how_few_ballots_turn_a_place_is_told_where_the_place_is_taken_by_ballots(
    browsers: Browsers, signed_in: SignIn, editor: Person, database: Database, now: datetime
) -> None:
    taken = _over(database, now, "1,2", "2")
    assert "more ballot" in _desk(browsers, signed_in, editor, taken)
    left_over = _over(database, now, "1", "1", places=3)  # nobody ticked what stands third
    assert "more ballot" not in _desk(browsers, signed_in, editor, left_over)
    with database.transaction() as session:
        weights = {a_tier(session, "Friend", 1, 300).id: 1, a_tier(session, "Pillar", 2, 900).id: 3}
    weighed = _over(database, now, "1,2", "2", weights=weights)  # places go by weight, the margins by ballots
    assert "more ballot" not in _desk(browsers, signed_in, editor, weighed)


def test_a_slate_by_weight_is_not_called_one_by_ticks(
    browsers: Browsers, signed_in: SignIn, editor: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        weights = {a_tier(session, "Friend", 1, 300).id: 1, a_tier(session, "Pillar", 2, 900).id: 3}
        round_ = an_open_round(session, now, weights=weights)
        for monthly, choices in ((300, "1"), (300, "1,2"), (900, "3,4")):  # by ticks 1 and 2 would win
            votes(session, round_, a_patron(session, now, monthly=monthly), choices, now)
        closed(session, round_, now)
    for page in (_desk(browsers, signed_in, editor, round_), browsers().get(f"/topics/{round_.id}").text):
        assert "By weight" in page
        assert "The 2 topics with the greatest weight." in page
        assert "By most ticks" not in page
    book = browsers().get(f"/topics/{round_.id}/result.xlsx").data
    with ZipFile(BytesIO(book)) as parts:
        texts = parts.read("xl/sharedStrings.xml").decode()
    assert "greatest weight" in texts
    assert "most ticks" not in texts


def test_bands_of_voters_have_names_people_know(
    browsers: Browsers, signed_in: SignIn, editor: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        for years, language in ((0, "en"), (4, "uk")):
            voter = a_patron(session, now, since=now - timedelta(days=366 * years))
            voter.language = language
            votes(session, round_, voter, "1", now)
        closed(session, round_, now)
    page = _desk(browsers, signed_in, editor, round_)
    for words in ("under 3 months", "3 years or more", "English", "Українська"):
        assert words in page
    assert "over 3 years" not in page
