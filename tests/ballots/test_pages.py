"""The pages of voting, as strangers, patrons and editors meet them."""

import re
import secrets
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from patronage.ballots import rounds, topics
from patronage.ballots.models import Ballot, Round, Topic, TopicState
from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Database
from patronage.foundation.outbox import Letter
from patronage.foundation.post import Mailbox
from patronage.foundation.worker import Worker
from patronage.people import staff
from patronage.people.models import AuditEntry, Person
from tests.ballots.polls import SECRET, a_draft, a_patron, a_person, an_open_round, closed, votes
from tests.fixtures.app import Browsers, SignIn

KIND = {"Accept": "text/html"}


@pytest.fixture
def round_(database: Database, now: datetime) -> Round:
    with database.transaction() as session:
        return an_open_round(session, now)


@pytest.fixture
def patron(database: Database, now: datetime) -> Person:
    with database.transaction() as session:
        return a_patron(session, now)


@pytest.fixture
def editor(database: Database, now: datetime) -> Person:
    with database.transaction() as session:
        return staff.grant(session, "editor@newsroom.example", "editor", now)


def _vote(browser: FlaskClient, token: str, round_: Round, *choices: int, submission: str = "") -> TestResponse:
    form = {"choices": list(map(str, choices)), "submission": submission or secrets.token_hex(16), "csrf_token": token}
    return browser.post(f"/topics/{round_.id}", data=form)


def test_a_stranger_reads_what_is_asked_and_how_to_take_part(browsers: Browsers, round_: Round) -> None:
    answer = browsers().get(f"/topics/{round_.id}")
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    for words in (
        "Who owns the river port",
        "Become a patron",
        "/sign-in?next=/topics/",
        "about 3 reporter days",
        "EET",
    ):
        assert words in answer.text
    assert 'type="checkbox"' not in answer.text


def test_a_patron_votes_changes_the_ballot_and_holds_a_receipt(
    browsers: Browsers, signed_in: SignIn, round_: Round, patron: Person, database: Database
) -> None:
    browser = browsers()
    token = signed_in(browser, patron)
    page = browser.get(f"/topics/{round_.id}")
    assert page.text.count('type="checkbox"') == 5
    assert re.search(r'name="submission"[^>]*value="[0-9a-f]{32}"', page.text)
    first = _vote(browser, token, round_, 1, 2)
    assert first.status_code == 303
    receipt = browser.get(first.headers["Location"])
    assert "Your ballot is in" in receipt.text
    assert "Who owns the river port" in receipt.text
    second = browser.get(_vote(browser, token, round_, 3).headers["Location"])
    assert "replaces your earlier ballot" in second.text
    assert "Replace my ballot" in browser.get(f"/topics/{round_.id}").text
    with database.reading() as session:
        assert [(each.version, each.choices) for each in session.scalars(select(Ballot))] == [(2, "3")]


def test_a_form_sent_twice_gets_the_same_answer(
    browsers: Browsers, signed_in: SignIn, round_: Round, patron: Person
) -> None:
    browser = browsers()
    token, submission = signed_in(browser, patron), secrets.token_hex(16)
    pages = [_vote(browser, token, round_, 1, submission=submission).headers["Location"] for _ in range(2)]
    assert pages[0] == pages[1]
    assert browser.get(pages[0]).text == browser.get(pages[1]).text


def test_too_many_ticks_are_told_beside_the_ballot_and_kept(
    browsers: Browsers, signed_in: SignIn, round_: Round, patron: Person
) -> None:
    browser = browsers()
    answer = _vote(browser, signed_in(browser, patron), round_, 1, 2, 3, 4)
    assert answer.status_code == 422
    assert "<title>Error:" in answer.text
    assert "at most 3" in answer.text
    assert answer.text.count(" checked") == 4


def test_voting_asks_for_the_forms_token_and_for_a_patron(
    browsers: Browsers, signed_in: SignIn, round_: Round, database: Database, now: datetime, patron: Person
) -> None:
    stranger = browsers()
    assert "/sign-in" in _vote(stranger, "", round_, 1).headers["Location"]
    browser = browsers()
    signed_in(browser, patron)
    assert _vote(browser, "", round_, 1).status_code == 403
    with database.transaction() as session:
        reader = a_person(session, now)
    readers = browsers()
    token = signed_in(readers, reader)
    assert "You cannot vote yet" in readers.get(f"/topics/{round_.id}").text
    assert _vote(readers, token, round_, 1).status_code == 403
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Ballot)) == 0


def test_after_closing_everybody_reads_the_same_result(
    browsers: Browsers, signed_in: SignIn, round_: Round, patron: Person, database: Database, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        votes(session, round_, patron, "2", clock.now())
        closed(session, round_, clock.advance(days=1))
    browser = browsers()
    strangers = browser.get(f"/topics/{round_.id}")
    assert "Chosen: Trains after midnight" in strangers.text
    assert browser.get(f"/topics/{round_.id}", headers={"If-None-Match": strangers.headers["ETag"]}).status_code == 304
    token = signed_in(browser, patron)
    assert browser.get(f"/topics/{round_.id}").text == strangers.text
    late = _vote(browser, token, round_, 1)
    assert late.status_code == 409
    assert "This vote has closed" in late.text


def test_a_draft_is_nowhere_to_be_seen(browsers: Browsers, database: Database, now: datetime) -> None:
    with database.transaction() as session:
        draft = a_draft(session, now)
    browser = browsers()
    assert browser.get(f"/topics/{draft.id}").status_code == 404
    assert draft.title not in browser.get("/topics").text


def test_no_output_of_an_open_round_tells_a_count(
    browsers: Browsers, signed_in: SignIn, round_: Round, editor: Person, database: Database, now: datetime
) -> None:
    """Seventeen voters agree; wherever one looks, seventeen and the winner's lead are nowhere, only "10 or more"."""
    with database.transaction() as session:
        patrons = [a_patron(session, now) for _ in range(17)]
        for patron in patrons:
            votes(session, round_, patron, "4", now)
    strangers, desk, patrons_own = browsers(), browsers(), browsers()
    signed_in(desk, editor)
    signed_in(patrons_own, patrons[0])
    paths = ["/topics", f"/topics/{round_.id}", "/account", "/desk", "/desk/rounds", f"/desk/rounds/{round_.id}"]
    for browser in (strangers, desk, patrons_own):
        for path in paths:
            answer = browser.get(path)
            assert answer.status_code in {200, 303, 403}, path
            text = re.sub(r"<[^>]*>", " ", answer.text)
            assert not re.search(r"\b1[0-9]+ (ballots|votes)|\b17\b|100 %", text), path
    assert "10 or more" in desk.get(f"/desk/rounds/{round_.id}").text
    assert "10 or more" not in patrons_own.get(f"/topics/{round_.id}").text
    assert desk.get(f"/desk/rounds/{round_.id}/result.csv").status_code == 404


def test_an_editor_draws_up_a_round_opens_and_closes_it(
    browsers: Browsers, signed_in: SignIn, editor: Person, database: Database, clock: FrozenClock
) -> None:
    desk = browsers()
    token = {"csrf_token": signed_in(desk, editor)}
    for title in ("Rivers", "Roads", "Roofs"):
        form = {"title": title, "summary": f"About {title}", "reporter_days": "2"}
        assert desk.post("/desk/topics/new", data=token | form).status_code == 303
    form = {
        "title": "What next?", "promise": "We report it.", "places": "1", "most_ticks": "2",
        "opens": "2026-03-02T10:00", "closes": "2026-03-09T18:00",
    }  # fmt: skip
    page = desk.post("/desk/rounds/new", data=token | form).headers["Location"]
    assert desk.post(f"{page}/open", data=token).status_code == 422
    with database.reading() as session:
        ids = list(session.scalars(select(Topic.id).order_by(Topic.id)))
    assert "Rivers</option>" in desk.get(page).text
    for topic_id in ids:
        desk.post(f"{page}/topics", data=token | {"topic": topic_id})
    desk.post(f"{page}/topics", data=token | {"do": f"up:{ids[2]}"})
    assert re.findall(r"<h3>\d\. (\w+)</h3>", desk.get(page).text) == ["Rivers", "Roofs", "Roads"]
    assert desk.post(f"{page}/open", data=token).status_code == 303
    assert desk.post(page, data=token | form).status_code == 409
    assert "fewer than 10" in desk.get(page).text
    clock.advance(hours=1)
    assert desk.post(f"{page}/close", data=token).headers["Location"] == page
    assert desk.post(f"{page}/close", data=token).status_code == 409
    assert "Nobody ticked anything" in desk.get(page).text
    with database.reading() as session:
        deeds = list(session.scalars(select(AuditEntry.deed).where(AuditEntry.actor_id == editor.id)))
    assert {"topic created", "round drafted", "round topics set", "round opened", "round closed"} <= set(deeds)


@pytest.mark.parametrize(
    ("closes", "words"),
    [("2026-03-29T03:30", "does not exist on that day"), ("2026-10-25T03:30", "comes twice on that day")],
)
def test_a_closing_time_the_clocks_skip_or_repeat_is_refused_beside_its_field(
    browsers: Browsers, signed_in: SignIn, editor: Person, closes: str, words: str
) -> None:
    desk = browsers()
    form = {
        "title": "What next?", "promise": "We report it.", "places": "1", "most_ticks": "2",
        "opens": "2026-03-02T10:00", "closes": closes, "csrf_token": signed_in(desk, editor),
    }  # fmt: skip
    answer = desk.post("/desk/rounds/new", data=form)
    assert answer.status_code == 422
    assert words in answer.text
    assert "What next?" in answer.text


def test_votes_are_no_business_of_the_bookkeeper(
    browsers: Browsers, signed_in: SignIn, round_: Round, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        bookkeeper = staff.grant(session, "books@newsroom.example", "bookkeeper", now)
    browser = browsers()
    signed_in(browser, bookkeeper)
    for path in ("/desk/rounds", f"/desk/rounds/{round_.id}", "/desk/topics", f"/desk/rounds/{round_.id}/result.csv"):
        assert browser.get(path).status_code == 403


def test_a_patron_suggests_a_topic_and_reads_the_answer(
    browsers: Browsers, signed_in: SignIn, patron: Person, editor: Person, database: Database
) -> None:
    browser, desk = browsers(), browsers()
    token, desk_token = signed_in(browser, patron), signed_in(desk, editor)
    words = {
        "title": "<b>Who</b> pays for the bridge",
        "summary": "It has been closed for three years now.",
        "credit": "y",
    }
    assert browser.post("/topics/suggest", data={"csrf_token": token, "title": "short"}).status_code == 422
    assert browser.post("/topics/suggest", data={"csrf_token": token} | words).status_code == 303
    with database.reading() as session:
        topic = session.scalars(select(Topic)).one()
    assert (topic.state, topic.suggested_by, topic.credit) == (TopicState.SUGGESTED, patron.id, True)
    assert "&lt;b&gt;Who" in desk.get("/desk/topics?state=suggested").text
    answer = desk.post(f"/desk/topics/{topic.id}/decline", data={"csrf_token": desk_token, "reason": " "})
    assert answer.status_code == 422
    reason = {"csrf_token": desk_token, "reason": "We covered it in May."}
    assert desk.post(f"/desk/topics/{topic.id}/decline", data=reason).status_code == 303
    assert "We covered it in May." in browser.get("/topics/suggest").text
    assert desk.post(f"/desk/topics/{topic.id}/accept", data={"csrf_token": desk_token}).status_code == 303


def test_only_patrons_suggest(browsers: Browsers, signed_in: SignIn, database: Database, now: datetime) -> None:
    with database.transaction() as session:
        reader = a_person(session, now)
    browser = browsers()
    form = {"csrf_token": signed_in(browser, reader), "title": "A good question", "summary": "Long enough to be read."}
    assert browser.post("/topics/suggest", data=form).status_code == 403
    assert "Become a patron" in browser.get("/topics/suggest").text


def test_the_worker_closes_the_round_on_time_and_tells_who_voted(
    browsers: Browsers, round_: Round, patron: Person, database: Database, clock: FrozenClock, worker: Worker,
    mailbox: Mailbox,
) -> None:  # fmt: skip
    with database.transaction() as session:
        votes(session, round_, patron, "1,3", clock.now())
        a_patron(session, clock.now())
    worker.work_until_idle()
    assert not mailbox.letters
    clock.advance(days=7)
    assert "The result appears here in a moment" in browsers().get(f"/topics/{round_.id}").text
    worker.work_until_idle()
    letter = mailbox.letters[0]
    assert letter["To"] == patron.email
    assert "Who owns the river port" in letter.get_content() if not letter.is_multipart() else str(letter)
    with database.reading() as session:
        assert session.get_one(Round, round_.id).closed_at == clock.now()
        assert session.scalar(select(func.count()).select_from(Letter)) == 1


def test_a_published_story_is_told_to_whoever_voted(
    browsers: Browsers, signed_in: SignIn, editor: Person, round_: Round, patron: Person, database: Database,
    clock: FrozenClock, worker: Worker, mailbox: Mailbox,
) -> None:  # fmt: skip
    with database.transaction() as session:
        votes(session, round_, patron, "1", clock.now())
        closed(session, round_, clock.advance(days=1))
        topic_id = rounds.topic_ids(session, round_.id)[0]
    worker.work_until_idle()
    desk = browsers()
    token = signed_in(desk, editor)
    for bad in ("http://news.example/a", "javascript:alert(1)", "https://", "https://a b"):
        answer = desk.post(f"/desk/topics/{topic_id}/publish", data={"csrf_token": token, "story_url": bad})
        assert answer.status_code == 422, bad
    form = {"csrf_token": token, "story_url": "https://news.example/port"}
    assert desk.post(f"/desk/topics/{topic_id}/publish", data=form).status_code == 303
    worker.work_until_idle()
    assert [letter["Subject"] for letter in mailbox.letters][1:] == ["You asked, we went: Who owns the river port"]
    page = browsers().get(f"/topics/{round_.id}").text
    assert "https://news.example/port" in page


def test_a_round_that_opens_later_is_announced(
    browsers: Browsers, database: Database, clock: FrozenClock, patron: Person, signed_in: SignIn
) -> None:
    now = clock.now()
    with database.transaction() as session:
        made = [
            topics.create(session, topics.Words(title, "About it."), None, now) for title in ("One", "Two", "Three")
        ]
        terms = rounds.Terms("Later?", "We report it.", 1, now + timedelta(days=1), now + timedelta(days=2))
        draft = rounds.draft(session, terms, None, now)
        rounds.set_topics(session, draft.id, [topic.id for topic in made], None, now)
        rounds.open_round(session, draft.id, SECRET, None, now)
    browser = browsers()
    assert "Voting opens on" in browser.get(f"/topics/{draft.id}").text
    assert "Voting opens on" in browser.get("/topics").text
    token = signed_in(browser, patron)
    assert 'type="checkbox"' not in browser.get(f"/topics/{draft.id}").text
    assert _vote(browser, token, draft, 1).status_code == 409
    clock.advance(days=1)
    assert 'type="checkbox"' in browser.get(f"/topics/{draft.id}").text
