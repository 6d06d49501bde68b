"""A vote that was open, and one that had closed, when the tables were reshaped, go on as if nothing had happened."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from patronage.ballots.models import ResultCount, Round, RoundKey, RoundResult
from patronage.ballots.results import visible_results
from patronage.ballots.sealing import canonical, certifying, chain, freezing, recounting
from patronage.foundation.database import Database
from patronage.foundation.migrations import downgrade, upgrade
from tests.ballots.polls import a_patron, an_open_round, closed, votes

BEFORE = "0020"  # rounds had neither seals nor second views, and results were of the first schema


def test_rounds_of_before_are_closed_certified_and_counted_again(
    empty_database: Database, empty_database_url: str, now: datetime
) -> None:
    upgrade(empty_database_url)
    with empty_database.transaction() as session:
        voters = [a_patron(session, now) for _ in range(4)]
        over, open_ = an_open_round(session, now), an_open_round(session, now)
        for voter, choices in zip(voters, ("1,2", "1", "", "3"), strict=True):
            votes(session, over, voter, choices, now)
            votes(session, open_, voter, choices, now)
        _close_as_before(session, over, now)
    empty_database.close()
    downgrade(empty_database_url, BEFORE)
    upgrade(empty_database_url)
    with empty_database.transaction() as session:
        open_, over = session.get_one(Round, open_.id), session.get_one(Round, over.id)
        assert votes(session, open_, voters[0], "3", now).replaces
        votes(session, open_, a_patron(session, now), "3", now)
        closed(session, open_, now + timedelta(days=8))
        assert _ballots(session, over) == (4, {1: 2, 2: 1, 3: 1, 4: 0, 5: 0})
        assert _ballots(session, open_) == (5, {1: 1, 2: 0, 3: 3, 4: 0, 5: 0})
    with empty_database.transaction() as session:
        for round_id in (over.id, open_.id):
            certifying.certify(session, round_id, recounting.agreed(session, round_id), None, now)
            assert session.get(RoundKey, round_id) is None
            assert recounting.problems(session, session.get_one(Round, round_id)) == []


def _close_as_before(session: Session, round_: Round, now: datetime) -> None:
    """Close a round as it was done then: a result of the first schema, and nothing sealed."""
    round_.closed_at = now
    said = {"schema": canonical.FIRST_SCHEMA, "electorate": {"policy": "until closing", "size": 9}}
    content = freezing.again(session, round_, said, chain.roots(session, round_.id))
    text = canonical.written(content)
    frozen = {"canonical": text, "sha256": canonical.sha256(text), "frozen_at": now}
    session.add(RoundResult(round_id=round_.id, version=1, **frozen))
    session.flush()
    for topic in content["topics"]:
        row = {"position": topic["position"], "votes": topic["votes"]}
        session.add(ResultCount(round_id=round_.id, version=1, **row))


def _ballots(session: Session, round_: Round) -> tuple[int, dict[int, int]]:
    result = visible_results(session, round_, None).result
    assert result
    return result.cast, dict(sorted((line.position, line.votes) for line in result.lines))
