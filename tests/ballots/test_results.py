"""A result is counted once, frozen with its hash, and the same for everybody who counts again."""

import json
import random
import re
import time
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from patronage.ballots import result_csv, results, rounds
from patronage.ballots.frozen import Frozen
from patronage.ballots.models import Ballot, ResultCount, Round, RoundResult, Topic, TopicState
from patronage.ballots.refusals import (
    AlreadyOpen,
    DatesOutOfOrder,
    NoSuchRound,
    NotUsableHere,
    OverBeforeItOpens,
    RoundClosed,
    TooFewTopics,
)
from patronage.ballots.sealing import canonical
from patronage.books.models import Payment
from patronage.foundation import sheets
from patronage.foundation.database import Database
from patronage.giving.models import Pledge
from patronage.people.models import Person
from patronage.people.people import SignedIn
from tests.ballots.polls import SECRET, a_draft, a_patron, an_open_round, closed, votes

EDITOR = SignedIn(1, "editor@newsroom.example", frozenset({"editor"}))
ADMIN = SignedIn(2, "admin@newsroom.example", frozenset({"admin"}))
BOOKKEEPER = SignedIn(3, "books@newsroom.example", frozenset({"bookkeeper"}))
PATRON = SignedIn(4, "patron@reader.example", frozenset())


def _result(session: Session, round_: Round) -> Frozen:
    result = results.visible_results(session, round_, None).result
    assert result is not None
    return result


def test_a_round_is_counted_and_frozen_at_closing(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        patrons = [a_patron(session, now) for _ in range(6)]
        for patron, choices in zip(patrons, ["1,2", "2", "2,5", "", "5"], strict=False):
            votes(session, round_, patron, choices, now)
        closed(session, round_, now + timedelta(days=1))
        result = _result(session, round_)
        assert [(line.position, line.votes) for line in result.lines][:3] == [(2, 3), (5, 2), (1, 1)]
        assert [line.position for line in result.lines if line.chosen] == [2, 5]
        assert (result.cast, result.blank, result.electorate) == (5, 1, 6)
        assert result.lines[0].share == Fraction(3, 5)
        counts = {line.position: line.votes for line in session.scalars(select(ResultCount))}
        assert counts == {1: 1, 2: 3, 3: 0, 4: 0, 5: 2}
        states = [session.get_one(Topic, topic_id).state for topic_id in rounds.topic_ids(session, round_.id)]
        assert [state is TopicState.CHOSEN for state in states] == [False, True, False, False, True]


def test_the_canonical_result_has_sorted_keys_no_floats_and_the_published_seed(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        published = round_.tie_seed_hash
        votes(session, round_, a_patron(session, now), "1", now)
        closed(session, round_, now)
        result = _result(session, round_)
    said = json.loads(result.canonical, parse_float=pytest.fail)
    assert result.canonical == json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert result.sha256 == canonical.sha256(result.canonical)
    assert rounds.seed_hash(said["tie_seed"]) == said["tie_seed_sha256"] == published
    assert said["rules"]["approval"] == {"name": "approval", "version": 1, "weighted": False}
    document = (Path(__file__).parents[2] / "docs" / "2_a_round.md").read_text()
    rows = document.partition("| key | what it holds |")[2].partition("\n\n")[0]
    assert {name for row in rows.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1:2][0])} == set(
        said
    )


def test_a_frozen_result_cannot_be_changed(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        closed(session, round_, now)
    for deed in (
        "UPDATE round_result SET sha256 = 'x'",
        "DELETE FROM round_result",
        "UPDATE result_count SET votes = 9",
    ):
        with pytest.raises(DatabaseError, match="append-only"), database.transaction() as session:
            session.execute(text(deed))


def test_a_recount_gives_the_frozen_hash_whatever_the_order_of_rows(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        for number in range(20):
            votes(session, round_, a_patron(session, now), f"{1 + number % 5}", now)
        closed(session, round_, now)
        rows = [{"round_id": each.round_id, "token": each.token, "version": 1, "choices": each.choices, "weight": 1}
                for each in session.scalars(select(Ballot))]  # fmt: skip
        session.execute(delete(Ballot))
        random.Random(7).shuffle(rows)
        session.execute(insert(Ballot), rows)
        assert results.recount(session, round_)
        session.execute(delete(Ballot).where(Ballot.token == rows[0]["token"]))
        assert not results.recount(session, round_)


def test_while_open_nobody_sees_a_count_and_only_editors_see_turnout_in_tens(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        for _ in range(19):
            votes(session, round_, a_patron(session, now), "1", now)
        seen = [results.visible_results(session, round_, actor) for actor in (EDITOR, ADMIN, BOOKKEEPER, PATRON, None)]
        assert [each.result for each in seen] == [None] * 5
        assert [each.turnout for each in seen] == [10, 10, None, None, None]


def _pays(session: Session, person: Person, now: datetime) -> Payment:
    payment = Payment(
        reference=f"R-{person.id}", person_id=person.id, charge_id=f"ch_{person.id}", amount_minor=500, currency="EUR",
        refunded_minor=0, disputed=False, paid_at=now,
    )  # fmt: skip
    session.add(payment)
    return payment


def _stays_patron_until(session: Session, person: Person, until: datetime | None) -> None:
    session.query(Pledge).filter_by(person_id=person.id).one().patron_until = until


def test_a_payment_taken_back_before_closing_takes_the_vote_along(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        kept, refunded, disputed, ran_out, was_late = (a_patron(session, now) for _ in range(5))
        paid = {person.id: _pays(session, person, now) for person in (kept, refunded, disputed, ran_out, was_late)}
        for patron in (kept, refunded, disputed, ran_out, was_late):
            votes(session, round_, patron, "1", now)
        paid[refunded.id].refunded_minor, paid[disputed.id].disputed = 500, True
        _stays_patron_until(session, refunded, None)
        _stays_patron_until(session, disputed, None)
        _stays_patron_until(session, ran_out, now + timedelta(hours=1))
        _stays_patron_until(session, was_late, now - timedelta(days=3))  # grace ended by an end of the pledge
        session.flush()
        closed(session, round_, now + timedelta(days=1))
        result = _result(session, round_)
        assert (result.cast, result.lines[0].votes, result.electorate) == (3, 3, 3)


def test_a_payment_taken_back_after_closing_changes_nothing(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_, patron = an_open_round(session, now), a_patron(session, now)
        payment = _pays(session, patron, now)
        votes(session, round_, patron, "1", now)
        closed(session, round_, now)
        payment.refunded_minor = 500
        _stays_patron_until(session, patron, None)
        session.flush()
        assert _result(session, round_).cast == 1
        assert results.recount(session, round_)


def test_each_step_is_taken_once_and_never_back(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        draft = a_draft(session, now)
        with pytest.raises(NoSuchRound):
            closed(session, draft, now)
        rounds.open_round(session, draft.id, SECRET, None, now)
        order = rounds.topic_ids(session, draft.id)
        with pytest.raises(AlreadyOpen):
            rounds.open_round(session, draft.id, SECRET, None, now)
        with pytest.raises(AlreadyOpen):
            rounds.set_topics(session, draft.id, order[:2], None, now)
        closed(session, draft, now)
        with pytest.raises(RoundClosed):
            closed(session, draft, now)
        with pytest.raises(AlreadyOpen):
            rounds.open_round(session, draft.id, SECRET, None, now)


def test_a_round_opens_only_with_enough_topics_and_time(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        short = a_draft(session, now, places=2, titles=("One", "Two"))
        with pytest.raises(TooFewTopics):
            rounds.open_round(session, short.id, SECRET, None, now)
        with pytest.raises(OverBeforeItOpens):
            rounds.open_round(session, short.id, SECRET, None, now + timedelta(days=8))
        terms = rounds.Terms("?", "!", 1, now, now)
        with pytest.raises(DatesOutOfOrder):
            rounds.draft(session, terms, None, now)


def test_a_topic_stands_on_one_open_ballot_at_a_time(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        first, second = a_draft(session, now), a_draft(session, now)
        shared = rounds.topic_ids(session, first.id)
        rounds.set_topics(session, second.id, shared, None, now)
        rounds.open_round(session, first.id, SECRET, None, now)
        with pytest.raises(NotUsableHere):
            rounds.open_round(session, second.id, SECRET, None, now)


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM", "\t=1", "＝1", "  =1", "＠x"])
def test_no_cell_of_the_csv_is_a_formula(cell: str) -> None:
    assert sheets.plain(cell) == f"'{cell}"


def test_the_csv_tells_the_result(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        draft = a_draft(session, now, titles=('=cmd|" /C calc"!A0', "Roads, and more", "Roofs"), places=1)
        rounds.open_round(session, draft.id, SECRET, None, now)
        for choices in ("1", "1,2", "1"):
            votes(session, draft, a_patron(session, now), choices, now)
        closed(session, draft, now)
        written = result_csv.written(_result(session, draft))
    assert written.startswith("\ufeffplace,topic_id,topic,votes,share_of_ballots_percent,chosen\r\n")
    assert '"\'=cmd|"" /C calc""!A0",3,100.0,yes' in written
    assert '"Roads, and more",1,33.3,no' in written


def test_fifty_thousand_ballots_are_frozen_in_a_moment(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now, most_ticks=5)
        dice = random.Random(1)
        rows = [
            {"round_id": round_.id, "token": dice.randbytes(16), "version": 1, "weight": 1,
             "choices": ",".join(map(str, sorted(dice.sample(range(1, 6), dice.randint(0, 5)))))}
            for _ in range(50_000)
        ]  # fmt: skip
        session.execute(insert(Ballot), rows)
        began = time.perf_counter()
        closed(session, round_, now)
        assert time.perf_counter() - began < 5
        assert _result(session, round_).cast == 50_000
        assert session.scalars(select(RoundResult.version)).one() == 1


def test_of_an_open_round_no_more_ballots_are_counted_than_the_desk_is_told(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "MOST_COUNTED", 20)
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        for number in range(34):
            votes(session, round_, a_patron(session, now), "1", now)
            if number in {8, 18}:
                assert results.visible_results(session, round_, EDITOR).turnout == number // 10 * 10
        assert results.visible_results(session, round_, EDITOR).turnout == 20
        assert closed(session, round_, now).closed_at
        assert results.visible_results(session, round_, EDITOR).turnout == 34
