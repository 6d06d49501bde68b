"""Certification: only what a recount confirms, once; afterwards nobody can link a ballot to a person."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from patronage.ballots import keys, results, rounds, voting
from patronage.ballots.models import Ballot, Electorate, Round, RoundKey, RoundResult, RoundState
from patronage.ballots.sealing import certifying, correcting, freezing, receipts, recounting
from patronage.ballots.sealing.receipts import Finding
from patronage.ballots.sealing.refusals import (
    BallotsDiffer,
    CertifiedAlready,
    DoesNotAgree,
    NotClosedYet,
    NothingToCorrect,
)
from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Database
from patronage.foundation.post import Mailbox
from patronage.foundation.sealed import derived_key
from patronage.foundation.settings import Settings
from patronage.foundation.worker import Worker
from patronage.people.models import AuditEntry, Person
from tests.ballots.polls import SECRET, a_patron, an_open_round, closed, unguarded, votes
from tests.fixtures.app import Browsers, SignIn


def _certified(session: Session, round_: Round, now: datetime) -> Round:
    return certifying.certify(session, round_.id, recounting.agreed(session, round_.id), None, now)


def _closed_round(session: Session, now: datetime) -> Round:
    round_ = an_open_round(session, now)
    for choices in ("1", "1,2", "2,3", ""):
        votes(session, round_, a_patron(session, now), choices, now)
    return closed(session, round_, now)


def test_after_certification_no_token_of_a_known_person_can_be_derived(
    database: Database, now: datetime, patron: Person
) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        receipt = votes(session, round_, patron, "2", now).receipt
        assert receipt
        sealed = session.get_one(RoundKey, round_.id).sealed
        closed(session, round_, now)
        assert keys.token(keys.unseal(sealed, round_.id, SECRET), patron.id) == receipt.token
        _certified(session, round_, now)
    with database.transaction() as session:
        assert session.scalars(select(RoundKey)).all() == []
        tokens = set(session.scalars(select(Ballot.token)))
        sealing_key = derived_key(SECRET, keys.PURPOSE)
        guesses = (b"", SECRET.encode(), (round_.tie_seed or "").encode(), sealing_key, bytes(32))
        assert not tokens & {keys.token(guess, patron.id) for guess in guesses}
        assert voting.receipt_for(session, round_.id, patron.id, "a form", SECRET) is None
        assert receipts.look_up(session, receipt)[0] is Finding.COUNTED
        note = session.scalars(select(AuditEntry).where(AuditEntry.deed == "round certified")).one()
        assert "key was destroyed" in note.detail


def test_tokens_made_for_all_voters_are_those_of_each() -> None:
    key = keys.draw()
    assert list(map(keys.tokens(key), range(1, 50))) == [keys.token(key, person) for person in range(1, 50)]


def test_the_bytes_of_the_key_leave_the_file_and_its_log(
    browsers: Browsers, signed_in: SignIn, editor: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        sealed = session.get_one(RoundKey, round_.id).sealed
    with database.transaction() as session:
        closed(session, round_, now)
    held = [Path(f"{database.url.database}{end}") for end in ("", "-wal")] if database.is_sqlite else []
    assert any(sealed in file.read_bytes() for file in held) == database.is_sqlite
    browser = browsers()
    sent = {"csrf_token": signed_in(browser, editor)}
    assert browser.post(f"/desk/rounds/{round_.id}/certify", data=sent).status_code == 303
    assert not any(sealed in file.read_bytes() for file in held)


def test_a_round_is_certified_once_and_never_before_it_closed(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        with pytest.raises(NotClosedYet):
            recounting.agreed(session, round_.id)
        with pytest.raises(NotClosedYet):
            certifying.certify(session, round_.id, "", None, now)
        closed(session, round_, now)
        assert _certified(session, round_, now).state is RoundState.CERTIFIED
        with pytest.raises(CertifiedAlready):
            _certified(session, round_, now)


def test_what_a_recount_does_not_confirm_is_not_certified(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = _closed_round(session, now)
        with pytest.raises(DoesNotAgree):
            certifying.certify(session, round_.id, "the hash of another version", None, now)
        session.execute(text("UPDATE ballot SET choices = '4' WHERE choices = '1'"))
        with pytest.raises(DoesNotAgree):
            recounting.agreed(session, round_.id)
        assert session.scalars(select(RoundKey)).all()


def _miscounted(session: Session, round_: Round) -> RoundResult:
    """Put a result in place of the frozen one that a faulty program might have written."""
    row = session.scalars(select(RoundResult).where(RoundResult.round_id == round_.id)).one()
    content = json.loads(row.canonical)
    content["topics"][0]["votes"] += 1
    unguarded(session, "DELETE FROM round_result", "DELETE FROM result_count")
    session.expunge(row)
    return freezing.write(session, round_.id, content, None, row.frozen_at)


def test_a_correction_counts_the_same_ballots_again_and_keeps_the_breakdowns(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = _closed_round(session, now)
        with pytest.raises(NothingToCorrect):
            correcting.correct(session, round_.id, "It was wrong.", None, now)
        wrong = _miscounted(session, round_)
        before = json.loads(wrong.canonical)
        right = correcting.correct(session, round_.id, "A program counted a ballot twice.", None, now)
        said = json.loads(right.canonical)
        assert said["corrects"] == {"version": 1, "sha256": wrong.sha256, "reason": "A program counted a ballot twice."}
        assert {name for name in said if said[name] != before[name]} == {"version", "corrects", "topics"}
        assert recounting.problems(session, round_) == []
        frozen = results.visible_results(session, round_, None).result
        assert frozen
        assert (frozen.version, frozen.reason) == (2, "A program counted a ballot twice.")


def test_nothing_is_corrected_over_seals_that_do_not_hold(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = _closed_round(session, now)
        _miscounted(session, round_)
        unguarded(session, "UPDATE chain_batch SET salt = head")
        with pytest.raises(BallotsDiffer):
            correcting.correct(session, round_.id, "It was wrong.", None, now)


def test_two_results_that_differ_by_one_ballot_cannot_be_subtracted_to_a_person(
    database: Database, now: datetime
) -> None:
    """There is one freeze of a round's ballots; whatever changes one ballot afterwards makes no second result."""
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        people = [a_patron(session, now) for _ in range(24)]
        for number, person in enumerate(people):
            votes(session, round_, person, "1" if number % 2 else "1,2", now)
            session.get_one(Electorate, (round_.id, person.id)).lang = "en" if number % 2 else "uk"
        session.flush()
        closed(session, round_, now)
        _miscounted(session, round_)
        key = keys.unseal(session.get_one(RoundKey, round_.id).sealed, round_.id, SECRET)
        one = session.get_one(Ballot, (round_.id, keys.token(key, people[0].id)))
        one.choices = "3"
        session.flush()
        with pytest.raises(BallotsDiffer):
            correcting.correct(session, round_.id, "One ballot was wrong.", None, now)
        one.choices = "1,2"
        session.get_one(Electorate, (round_.id, people[0].id)).lang = "pl"
        session.flush()
        correcting.correct(session, round_.id, "It was wrong.", None, now)
        first, second = (json.loads(row.canonical) for row in recounting.versions(session, round_.id))
        assert first["breakdowns"] == second["breakdowns"] != []
        assert first["electorate"] == second["electorate"]


def test_an_editor_certifies_at_the_desk(
    browsers: Browsers, signed_in: SignIn, editor: Person, database: Database, settings: Settings, now: datetime
) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        secret = settings.secret_key.get_secret_value()
        session.get_one(RoundKey, round_.id).sealed = keys.seal(keys.draw(), round_.id, secret)
    browser, path = browsers(), f"/desk/rounds/{round_.id}/certify"
    token = signed_in(browser, editor)
    assert browser.get(path).status_code == 409
    assert browser.post(path, data={"csrf_token": token}).status_code == 409
    with database.transaction() as session:
        rounds.close_round(session, round_.id, secret, None, now)
    assert "Count again and certify" in browser.get(path).text
    answer = browser.post(path, data={"csrf_token": token})
    assert (answer.status_code, answer.location) == (303, f"/desk/rounds/{round_.id}")
    assert "Certified on" in browser.get(path).text
    assert "has been certified already" in browser.post(path, data={"csrf_token": token}, follow_redirects=True).text


def test_what_a_recount_found_stands_on_the_page(
    browsers: Browsers, signed_in: SignIn, editor: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        round_ = _closed_round(session, now)
        session.execute(text("UPDATE ballot SET choices = '4' WHERE choices = '1'"))
    browser = browsers()
    answer = browser.post(f"/desk/rounds/{round_.id}/certify", data={"csrf_token": signed_in(browser, editor)})
    assert answer.status_code == 409
    assert "is not what the ballots give" in answer.text
    with database.reading() as session:
        assert session.get_one(Round, round_.id).certified_at is None


def test_once_certified_the_page_after_a_ballot_leads_to_the_result(
    browsers: Browsers, signed_in: SignIn, patron: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        votes(session, round_, patron, "1", now)
        closed(session, round_, now)
        _certified(session, round_, now)
    browser = browsers()
    signed_in(browser, patron)
    assert browser.get(f"/topics/{round_.id}/received").location == f"/topics/{round_.id}"
    assert browser.get(f"/topics/{round_.id}").status_code == 200
    assert browser.get("/account").status_code == 200


def test_a_round_closed_before_voting_began_has_an_empty_result_and_writes_to_nobody(
    client: FlaskClient, database: Database, worker: Worker, mailbox: Mailbox, clock: FrozenClock
) -> None:
    now = clock.now()
    with database.transaction() as session:
        a_patron(session, now)
        round_ = an_open_round(session, now, opens_at=now + timedelta(days=1), invites=True, remind_days=2)
        closed(session, round_, now)
        _certified(session, round_, now)
    clock.advance(days=8)
    worker.work_until_idle()
    assert mailbox.letters == []
    file = client.get(f"/topics/{round_.id}/result.pb").text
    assert "num_votes;0\n" in file
    assert "date_begin;02.03.2026\ndate_end;02.03.2026\n" in file


def test_strangers_and_patrons_do_not_certify(browsers: Browsers, client: FlaskClient, round_: Round) -> None:
    assert client.post(f"/desk/rounds/{round_.id}/certify").status_code in {303, 403}
