"""What a result holds: every view of it, small enough to send, and results of the first schema as they were."""

import json
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.ballots import results, rounds
from patronage.ballots.frozen import Frozen, Slate, Unweighted
from patronage.ballots.models import Ballot, Round, RoundResult
from patronage.ballots.sealing import canonical, chain, freezing, recounting
from patronage.foundation.database import Database
from tests.ballots.polls import SECRET, a_draft, a_patron, a_tier, an_open_round, closed, unguarded, votes

KILOBYTE = 1024


def _result(session: Session, round_: Round) -> Frozen:
    result = results.visible_results(session, round_, None).result
    assert result
    return result


def _voted(session: Session, round_: Round, now: datetime, *cast: tuple[str, int], **patron: Any) -> None:
    for choices, many in cast:
        for _ in range(many):
            votes(session, round_, a_patron(session, now, **patron), choices, now)


def test_both_slates_and_who_they_leave_out_stand_in_the_result(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now, places=2)
        _voted(session, round_, now, ("1,2,3", 6), ("4", 4), ("5", 1), ("", 1))
        closed(session, round_, now)
        result = _result(session, round_)
        view = result.views()
        assert view
        assert set(view.approval.positions) <= {1, 2, 3}
        assert view.approval == Slate(view.approval.positions, nothing=5, left_out=4, over=4, holds=True)
        assert 4 in view.fair.positions
        assert (view.fair.nothing, view.agree) == (1, False)
        assert [each.places for each in result.what_if] == [2, 3, 4, 5]
        assert result.fair
        assert result.views(5) is not None
        assert all(view.fair.positions == result.fair.order[: view.places] for view in result.what_if)
        assert result.flip
        assert (result.flip.extra, result.flip.switched) == (1, 1)
        assert [(each.ahead, each.verdict) for each in result.margins] == [
            (0, "equal"), (0, "equal"), (2, "decided"), (3, "decided"),
        ]  # fmt: skip
        assert recounting.problems(session, round_) == []


def test_equal_shares_stand_beside_where_there_is_a_budget(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now, budget_days=7)
        _voted(session, round_, now, ("1", 4), ("2", 4), ("3", 1))
        closed(session, round_, now)
        shares = _result(session, round_).shares
        assert shares
        assert (set(shares.slate.positions), shares.budget, shares.spent) == ({1, 2}, 7, 6)
        assert json.loads(_result(session, round_).canonical)["rules"]["equal_shares"]["completion"] == "add1"
        assert recounting.problems(session, round_) == []


def test_a_weighted_result_decides_and_the_unweighted_stands_beside(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        tier = a_tier(session, "Patron", 1, 2000)
        round_ = an_open_round(session, now, places=1, weights={tier.id: 3})
        _voted(session, round_, now, ("1", 11))
        _voted(session, round_, now, ("2", 10), monthly=2500)
        closed(session, round_, now)
        result = _result(session, round_)
        assert result.is_weighted
        assert [(line.position, line.votes, line.weighted) for line in result.lines[:2]] == [(2, 10, 30), (1, 11, 11)]
        assert result.slate == (2,)
        assert result.unweighted
        assert isinstance(result.unweighted, Unweighted)
        assert result.unweighted.slate == (1,)
        assert json.loads(result.canonical)["electorate"]["weights"] == [{"level": "Patron", "weight": 3}]
        assert recounting.problems(session, round_) == []


def test_of_few_ballots_that_weigh_more_the_sum_is_not_told(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        tier = a_tier(session, "Patron", 1, 2000)
        round_ = an_open_round(session, now, places=1, weights={tier.id: 3})
        _voted(session, round_, now, ("1", 12))
        _voted(session, round_, now, ("2", 1), monthly=2500)
        closed(session, round_, now)
        assert {line.weighted for line in _result(session, round_).lines} == {None}


def test_a_result_of_two_hundred_topics_stays_small(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        titles = [f"A question about the part of town that has the number {number}" for number in range(1, 201)]
        draft = a_draft(session, now, places=10, titles=titles)
        rounds.open_round(session, draft.id, SECRET, None, now)
        _voted(session, draft, now, *((f"{number},{number + 1}", 1) for number in range(1, 60)))
        closed(session, draft, now)
        result = _result(session, draft)
        assert len(result.canonical.encode()) < 64 * KILOBYTE
        assert len(result.margins) == 10
        assert len(result.fair.order if result.fair else ()) == 10


def test_a_round_nobody_voted_in_has_a_result(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now, budget_days=5)
        closed(session, round_, now)
        result = _result(session, round_)
        assert (result.cast, result.slate, result.breakdowns, result.pairs) == (0, (), (), ())
        assert result.lines[0].share == Fraction(0)
        assert recounting.problems(session, round_) == []


def test_results_of_the_first_schema_are_read_and_recounted_as_they_were(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        _voted(session, round_, now, ("1,2", 2), ("2", 1), ("", 1))
        closed(session, round_, now)
        unguarded(session, "DELETE FROM round_result", "DELETE FROM result_count", "DELETE FROM chain_batch")
        session.expunge_all()
        round_ = session.get_one(Round, round_.id)
        said = {"schema": canonical.FIRST_SCHEMA, "electorate": {"policy": "until closing", "size": 9}}
        first = freezing.again(session, round_, said, chain.roots(session, round_.id))
        row = freezing.write(session, round_.id, {**first, "version": 1}, None, now)
        text = canonical.written(first)
        unguarded(session)
        row.canonical, row.sha256 = text, canonical.sha256(text)
        session.flush()
        assert recounting.problems(session, round_) == []
        result = _result(session, round_)
        assert [(line.position, line.votes) for line in result.lines[:2]] == [(2, 3), (1, 2)]
        assert (result.electorate, result.what_if, result.chain, result.views()) == (9, (), None, None)
        session.scalars(select(Ballot).where(Ballot.choices == "2")).one().choices = "3"
        session.flush()
        assert not results.recount(session, round_)
        assert session.scalars(select(RoundResult.version)).all() == [1]
