"""What voters hear of an open round, what they say, and what of it nobody may learn before closing."""

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from patronage.ballots import rounds
from patronage.ballots.electing import letters, turnout, whys
from patronage.ballots.models import Electorate, MailingKind, Policy, ReasonState, Round, RoundReason, TurnoutHour
from patronage.ballots.refusals import NotOpenNow, NotYoursToSay, RemindedAlready
from patronage.foundation import outbox
from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Database
from patronage.foundation.jobs import Job
from patronage.foundation.outbox import Letter
from patronage.foundation.post import Mailbox
from patronage.foundation.worker import Worker
from patronage.people.models import Person
from tests.ballots.polls import SECRET, a_draft, a_patron, a_person, an_open_round, closed, votes
from tests.fixtures.app import Browsers

DAY = timedelta(days=1)


def _subjects(mailbox: Mailbox, person: Person) -> list[str]:
    return [str(letter["Subject"]) for letter in mailbox.to(person.email)]


def test_everybody_who_may_vote_is_invited_once_in_their_language_when_voting_begins(
    database: Database, worker: Worker, mailbox: Mailbox, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "AT_ONCE", 2)
    now = clock.now()
    with database.transaction() as session:
        patrons = [a_patron(session, now) for _ in range(5)]
        patrons[0].language = "uk"
        reader = a_person(session, now)
        draft = a_draft(session, now, opens_at=now + DAY, invites=True)
        rounds.open_round(session, draft.id, SECRET, None, now)
    worker.work_until_idle()
    assert mailbox.letters == []
    clock.advance(days=1)
    worker.work_until_idle()
    assert len(mailbox.letters) == len(patrons)
    assert _subjects(mailbox, reader) == []
    assert _subjects(mailbox, patrons[1]) == ["Your vote: What should we look into next?"]
    with database.reading() as session:
        assert set(session.scalars(select(Letter.language))) == {"en", "uk"}
        (mailed,) = letters.mailings(session, draft.id)
        assert (mailed.written, mailed.sent, mailed.refused) == (5, 5, 0)
        begun = select(Job.data).where(Job.kind == "newsroom/announce")
        assert [job["event"] for job in session.scalars(begun)] == ["round.opened"]


def test_who_signs_in_to_vote_does_not_wait_for_the_invitations_of_others(
    database: Database, worker: Worker, mailbox: Mailbox, clock: FrozenClock
) -> None:
    now = clock.now()
    with database.transaction() as session:
        patrons = [a_patron(session, now) for _ in range(5)]
        round_ = an_open_round(session, now)
        letters.write_some(session, round_, MailingKind.INVITATION, 0, now)
    late = clock.advance(minutes=10)
    with database.transaction() as session:
        outbox.write(session, "people/sign_in", patrons[4].email, {"nonce": "abc"}, late)
    worker.work_until_idle()
    assert [str(letter["Subject"]).startswith("Your vote") for letter in mailbox.letters] == [False, *5 * [True]]
    assert str(mailbox.letters[0]["To"]) == patrons[4].email


def test_only_those_who_have_not_voted_are_reminded_some_days_before_closing(
    database: Database, worker: Worker, mailbox: Mailbox, clock: FrozenClock
) -> None:
    now = clock.now()
    with database.transaction() as session:
        voter, idle = a_patron(session, now), a_patron(session, now)
        round_ = an_open_round(session, now, remind_days=2)
        votes(session, round_, voter, "1", now)
    worker.work_until_idle()
    assert mailbox.letters == []
    clock.advance(days=5)
    worker.work_until_idle()
    assert (len(_subjects(mailbox, idle)), len(_subjects(mailbox, voter))) == (1, 0)


def test_an_editor_reminds_once_and_only_while_ballots_are_taken(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        a_patron(session, now)
        round_, early = an_open_round(session, now), a_draft(session, now, opens_at=now + DAY)
        rounds.open_round(session, early.id, SECRET, None, now)
        with pytest.raises(NotOpenNow):
            letters.remind(session, early.id, None, now)
        letters.remind(session, round_.id, None, now)
        with pytest.raises(RemindedAlready):
            letters.remind(session, round_.id, None, now)


def test_no_letter_is_written_once_a_round_has_closed(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        a_patron(session, now)
        round_ = closed(session, an_open_round(session, now), now + DAY)
        letters.write_some(session, round_, MailingKind.INVITATION, 0, now + DAY)
        assert session.scalar(select(func.count()).select_from(Letter)) == 0


def test_letters_about_votes_are_stopped_by_their_own_address(
    database: Database, worker: Worker, mailbox: Mailbox, clock: FrozenClock, browsers: Browsers
) -> None:
    with database.transaction() as session:
        patron = a_patron(session, clock.now())
        an_open_round(session, clock.now(), invites=True)
    worker.work_until_idle()
    (letter,) = mailbox.to(patron.email)
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = str(letter["List-Unsubscribe"]).strip("<>")
    browser = browsers()
    assert "Stop the letters about votes?" in browser.get(address).text
    assert browser.get(re.sub(r"/\d+-", "/999-", address)).status_code == 404
    assert browser.post(address, data={"List-Unsubscribe": "One-Click"}).status_code == 303
    assert "no letters about votes any more" in browser.get(address).text
    with database.transaction() as session:
        an_open_round(session, clock.now(), invites=True)
    worker.work_until_idle()
    assert len(mailbox.to(patron.email)) == 1


def test_turnout_is_noted_each_hour_rounded_down_to_ten_until_closing(
    database: Database, worker: Worker, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, clock.now())
        for _ in range(19):
            votes(session, round_, a_patron(session, clock.now()), "1", clock.now())
    worker.work_until_idle()
    for hours in (1, 1, 5):  # nobody looked for some hours: they are left out, not made up
        clock.advance(hours=hours)
        worker.work_until_idle()
    with database.reading() as session:
        noted = list(session.scalars(select(TurnoutHour.turnout)))
        assert set(noted) == {10}
        assert len(noted) in {2, 3}
        history = turnout.history(session, session.get_one(Round, round_.id), lambda hour: f"{hour:%H}")
        assert history is not None
        assert len(history.lines) == len(history.chart.above) == len(noted)
    clock.advance(days=7)
    worker.work_until_idle()
    with database.reading() as session:
        assert session.get_one(Round, round_.id).closed_at
        assert len(list(session.scalars(select(TurnoutHour.hour)))) == len(noted)
        waiting = select(func.count()).where(Job.kind == turnout.JOB, Job.done_at.is_(None))
        assert session.scalar(waiting) == 0


def test_turnout_of_an_hour_is_not_made_up_later(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        in_time, missed = now + turnout.HOUR, now + 2 * turnout.HOUR
        turnout.note(session, round_, in_time, in_time + timedelta(minutes=59))
        turnout.note(session, round_, missed, missed + turnout.HOUR)
        assert list(session.scalars(select(TurnoutHour.hour))) == [in_time]


def _asking(session: Session, now: datetime) -> tuple[Round, Person]:
    round_, patron = an_open_round(session, now, asks_why=True, most_ticks=2), a_patron(session, now)
    votes(session, round_, patron, "1,3", now)
    return round_, patron


def test_a_reason_is_kept_without_token_or_person_for_a_topic_that_was_ticked(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        round_, patron = _asking(session, now)
        assert whys.give(session, round_.id, patron.id, {1: " It floods\u202e each spring. ", 3: ""}, now, SECRET) == 1
        reason = session.scalars(select(RoundReason)).one()
        assert (reason.position, reason.text, reason.state) == (1, "It floods each spring.", ReasonState.WAITING)
        assert {column.name for column in RoundReason.__table__.columns} == {
            "id", "round_id", "position", "text", "state",
        }  # fmt: skip


@pytest.mark.parametrize("said", [{2: "Not on my ballot"}, {1: "x" * 281}])
def test_a_reason_for_what_was_not_ticked_or_a_speech_is_refused(
    database: Database, now: datetime, said: dict[int, str]
) -> None:
    with database.transaction() as session:
        round_, patron = _asking(session, now)
        with pytest.raises(NotYoursToSay):
            whys.give(session, round_.id, patron.id, said, now, SECRET)


def test_nobody_gives_more_reasons_than_a_ballot_has_ticks_and_none_after_closing(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        round_, patron = _asking(session, now)
        whys.give(session, round_.id, patron.id, {1: "Once", 3: "Twice"}, now, SECRET)
        with pytest.raises(NotYoursToSay):
            whys.give(session, round_.id, patron.id, {1: "Thrice"}, now, SECRET)
        stranger, plain = a_patron(session, now), an_open_round(session, now)
        votes(session, plain, stranger, "1", now)
        for round_id in (round_.id, plain.id):
            with pytest.raises(NotYoursToSay):
                whys.give(session, round_id, stranger.id, {1: "I did not vote here"}, now, SECRET)
        late = a_patron(session, now)
        votes(session, round_, late, "1", now)
        with pytest.raises(NotYoursToSay):
            whys.give(session, round_.id, late.id, {1: "Late"}, round_.closes_at, SECRET)


def test_reasons_are_read_by_nobody_before_closing_not_even_how_many(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_, patron = _asking(session, now)
        whys.give(session, round_.id, patron.id, {1: "A", 3: "B"}, now, SECRET)
        (first, second) = session.scalars(select(RoundReason)).all()
        assert whys.by_topic(session, round_, ReasonState.WAITING) == []
        assert whys.counts(session, round_) == {}
        whys.show(session, round_, first.id, None, now)
        session.refresh(first)
        assert first.state == ReasonState.WAITING
        closed(session, round_, now + DAY)
        listed = whys.by_topic(session, round_, ReasonState.WAITING)
        assert sorted(topic.position for topic, _reasons in listed) == [1, 3]
        whys.show(session, round_, first.id, None, now)
        whys.hide(session, round_, second.id, None, now)
        whys.hide(session, round_, "no such reason", None, now)
        assert list(whys.counts(session, round_).values()) == [0, 1, 1]


def test_a_frozen_list_is_invited_and_nobody_else(
    database: Database, worker: Worker, mailbox: Mailbox, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        listed = a_patron(session, clock.now() - DAY)
        an_open_round(session, clock.now(), policy=Policy.FROZEN, invites=True)
        late = a_patron(session, clock.now())
        assert session.scalar(select(func.count()).select_from(Electorate)) == 1
    worker.work_until_idle()
    assert (len(mailbox.to(listed.email)), len(mailbox.to(late.email))) == (1, 0)
