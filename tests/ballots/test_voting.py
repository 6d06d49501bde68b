"""One ballot a patron: the last one counts, a repeated form does not, and nothing is in after closing."""

import secrets
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from patronage.ballots import keys, rounds, voting
from patronage.ballots.models import Ballot, BallotEvent, Electorate, RoundKey
from patronage.ballots.refusals import (
    ChangedTooOften,
    NoSuchRound,
    NotAChoice,
    NotASubmission,
    NotEntitled,
    NotOpenYet,
    RoundClosed,
    TooManyTicks,
)
from patronage.foundation.database import Database
from patronage.giving.models import Pledge
from tests.ballots.polls import SECRET, a_draft, a_patron, a_person, an_open_round, statements, votes


def _ballots(session: Session) -> list[tuple[int, str]]:
    return [(ballot.version, ballot.choices) for ballot in session.scalars(select(Ballot))]


def test_a_patron_casts_a_ballot_of_sorted_unique_positions(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_, patron = an_open_round(session, now), a_patron(session, now)
        cast = voting.cast(session, round_.id, patron.id, ["3", "1", "3"], secrets.token_hex(16), now, SECRET)
        assert _ballots(session) == [(1, "1,3")]
        assert not cast.replayed
        assert not cast.replaces


def test_a_changed_ballot_replaces_the_earlier_one(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_, patron = an_open_round(session, now), a_patron(session, now)
        votes(session, round_, patron, "1,2", now)
        assert votes(session, round_, patron, "4", now).replaces
        assert _ballots(session) == [(2, "4")]
        assert session.scalar(select(func.count()).select_from(Electorate).where(Electorate.voted)) == 1


def test_nobody_fills_the_list_of_leaves_by_changing_one_ballot_for_ever(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voting, "MOST_VERSIONS", 2)
    with database.transaction() as session:
        round_, patron = an_open_round(session, now), a_patron(session, now)
        votes(session, round_, patron, "1", now)
        votes(session, round_, patron, "2", now)
    with pytest.raises(ChangedTooOften), database.transaction() as session:
        votes(session, round_, patron, "3", now)
    with database.reading() as session:
        assert _ballots(session) == [(2, "2")]
        assert session.scalar(select(func.count()).select_from(BallotEvent)) == 2


def test_a_submission_sent_again_changes_nothing_and_gets_the_same_answer(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_, patron = an_open_round(session, now), a_patron(session, now)
        submission = secrets.token_hex(16)
        first = voting.cast(session, round_.id, patron.id, ["1"], submission, now, SECRET)
        again = voting.cast(session, round_.id, patron.id, ["2"], submission, now, SECRET)
        assert again.replayed
        assert again.receipt == first.receipt
        assert _ballots(session) == [(1, "1")]


def test_an_old_submission_sent_again_does_not_undo_a_later_ballot(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_, patron = an_open_round(session, now), a_patron(session, now)
        old = secrets.token_hex(16)
        voting.cast(session, round_.id, patron.id, ["1"], old, now, SECRET)
        votes(session, round_, patron, "2", now)
        again = voting.cast(session, round_.id, patron.id, ["1"], old, now, SECRET)
        assert again.replayed
        assert again.receipt is None
        assert _ballots(session) == [(2, "2")]


def test_nobody_can_use_up_the_submission_of_another_voter(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_, ann, ben = an_open_round(session, now), a_patron(session, now), a_patron(session, now)
        submission = secrets.token_hex(16)
        voting.cast(session, round_.id, ann.id, ["1"], submission, now, SECRET)
        assert not voting.cast(session, round_.id, ben.id, ["2"], submission, now, SECRET).replayed
        assert sorted(_ballots(session)) == [(1, "1"), (1, "2")]


def test_a_blank_ballot_is_a_ballot(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_, patron = an_open_round(session, now), a_patron(session, now)
        votes(session, round_, patron, "", now)
        assert _ballots(session) == [(1, "")]


@pytest.mark.parametrize("choice", ["0", "6", "-1", "1.0", "", "٣", "x", "1,2", "9" * 9])
def test_what_is_not_on_the_ballot_is_refused(database: Database, now: datetime, choice: str) -> None:
    with database.transaction() as session:
        round_, patron = an_open_round(session, now), a_patron(session, now)
        with pytest.raises(NotAChoice):
            voting.cast(session, round_.id, patron.id, [choice], secrets.token_hex(16), now, SECRET)


def test_more_ticks_than_allowed_are_refused(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_, patron = an_open_round(session, now, most_ticks=2), a_patron(session, now)
        with pytest.raises(TooManyTicks, match="at most 2"):
            votes(session, round_, patron, "1,2,3", now)
        votes(session, round_, patron, "1,2", now)


@pytest.mark.parametrize("submission", ["", "short", "x" * 65, "ключ-без-латиниці"])
def test_a_form_without_its_one_time_id_is_refused(database: Database, now: datetime, submission: str) -> None:
    with database.transaction() as session:
        round_, patron = an_open_round(session, now), a_patron(session, now)
        with pytest.raises(NotASubmission):
            voting.cast(session, round_.id, patron.id, ["1"], submission, now, SECRET)


def test_only_patrons_with_a_settled_payment_vote(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_, reader, waiting = an_open_round(session, now), a_person(session, now), a_patron(session, now)
        session.query(Pledge).filter_by(person_id=waiting.id).one().settled_at = None
        for person in (reader, waiting):
            with pytest.raises(NotEntitled):
                votes(session, round_, person, "1", now)


def test_votes_are_taken_from_opening_until_closing(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        draft, patron = a_draft(session, now), a_patron(session, now)
        with pytest.raises(NoSuchRound):
            votes(session, draft, patron, "1", now)
        rounds.open_round(session, draft.id, SECRET, None, now - timedelta(hours=1))
        with pytest.raises(NotOpenYet):
            votes(session, draft, patron, "1", now - timedelta(seconds=1))
        votes(session, draft, patron, "1", draft.closes_at - timedelta(seconds=1))
        with pytest.raises(RoundClosed):
            votes(session, draft, patron, "1", draft.closes_at)


def test_the_token_is_the_hmac_of_the_person_under_a_key_that_lies_sealed(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_, patron = an_open_round(session, now), a_patron(session, now)
        votes(session, round_, patron, "1", now)
        sealed = session.get_one(RoundKey, round_.id).sealed
        key = keys.unseal(sealed, round_.id, SECRET)
        assert session.scalars(select(Ballot.token)).one() == keys.token(key, patron.id)
        assert key not in sealed
        for secret, number in (("another secret, long enough to be one", round_.id), (SECRET, round_.id + 1)):
            with pytest.raises(keys.KeyDoesNotOpen):
                keys.unseal(sealed, number, secret)


def test_a_receipt_recomputes_the_leaf_that_was_kept(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_, patron = an_open_round(session, now), a_patron(session, now)
        submission = secrets.token_hex(16)
        cast = voting.cast(session, round_.id, patron.id, ["2", "1"], submission, now, SECRET)
        assert cast.receipt is not None
        assert session.scalars(select(BallotEvent.leaf)).one() == cast.receipt.leaf
        assert cast.receipt.code.startswith(f"{round_.id}.1.1-2.")
        assert voting.receipt_for(session, round_.id, patron.id, submission, SECRET) == cast.receipt
        votes(session, round_, patron, "3", now)
        assert voting.receipt_for(session, round_.id, patron.id, submission, SECRET) is None


def test_everybody_sees_the_topics_in_an_order_of_their_own_that_stays(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        patrons = [a_patron(session, now) for _ in range(12)]
        orders = [tuple(voting.own_ballot(session, round_.id, patron.id, range(1, 6), SECRET)[1]) for patron in patrons]
        again = [tuple(voting.own_ballot(session, round_.id, patron.id, range(1, 6), SECRET)[1]) for patron in patrons]
        assert orders == again
        assert len(set(orders)) > 3
        assert {tuple(sorted(order)) for order in orders} == {(1, 2, 3, 4, 5)}


def test_casting_takes_four_statements_at_most_besides_the_session(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_, patron = an_open_round(session, now), a_patron(session, now)
    with statements(database) as seen, database.transaction() as session:
        votes(session, round_, patron, "1,2", now)
    # On PostgreSQL the time is a statement of its own, asked by the view.
    assert len(seen) <= (4 if database.is_sqlite else 3), seen
