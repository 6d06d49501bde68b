"""What editors make of a result, what they owe the voters then, and the letters that tell."""

from datetime import datetime

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from patronage.ballots import rounds, topics
from patronage.ballots.deciding import credit, decisions, promise, telling
from patronage.ballots.deciding.decisions import Wanted
from patronage.ballots.deciding.models import EditorialDecision, Telling
from patronage.ballots.deciding.promise import Kept
from patronage.ballots.deciding.refusals import (
    DepartureNeedsReason,
    NoteMissing,
    NothingToDecide,
    StoryIsOut,
    ToldAlready,
)  # fmt: skip
from patronage.ballots.frozen import Frozen
from patronage.ballots.models import Round, Topic, TopicState
from patronage.ballots.results import visible_results
from patronage.ballots.suggesting.models import TopicBacking
from patronage.foundation.database import Database
from patronage.foundation.outbox import Letter
from patronage.foundation.post import Mailbox
from patronage.foundation.worker import Worker
from patronage.giving.models import Pledge
from patronage.newsroom import waiting
from patronage.people.models import Person
from tests.ballots.polls import SECRET, a_draft, a_patron, an_open_round, closed, votes
from tests.fixtures.app import Browsers, SignIn

STORY = "https://newsroom.example/port"
NOTE = {"en": "We went and looked.\n\nThank you for asking.", "uk": "Ми пішли й подивилися."}


@pytest.fixture
def over(database: Database, now: datetime) -> Round:
    """A closed round with two places: topics 1 and 2 won with three and two ballots of four."""
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        for choices in ("1,2", "1,2", "1", "3"):
            votes(session, round_, a_patron(session, now), choices, now)
        return closed(session, round_, now)


def _result(session: Session, round_: Round) -> Frozen:
    result = visible_results(session, round_, None).result
    assert result
    return result


def _ids(session: Session, round_: Round) -> list[int]:
    return [line.topic_id for line in _result(session, round_).lines]


def _decide(session: Session, round_: Round, now: datetime, *chosen: int, **reasons: str) -> None:
    named = {int(key.removeprefix("t")): text for key, text in reasons.items()}
    decisions.decide(session, round_.id, Wanted(frozenset(chosen), named), None, now)


def test_nothing_is_decided_before_a_vote_has_closed(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        with pytest.raises(NothingToDecide):
            _decide(session, round_, now, 1)


def test_following_the_result_needs_no_reason(database: Database, over: Round, now: datetime) -> None:
    with database.transaction() as session:
        first, second, *_rest = _ids(session, over)
        _decide(session, over, now, first, second)
        standing = decisions.standing(session, over.id, _result(session, over))
        assert [each.chosen for each in standing[:3]] == [True, True, False]
        assert not any(each.departs for each in standing)
        assert waiting.of_editors(session, now).untold == 0


def test_departing_needs_a_reason_for_each_topic(database: Database, over: Round, now: datetime) -> None:
    with database.transaction() as session:
        first, second, third, *_rest = _ids(session, over)
        with pytest.raises(DepartureNeedsReason) as refusal:
            _decide(session, over, now, first, third, **{f"t{third}": "It cannot wait."})
        assert refusal.value.topic_ids == {second}
        assert session.scalar(select(EditorialDecision.id)) is None
        reasons = {f"t{third}": "It cannot wait.", f"t{second}": "Another paper has done it."}
        _decide(session, over, now, first, third, **reasons)
        assert session.get_one(Topic, second).state is TopicState.NOT_CHOSEN
        assert session.get_one(Topic, third).state is TopicState.CHOSEN
        kept = {each.decided.line.topic_id: each.kept for each in _promise(session, over)}
        assert kept == {first: Kept.CHOSEN, second: Kept.DECLINED, third: Kept.CHOSEN}


def _promise(session: Session, round_: Round) -> list[promise.Owed]:
    return promise.of_round(session, round_.id, _result(session, round_))


def test_a_decision_is_append_only_and_the_latest_holds(database: Database, over: Round, now: datetime) -> None:
    with database.transaction() as session:
        first, second, *_rest = _ids(session, over)
        _decide(session, over, now, first, **{f"t{second}": "No."})
        assert waiting.of_editors(session, now).untold == 1
        _decide(session, over, now, first, second)
        assert waiting.of_editors(session, now).untold == 0
        again = decisions.decide(session, over.id, Wanted(frozenset({first, second}), {}), None, now)
        assert again == []
    with pytest.raises(DBAPIError, match="append-only"), database.transaction() as session:
        session.query(EditorialDecision).update({"chosen": False})


def test_a_topic_whose_story_is_out_stays_chosen(database: Database, over: Round, now: datetime) -> None:
    with database.transaction() as session:
        first, second, *_rest = _ids(session, over)
        _decide(session, over, now, first, second)
        topics.publish(session, first, STORY, None, now)
        with pytest.raises(StoryIsOut):
            _decide(session, over, now, second, **{f"t{first}": "No."})


def test_a_late_decision_leaves_a_topic_on_the_ballot_it_stands_on_by_now(
    database: Database, over: Round, now: datetime
) -> None:
    with database.transaction() as session:
        first, second, third, fourth, *_rest = _ids(session, over)
        next_ = a_draft(session, now)
        rounds.set_topics(session, next_.id, [third, fourth, *rounds.topic_ids(session, next_.id)], None, now)
        rounds.open_round(session, next_.id, SECRET, None, now)
        _decide(session, over, now, first, second, third, **{f"t{third}": "It cannot wait."})
        assert session.get_one(Topic, third).state is TopicState.ON_BALLOT
        votes(session, next_, a_patron(session, now), "2", now)
        closed(session, next_, now)
        assert session.get_one(Topic, third).state is TopicState.NOT_CHOSEN


def test_the_promise_is_kept_when_each_winner_is_told_of(
    database: Database, worker: Worker, over: Round, now: datetime
) -> None:
    with database.transaction() as session:
        first, second, *_rest = _ids(session, over)
        _decide(session, over, now, first, **{f"t{second}": "Another paper has done it."})
        topics.publish(session, first, STORY, None, now)
        assert [each.kept for each in _promise(session, over)] == [Kept.OUT, Kept.DECLINED]
        assert [round_.id for round_, _owed in promise.running(session)] == [over.id]
        for row in session.scalars(select(Telling)).all():
            telling.write_notes(session, row.id, NOTE)
            telling.send(session, row.id, None, now)
        assert promise.is_kept(_promise(session, over))
        assert promise.running(session) == []
    worker.work_until_idle()
    with database.reading() as session:
        kinds = session.scalars(select(Letter.kind).where(Letter.kind != "ballots/round_closed")).all()
    assert sorted(kinds) == ["ballots/why_not"] * 4 + ["ballots/you_asked"] * 4


def test_everybody_who_voted_gets_one_letter_in_their_language(
    database: Database, worker: Worker, mailbox: Mailbox, over: Round, now: datetime
) -> None:
    with database.transaction() as session:
        first = _ids(session, over)[0]
        stranger = a_patron(session, now, "stranger@reader.example")
        suggester = a_patron(session, now, "suggester@reader.example")
        suggester.language = "uk"
        session.add(TopicBacking(topic_id=first, person_id=suggester.id, tell=True))
        topics.publish(session, first, STORY, None, now)
        row = session.scalars(select(Telling)).one()
        with pytest.raises(NoteMissing):
            telling.send(session, row.id, None, now)
        telling.write_notes(session, row.id, NOTE)
        assert telling.how_many(session, row) == 5
        telling.send(session, row.id, None, now)
        with pytest.raises(ToldAlready):
            telling.send(session, row.id, None, now)
    worker.work_until_idle()
    letters = {str(each["To"]): each.get_body(("plain",)) for each in mailbox.letters if "went" in str(each["Subject"])}
    assert len(letters) == 4
    assert stranger.email not in letters
    text = next(iter(letters.values()))
    assert text is not None
    assert "You took part in the vote" in text.get_content()
    assert "3 patrons asked for it." in text.get_content()
    to_suggester = next(each for each in mailbox.letters if each["To"] == suggester.email)
    body = to_suggester.get_body(("plain",))
    assert body is not None
    assert "Ми пішли й подивилися." in body.get_content()


def test_the_credit_line_counts_ballots_of_the_frozen_result(database: Database, over: Round, now: datetime) -> None:
    with database.transaction() as session:
        topic = session.get_one(Topic, _ids(session, over)[0])
        found = credit.of_topic(session, topic)
        assert found == credit.Credit(votes=3, cast=4, round_id=over.id)
        assert credit.of_topic(session, session.get_one(Topic, _ids(session, over)[-1])) is None
        open_round = an_open_round(session, now)
        votes(session, open_round, a_patron(session, now), "1", now)
        asked = session.get_one(Topic, rounds.topic_ids(session, open_round.id)[0])
        assert credit.of_topic(session, asked) is None


def test_an_editor_chooses_with_a_reason_and_sends_what_was_previewed(
    browsers: Browsers, signed_in: SignIn, editor: Person, database: Database, over: Round, now: datetime
) -> None:
    desk = browsers()
    token = signed_in(desk, editor)
    with database.reading() as session:
        first, second, *_rest = _ids(session, over)
    here, form = f"/desk/rounds/{over.id}/decide", {"csrf_token": token, f"chosen-{first}": "y"}
    refused = desk.post(here, data=form)
    assert refused.status_code == 422
    assert "Say why, wherever you depart from the result" in refused.text
    assert desk.post(here, data={**form, f"reason-{second}": "Another paper has done it."}).status_code == 303
    owed = desk.get("/desk/owed").text
    assert "Why not: " in owed
    with database.reading() as session:
        row = session.scalars(select(Telling)).one()
    page = desk.post(f"/desk/owed/{row.id}", data={"csrf_token": token, "en": "Do read theirs."}, follow_redirects=True)
    assert "Do read theirs." in page.text
    assert "Another paper has done it." in page.text
    shown = desk.get(f"/desk/owed/{row.id}/letter?lang=uk")
    assert "style-src 'unsafe-inline'" in shown.headers["Content-Security-Policy"]
    assert desk.post(f"/desk/owed/{row.id}/send", data={"csrf_token": token}).status_code == 303
    assert "Send the letters" not in desk.get(f"/desk/owed/{row.id}").text
    assert desk.post(f"/desk/owed/{row.id}/send", data={"csrf_token": token}).status_code == 409


def test_who_voted_sees_the_stories_they_helped_happen_even_after_cancelling(
    browsers: Browsers, signed_in: SignIn, database: Database, patron: Person, now: datetime
) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
        votes(session, round_, patron, "1", now)
        closed(session, round_, now)
        topics.publish(session, rounds.topic_ids(session, round_.id)[0], STORY, None, now)
        session.execute(delete(Pledge).where(Pledge.person_id == patron.id))
        stranger = a_patron(session, now)
    voter, other = browsers(), browsers()
    signed_in(voter, patron)
    signed_in(other, stranger)
    mine = voter.get("/account").text
    assert "Stories you helped happen" in mine
    assert STORY in mine
    assert "You took part." in mine
    assert "Stories you helped happen" not in other.get("/account").text


def test_a_story_nobody_asked_for_owes_no_letter(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        words = topics.Words("Our own idea", "Nobody was asked.")
        ours, backed = (topics.create(session, words, None, now) for _ in range(2))
        session.add(TopicBacking(topic_id=backed.id, person_id=a_patron(session, now).id, tell=True))
        topics.publish(session, ours.id, STORY, None, now)
        topics.publish(session, backed.id, STORY, None, now)
        assert session.scalars(select(Telling.topic_id)).all() == [backed.id]


def test_a_story_on_a_topic_that_lost_stands_beside_the_result_too(
    database: Database, over: Round, now: datetime
) -> None:
    with database.transaction() as session:
        lost = _ids(session, over)[-1]
        topics.publish(session, lost, STORY, None, now)
        owed = {each.decided.line.topic_id: each.kept for each in _promise(session, over)}
        assert owed[lost] is Kept.OUT
        assert len(owed) == 3


def test_who_stops_letters_about_votes_is_told_no_more(
    browsers: Browsers, database: Database, worker: Worker, mailbox: Mailbox, over: Round, now: datetime
) -> None:
    worker.work_until_idle()
    first = next(each for each in mailbox.letters if str(each["Subject"]).startswith("The result"))
    way_out = str(first["List-Unsubscribe"]).strip("<>").removeprefix("https://support.example.org")
    browser = browsers()
    assert "nor told what came of a vote" in browser.get(way_out).text
    assert browser.post(way_out, data={"List-Unsubscribe": "One-Click"}).status_code == 303
    with database.transaction() as session:
        topics.publish(session, _ids(session, over)[0], STORY, None, now)
        row = session.scalars(select(Telling)).one()
        assert telling.how_many(session, row) == 3
        telling.write_notes(session, row.id, NOTE)
        telling.send(session, row.id, None, now)
    worker.work_until_idle()
    told = [each for each in mailbox.letters if str(each["Subject"]).startswith("You asked")]
    assert len(told) == 3
    assert first["To"] not in [each["To"] for each in told]
    assert all(each["List-Unsubscribe-Post"] for each in told)


def test_the_desk_asks_what_if_and_how_fair_its_own_choice_would_be(
    browsers: Browsers, signed_in: SignIn, editor: Person, over: Round
) -> None:
    desk = browsers()
    signed_in(desk, editor)
    here = f"/desk/rounds/{over.id}"
    assert "The 2 topics most voters ticked." in desk.get(here).text
    assert "The 3 topics most voters ticked." in desk.get(here, query_string={"places": 3}).text
    own = desk.get(here, query_string={"pick": [3, 99], "hours": 1}).text
    assert "did not win" in own
    assert "3 voters (75 %) find none of their topics in it." in own
    assert "Turnout by the hour, and letters" in own
