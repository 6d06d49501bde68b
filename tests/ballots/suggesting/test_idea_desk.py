"""The desk's board, the suggestions to be read, and merging, as editors meet them."""

import re
from datetime import datetime

from sqlalchemy import select

from patronage.ballots import rounds, topics
from patronage.ballots.models import Round, Topic, TopicState
from patronage.ballots.suggesting import board, steps
from patronage.ballots.suggesting.board import Move
from patronage.ballots.suggesting.models import Milestone, TopicStep
from patronage.foundation.database import Database
from patronage.people.models import Person
from tests.ballots.polls import a_patron, closed
from tests.ballots.suggesting.idea_makers import TITLE, an_idea, backers
from tests.fixtures.app import Browsers, SignIn


def _topic(database: Database, topic_id: int) -> Topic:
    with database.reading() as session:
        return session.get_one(Topic, topic_id)


def test_the_board_moves_a_topic_only_as_the_rules_allow(
    browsers: Browsers, signed_in: SignIn, editor: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        idea = an_idea(session, now, shown=False)
    desk = browsers()
    token, path = {"csrf_token": signed_in(desk, editor)}, f"/desk/topics/{idea.id}"
    assert f'action="{path}/move"' in desk.get("/desk/topics").text
    assert desk.post(f"{path}/move", data=token | {"to": "show"}).status_code == 303
    shortened = desk.post(f"{path}/move", data=token | {"to": "accept"})
    assert shortened.headers["Location"].endswith("#column-accepted")
    assert desk.post(f"{path}/move", data=token | {"to": "assign"}).headers["Location"] == f"{path}#assigning"
    assert desk.post(f"{path}/move", data=token | {"to": "hand back"}).status_code == 409
    assert desk.post(f"{path}/move", data=token | {"to": "published"}).status_code == 409
    assert desk.post(f"{path}/assign", data=token | {"assignee": " "}).status_code == 422
    assert desk.post(f"{path}/assign", data=token | {"assignee": "Oksana"}).status_code == 303
    assert "On it: Oksana" in desk.get("/desk/topics").text
    assert "Oksana" not in browsers().get(f"/topics/ideas/{idea.id}").text
    assert desk.post(f"{path}/move", data=token | {"to": "hand back"}).status_code == 303
    found = _topic(database, idea.id)
    assert (found.state, found.assignee) == (TopicState.ACCEPTED, None)


def test_a_vote_moves_its_topics_and_writes_each_step_down(database: Database, round_: Round, now: datetime) -> None:
    with database.transaction() as session:
        closed(session, round_, now)
        first = session.get_one(Topic, rounds.topic_ids(session, round_.id)[0])
        way = [step.what for step in steps.history(session, first.id)]
        assert way == [Milestone.ACCEPTED, Milestone.ON_BALLOT, Milestone(first.state.value)]
        assert first.shown_at is not None
        assert board.moves(first)[0] is Move.ASSIGN


def test_suggestions_to_be_read_stand_beside_similar_ones(
    browsers: Browsers, signed_in: SignIn, editor: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        shown, waiting = an_idea(session, now), an_idea(session, now, "Who will pay for this bridge", shown=False)
    desk = browsers()
    token, path = {"csrf_token": signed_in(desk, editor)}, f"/desk/topics/{waiting.id}"
    page = desk.get("/desk/topics/waiting").text
    assert f"{path}/merge?into={shown.id}" in page
    answer = desk.post(f"{path}/show", data=token | {"then": "waiting"})
    assert answer.headers["Location"] == "/desk/topics/waiting"
    assert "All is read" in desk.get("/desk/topics/waiting").text
    preview = desk.get(f"{path}/merge?into={shown.id}").text
    assert re.search(r"Backings that move</dt><dd>1<", preview)
    assert _topic(database, waiting.id).state is TopicState.SUGGESTED
    assert desk.post(f"{path}/merge", data=token | {"into": shown.id}).headers["Location"] == f"/desk/topics/{shown.id}"
    assert desk.post(f"{path}/merge", data=token | {"into": shown.id}).status_code == 409
    assert desk.get(f"{path}/merge").status_code == 409
    assert "was put together" in desk.get(f"/desk/topics/{shown.id}").text
    assert "Merged into" in desk.get(path).text


def test_trusting_whoever_suggested_it_shows_it_and_what_follows(
    browsers: Browsers, signed_in: SignIn, editor: Person, patron: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        idea = an_idea(session, now, by=patron, shown=False)
    desk = browsers()
    token, path = {"csrf_token": signed_in(desk, editor)}, f"/desk/topics/{idea.id}/trust"
    desk.post(path, data=token)
    assert _topic(database, idea.id).shown_at == now
    with database.transaction() as session:
        assert an_idea(session, now, "Bread", by=patron, shown=False).shown_at == now
    assert "You trust this patron" in desk.get(f"/desk/topics/{idea.id}").text
    desk.post(path, data=token | {"trusted": "no"})
    with database.transaction() as session:
        assert an_idea(session, now, "Milk", by=patron, shown=False).shown_at is None


def test_a_common_reason_is_said_in_the_language_of_the_idea(
    browsers: Browsers, signed_in: SignIn, editor: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        idea = topics.suggest(
            session, a_patron(session, now).id, topics.Words("Хто платить", "Три роки зачинено.", "uk"), False, now
        )
    desk = browsers()
    token, path = {"csrf_token": signed_in(desk, editor)}, f"/desk/topics/{idea.id}/decline"
    assert desk.post(path, data=token | {"common": "", "reason": " "}).status_code == 422
    assert desk.post(path, data=token | {"common": "made up"}).status_code == 422
    assert desk.post(path, data=token | {"reason": "x" * 300}).status_code == 422
    assert desk.post(path, data=token | {"common": "covered", "reason": "В травні."}).status_code == 303
    reason = _topic(database, idea.id).reason
    assert reason is not None
    assert reason.endswith(" В травні.")
    with database.reading() as session:
        assert session.scalars(select(TopicStep.note).where(TopicStep.what == Milestone.DECLINED)).one() == reason


def test_a_note_is_for_the_desk_alone(
    browsers: Browsers, signed_in: SignIn, editor: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        idea = an_idea(session, now)
        backers(session, idea, now, 2)
    desk = browsers()
    token = {"csrf_token": signed_in(desk, editor)}
    desk.post(f"/desk/topics/{idea.id}/note", data=token | {"desk_note": "Ask the harbour first."})
    assert "Ask the harbour first." in desk.get(f"/desk/topics/{idea.id}").text
    assert "harbour" not in browsers().get(f"/topics/ideas/{idea.id}").text
    listed = desk.get("/desk/topics?state=suggested").text
    assert TITLE in listed
    assert "3 backers" in listed
