"""The editors' pages of rounds and topics, and who may not see them."""

import re
from datetime import datetime

import pytest
from sqlalchemy import select

from patronage.ballots import keys, rounds
from patronage.ballots.deciding.models import Telling
from patronage.ballots.models import Round, RoundKey, Topic, TopicState
from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Database
from patronage.foundation.post import Mailbox
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.operation.waiting import revive
from patronage.people import staff
from patronage.people.models import AuditEntry, Person
from tests.ballots.polls import SECRET, a_draft, a_patron, closed, votes
from tests.fixtures.app import Browsers, SignIn

KIND = {"Accept": "text/html"}


def test_no_output_of_an_open_round_tells_a_count(
    browsers: Browsers, signed_in: SignIn, round_: Round, editor: Person, database: Database, now: datetime
) -> None:
    """Seventeen voters agree; wherever one looks, seventeen and the winner's lead are nowhere, only "10 or more"."""
    with database.transaction() as session:
        patrons = [a_patron(session, now) for _ in range(23)]  # how many patrons there are is no secret
        for patron in patrons[:17]:
            votes(session, round_, patron, "4", now)
    strangers, desk, patrons_own = browsers(), browsers(), browsers()
    signed_in(desk, editor)
    signed_in(patrons_own, patrons[0])
    paths = [
        "/topics", f"/topics/{round_.id}", f"/topics/{round_.id}/chain.txt", "/account", "/desk", "/desk/rounds",
        f"/desk/rounds/{round_.id}", "/desk/digests", "/desk/topics", "/topics/ideas", "/feeds/results.json",
    ]  # fmt: skip
    hidden = [f"/desk/rounds/{round_.id}/{each}" for each in ("whys", "certify")]
    hidden += [f"/topics/{round_.id}/result.{kind}" for kind in ("json", "csv", "xlsx", "pb")]
    hidden += [f"/topics/{round_.id}/leaves.txt"]
    for browser in (strangers, desk, patrons_own):
        for path in paths:
            answer = browser.get(path)
            assert answer.status_code in {200, 303, 403}, path
            text = re.sub(r"<[^>]*>", " ", answer.text)
            assert not re.search(r"\b1[0-9]+ (ballots|votes)|\b17\b|100 %", text), path
        assert {browser.get(path).status_code for path in hidden} <= {302, 303, 403, 404, 409}
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


def test_a_round_whose_key_does_not_open_closes_once_the_secret_is_back(
    browsers: Browsers, signed_in: SignIn, round_: Round, editor: Person, tools: Tools, clock: FrozenClock,
    worker: Worker,
) -> None:  # fmt: skip
    def put_key(sealed_with: str) -> None:
        with tools.database.transaction() as session:
            session.get_one(RoundKey, round_.id).sealed = keys.seal(key, round_.id, sealed_with)

    with tools.database.reading() as session:
        key = keys.unseal(session.get_one(RoundKey, round_.id).sealed, round_.id, SECRET)
    put_key("the secret the service had before")
    clock.advance(days=7)
    worker.work_until_idle()
    desk, page = browsers(), f"/desk/rounds/{round_.id}"
    token = {"csrf_token": signed_in(desk, editor)}
    answer = desk.post(f"{page}/close", data=token, follow_redirects=True)
    assert answer.status_code == 200
    assert "The key of this vote does not open" in answer.text
    clock.advance(minutes=5)
    assert "1 vote is over and was not closed" in desk.get("/desk").text
    worker.work_until_idle()
    put_key(SECRET)
    assert "Close the vote for good" in desk.get(page).text  # the next try is due in seconds, later in hours
    assert revive(tools) == 1
    worker.work_until_idle()
    assert "Close the vote for good" not in desk.get(page).text
    assert desk.post(f"{page}/close", data=token).status_code == 409


def test_voters_are_asked_to_come_back_while_a_key_does_not_open(
    browsers: Browsers, signed_in: SignIn, round_: Round, patron: Person, tools: Tools
) -> None:
    with tools.database.transaction() as session:
        session.get_one(RoundKey, round_.id).sealed = keys.seal(keys.draw(), round_.id, "the secret there was before")
    browser = browsers()
    token, path = signed_in(browser, patron), f"/topics/{round_.id}"
    sent = {"csrf_token": token, "choices": "1", "submission": "0123456789abcdef"}
    for answer in (browser.get(path), browser.post(path, data=sent)):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
        assert "No ballot is lost" in answer.text


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


def test_a_published_story_is_told_once_the_desk_has_written_to_whoever_voted(
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
    told = [letter["Subject"] for letter in mailbox.letters if letter["To"] == patron.email]
    assert told == ["The result: What should we look into next?"]
    with database.reading() as session:
        here = f"/desk/owed/{session.scalars(select(Telling.id)).one()}"
    assert desk.post(here, data={"csrf_token": token, "en": "We went."}).status_code == 303
    assert desk.post(f"{here}/send", data={"csrf_token": token}).status_code == 303
    worker.work_until_idle()
    told = [letter["Subject"] for letter in mailbox.letters if letter["To"] == patron.email]
    assert told[1:] == ["You asked, we went: Who owns the river port"]
    page = browsers().get(f"/topics/{round_.id}").text
    assert "https://news.example/port" in page


def test_a_new_round_is_proposed_from_now_for_two_weeks_until_the_evening(
    browsers: Browsers, signed_in: SignIn, editor: Person
) -> None:
    desk = browsers()
    signed_in(desk, editor)
    page = desk.get("/desk/rounds/new").text  # it is two in the afternoon in Kyiv
    assert re.search(r'name="opens"[^>]*value="2026-03-02T14:00"', page)
    assert re.search(r'name="closes"[^>]*value="2026-03-16T18:00"', page)
    assert "We report the winners" in page


@pytest.mark.parametrize("number", ["9" * 30, "9" * 5000, "-1", "x", "٣", ""])
def test_a_number_no_topic_can_have_changes_nothing(
    browsers: Browsers, signed_in: SignIn, editor: Person, database: Database, now: datetime, number: str
) -> None:
    with database.transaction() as session:
        draft = a_draft(session, now)
        order = rounds.topic_ids(session, draft.id)
    desk = browsers()
    token = {"csrf_token": signed_in(desk, editor)}
    for form in ({"topic": number}, {"do": f"up:{number}"}, {"do": f"remove:{number}"}):
        assert desk.post(f"/desk/rounds/{draft.id}/topics", data=token | form).status_code == 303
    assert desk.get("/desk/topics", query_string={"before": number}).status_code == 200
    with database.reading() as session:
        assert rounds.topic_ids(session, draft.id) == order
