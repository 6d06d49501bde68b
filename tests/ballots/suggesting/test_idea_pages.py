"""The pages of ideas, as strangers and patrons meet them; and the letters about their steps."""

import re
from datetime import datetime
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from patronage.ballots import topics
from patronage.ballots.models import Topic, TopicState
from patronage.ballots.suggesting import backing, merging, telling_steps, trusting
from patronage.ballots.suggesting.models import Milestone, TopicBacking, TopicStep
from patronage.foundation.database import Database
from patronage.foundation.post import Mailbox
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.people.models import Person
from tests.ballots.polls import a_patron, a_person
from tests.ballots.suggesting.idea_makers import TITLE, an_idea, backers
from tests.fixtures.app import Browsers, SignIn

SUGGESTION = {"title": TITLE, "summary": "It has been closed for three years now.", "language": "en"}


def _text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def _mine(database: Database, idea: Topic, person: Person) -> TopicBacking | None:
    with database.reading() as session:
        return backing.of_person(session, idea.id, person.id)


def test_a_similar_idea_is_shown_before_a_suggestion_is_sent_and_nothing_typed_is_lost(
    browsers: Browsers, signed_in: SignIn, patron: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        idea = an_idea(session, now, "Who pays for the old bridge?")
    browser = browsers()
    form = SUGGESTION | {"csrf_token": signed_in(browser, patron)}
    page = browser.post("/topics/suggest", data=form)
    assert page.status_code == 200
    assert "Not sent yet" in page.text
    assert f'formaction="/topics/ideas/{idea.id}/back"' in page.text
    assert SUGGESTION["summary"] in page.text
    seen = re.search(r'name="seen"[^>]*value="([\d,]+)"', page.text)
    assert seen
    assert browser.post("/topics/suggest", data=form | {"seen": seen[1]}).status_code == 303
    assert "Waits for the desk" in browser.get("/topics/suggest").text
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Topic)) == 2


def test_similar_ideas_come_as_a_part_of_the_page_and_none_that_waits_is_among_them(
    browsers: Browsers, signed_in: SignIn, patron: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        shown = an_idea(session, now, "Хто заплатить за міст")
        an_idea(session, now, "Хто платить за мости", shown=False)
    browser = browsers()
    signed_in(browser, patron)
    part = browser.get("/topics/suggest/similar", query_string={"title": "Хто платить за міст?"}).text
    assert f'data-ids="{shown.id}"' in part
    assert "1 similar idea is listed" in part
    assert 'data-ids=""' in browser.get("/topics/suggest/similar?title=Bread").text


def test_a_patron_backs_an_idea_follows_it_and_takes_that_back(
    browsers: Browsers, signed_in: SignIn, patron: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        idea = an_idea(session, now)
    path, browser, stranger = f"/topics/ideas/{idea.id}", browsers(), browsers()
    token = {"csrf_token": signed_in(browser, patron)}
    assert "Sign in to back it" in stranger.get(path).text
    for _twice in range(2):
        assert browser.post(f"{path}/back", data=token).status_code == 303
    assert "2 patrons" in _text(stranger.get(path).text)
    assert "2 patrons" in _text(stranger.get("/topics/ideas").text)
    assert patron.email not in stranger.get(path).text
    browser.post(f"{path}/tell", data=token | {"wanted": "yes"})
    assert "You are told by mail of every step." in browser.get(path).text
    assert f'<a href="{path}">{TITLE}</a>' in browser.get("/topics/suggest").text
    browser.post(f"{path}/unback", data=token)
    assert "1 patron" in _text(stranger.get(path).text)
    assert _mine(database, idea, patron) is None


def test_the_list_is_sent_again_only_when_something_is_new(
    browsers: Browsers, database: Database, now: datetime
) -> None:
    browser = browsers()
    first = browser.get("/topics/ideas")
    known = {"If-None-Match": first.headers["ETag"]}
    assert browser.get("/topics/ideas", headers=known).status_code == 304
    with database.transaction() as session:
        an_idea(session, now)
    assert browser.get("/topics/ideas", headers=known).status_code == 200


def test_only_patrons_back_and_only_what_is_shown_and_not_voted_on(
    browsers: Browsers, signed_in: SignIn, patron: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        reader, idea = a_person(session, now), an_idea(session, now)
        waiting, out = an_idea(session, now, shown=False), an_idea(session, now)
        topics.accept(session, out.id, None, now)
        topics.publish(session, out.id, "https://news.example/bridge", None, now)
    readers, browser = browsers(), browsers()
    token = {"csrf_token": signed_in(readers, reader)}
    assert readers.post(f"/topics/ideas/{idea.id}/back", data=token).status_code == 403
    token = {"csrf_token": signed_in(browser, patron)}
    assert browser.post(f"/topics/ideas/{waiting.id}/back", data=token).status_code == 404
    assert browser.post(f"/topics/ideas/{out.id}/back", data=token).status_code == 409
    assert browser.get(f"/topics/ideas/{waiting.id}").status_code == 404
    assert "https://news.example/bridge" in browsers().get(f"/topics/ideas/{out.id}").text


def test_a_name_stands_there_only_with_consent_and_while_it_stands(
    browsers: Browsers, signed_in: SignIn, patron: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        session.get_one(Person, patron.id).name = "Olena Koval"
        idea = an_idea(session, now, by=patron)
    path, browser, stranger = f"/topics/ideas/{idea.id}", browsers(), browsers()
    token = {"csrf_token": signed_in(browser, patron)}
    assert "Olena" not in stranger.get(path).text
    browser.post(f"{path}/credit", data=token | {"agrees": "yes"})
    assert "Olena Koval" in stranger.get(path).text
    browser.post(f"{path}/credit", data=token | {"agrees": "no"})
    assert "Olena" not in stranger.get(path).text
    other = browsers()
    with database.transaction() as session:
        somebody = a_patron(session, now)
    assert other.post(f"{path}/credit", data={"csrf_token": signed_in(other, somebody)}).status_code == 404


def test_the_reason_of_a_no_is_for_those_who_asked(
    browsers: Browsers, signed_in: SignIn, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        idea = an_idea(session, now)
        (backer,) = backers(session, idea, now, 1)
        topics.decline(session, idea.id, "We covered it in May.", None, now)
    path, browser = f"/topics/ideas/{idea.id}", browsers()
    assert browser.get(path).status_code == 404
    signed_in(browser, backer)
    assert "We covered it in May." in browser.get(path).text
    assert TITLE not in browser.get("/topics/ideas").text


def test_the_address_of_a_merged_idea_leads_on(browsers: Browsers, database: Database, now: datetime) -> None:
    with database.transaction() as session:
        old, into = an_idea(session, now), an_idea(session, now, "The bridge, all of it")
        merging.merge(session, old.id, into.id, None, now)
    browser = browsers()
    answer = browser.get(f"/topics/ideas/{old.id}")
    assert answer.headers["Location"] == f"/topics/ideas/{into.id}?from={old.id}"
    assert f"“{TITLE}” asks for the same" in browser.get(answer.headers["Location"]).text
    assert "asks for the same and was put together with this" not in browser.get(f"/topics/ideas/{into.id}?from=9").text


def test_what_a_trusted_patron_suggests_appears_at_once(
    browsers: Browsers, signed_in: SignIn, patron: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        trusting.trust(session, an_idea(session, now, "Bread", by=patron, shown=False).id, None, now)
    browser = browsers()
    answer = browser.post("/topics/suggest", data=SUGGESTION | {"csrf_token": signed_in(browser, patron)})
    assert TITLE in browsers().get(answer.headers["Location"]).text


def _body(letter: EmailMessage, kind: str) -> str:
    part = next(each for each in letter.iter_parts() if each.get_content_subtype() == kind)
    return str(part.get_content())


def _stop_link(mailbox: Mailbox) -> tuple[str, str]:
    """The address that mail programs are told, and the path that stands in the letter."""
    letter = mailbox.letters[-1]
    found = re.search(r"https?://\S+(/topics/ideas/letters/\S+)", _body(letter, "plain"))
    assert found
    assert "List-Unsubscribe: <http" in letter.as_string(), "an encoded address would be useless"
    return str(letter["List-Unsubscribe"]).strip("<>"), found[1]


def test_each_step_is_told_once_in_the_readers_language_until_they_stop_it(
    browsers: Browsers, patron: Person, database: Database, now: datetime, worker: Worker, mailbox: Mailbox
) -> None:
    with database.transaction() as session:
        session.get_one(Person, patron.id).language = "uk"
        idea = an_idea(session, now, "Who owns the port's <quay> & why", by=patron, tell=True, shown=False)
        backers(session, topics.show(session, idea.id, None, now), now, 1)
        topics.accept(session, idea.id, None, now)
        topics.assign(session, idea.id, "Oksana Bilyk", None, now)
        topics.assign(session, idea.id, "Ivan Melnyk", None, now)
    worker.work_until_idle()
    assert [str(each["To"]) for each in mailbox.letters] == [patron.email] * 3
    assert all("Oksana" not in str(each) for each in mailbox.letters)
    assert all("port's <quay> & why" in str(each["Subject"]) for each in mailbox.letters)
    plain, html = _body(mailbox.letters[0], "plain"), _body(mailbox.letters[0], "html")
    assert "port's <quay> & why" in plain
    assert "&lt;quay&gt; &amp; why" in html
    header, path = _stop_link(mailbox)
    assert urlsplit(header).path == path
    browser: FlaskClient = browsers()
    assert browser.get(path).status_code == 200
    mine = _mine(database, idea, patron)
    assert mine is not None
    assert mine.tell, "looking at the page changes nothing"
    one_click = browser.post(path, data={"List-Unsubscribe": "One-Click"})
    assert one_click.status_code == 303
    assert "You get no letters" in browser.get(path).text
    with database.transaction() as session:
        topics.hand_back(session, idea.id, None, now)
        topics.decline(session, idea.id, "It was in May.", None, now)
    worker.work_until_idle()
    assert len(mailbox.letters) == 3


def test_many_backers_are_told_a_part_at_a_time_and_nobody_twice(
    database: Database, tools: Tools, now: datetime, worker: Worker, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling_steps, "AT_ONCE", 2)
    with database.transaction() as session:
        idea = an_idea(session, now)
        people = backers(session, idea, now, 5, tell=True)
        topics.accept(session, idea.id, None, now)
        step = session.scalars(select(TopicStep.id).where(TopicStep.what == Milestone.ACCEPTED)).one()
    worker.work_until_idle()
    telling_steps.tell_of_step(tools, {"step": step})
    worker.work_until_idle()
    assert sorted(str(each["To"]) for each in mailbox.letters) == sorted(person.email for person in people)


@pytest.mark.parametrize("key", ["1-1-" + "0" * 32, "1-1", "x", "1-" + "9" * 30 + "-0", "²-1-0"])
def test_an_address_that_stops_letters_cannot_be_made_up(browsers: Browsers, key: str) -> None:
    browser = browsers()
    assert browser.get(f"/topics/ideas/letters/{key}").status_code == 404
    assert browser.post(f"/topics/ideas/letters/{key}").status_code == 404


def test_a_suggestion_that_becomes_a_story_keeps_its_way(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        idea = an_idea(session, now)
        topics.accept(session, idea.id, None, now)
        topics.assign(session, idea.id, "Oksana", None, now)
        assert topics.hand_back(session, idea.id, None, now).state is TopicState.ACCEPTED
        assert idea.assignee is None
