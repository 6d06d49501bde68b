"""What a page of voting costs: a handful of questions to the database, however long its history."""

from datetime import datetime, timedelta

import pytest

from patronage.ballots import known_rounds
from patronage.ballots.models import Round
from patronage.foundation.database import Database
from patronage.people.models import Person
from tests.ballots.polls import an_open_round, closed, statements, votes
from tests.fixtures.app import Browsers, SignIn

MOST = 6


@pytest.fixture(autouse=True)
def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process reads again each second, whoever asks, is no question of a page: here it holds for a minute."""
    monkeypatch.setattr("patronage.foundation.fresh.SECONDS", 60.0)


def _history(database: Database, patron: Person, now: datetime, length: int = 6) -> None:
    with database.transaction() as session:
        for number in range(length):
            round_ = an_open_round(session, now)
            votes(session, round_, patron, "2", now)
            closed(session, round_, now + timedelta(minutes=number))


def test_no_page_of_voting_asks_more_than_six_questions(
    browsers: Browsers,
    signed_in: SignIn,
    round_: Round,
    patron: Person,
    editor: Person,
    database: Database,
    now: datetime,
) -> None:
    _history(database, patron, now)
    stranger, voter, desk = browsers(), browsers(), browsers()
    signed_in(voter, patron)
    signed_in(desk, editor)
    asked = {
        stranger: ["/topics", f"/topics/{round_.id}", f"/topics/{round_.id + 1}"],
        voter: [f"/topics/{round_.id}", "/topics/suggest", "/account"],
        desk: [
            "/desk/rounds",
            f"/desk/rounds/{round_.id}",
            f"/desk/rounds/{round_.id + 1}",
            "/desk/topics",
            "/desk/topics/1",
        ],
    }
    stranger.get("/topics")  # what is known of the newsroom and its votes is read now
    for browser, paths in asked.items():
        for path in paths:
            with statements(database) as seen:
                assert browser.get(path).status_code in {200, 404}
            assert len(seen) <= MOST, (path, seen)


def test_the_list_of_votes_costs_the_same_however_many_there_were(
    browsers: Browsers, patron: Person, database: Database, now: datetime
) -> None:
    counts = []
    for _ in range(2):
        _history(database, patron, now)
        browser = browsers()
        browser.application.extensions["patronage-rounds"] = known_rounds.KnownRounds(database)
        browser.get("/privacy")  # what is known of the newsroom is read now
        with statements(database) as seen:
            page = browser.get("/topics")
        assert "Trains after midnight" in page.text
        counts.append(len(seen))
    assert counts[0] == counts[1] <= MOST
