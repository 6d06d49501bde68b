"""The pages of voting, as strangers and patrons meet them."""

import re
import secrets
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from patronage.ballots import rounds, topics
from patronage.ballots.models import Ballot, Round
from patronage.foundation import fresh
from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Database
from patronage.foundation.outbox import Letter
from patronage.foundation.post import Mailbox
from patronage.foundation.worker import Worker
from patronage.giving import signed
from patronage.giving.models import Checkout, Pledge
from patronage.people.models import Person
from tests.ballots.polls import SECRET, a_draft, a_patron, a_person, closed, statements, votes
from tests.fixtures.app import Browsers, SignIn

KIND = {"Accept": "text/html"}


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
    first, second = (re.sub(r'name="csrf_token" value="[^"]*"', "", browser.get(page).text) for page in pages)
    assert first == second


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


def test_a_vote_takes_five_statements_the_session_included(
    browsers: Browsers, signed_in: SignIn, round_: Round, patron: Person, database: Database, clock: FrozenClock
) -> None:
    browser = browsers()
    token = signed_in(browser, patron)
    with statements(database) as seen:
        assert _vote(browser, token, round_, 1, 2).status_code == 303
    # The frozen clock of tests asks no database; PostgreSQL is asked for its time, in one statement more.
    assert len(seen) <= (5 if database.is_sqlite else 4), seen


def test_the_result_is_told_from_memory(
    browsers: Browsers, round_: Round, database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh, "SECONDS", 600)
    with database.transaction() as session:
        closed(session, round_, now)
    browser = browsers()
    first = browser.get(f"/topics/{round_.id}")
    with statements(database) as seen:
        again = browser.get(f"/topics/{round_.id}")
    assert again.data == first.data
    assert seen == []


def test_the_ballot_page_takes_six_statements(
    browsers: Browsers, signed_in: SignIn, round_: Round, patron: Person, database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(fresh, "SECONDS", 600)
    browser = browsers()
    signed_in(browser, patron)
    browser.get(f"/topics/{round_.id}")
    with statements(database) as seen:
        assert 'type="checkbox"' in browser.get(f"/topics/{round_.id}").text
    assert len(seen) <= 6, seen


def test_a_reader_who_has_just_become_a_patron_votes_from_the_thank_you_page(
    app: Flask, browsers: Browsers, signed_in: SignIn, round_: Round, patron: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        pledge = session.query(Pledge).filter_by(person_id=patron.id).one()
        session.add(Checkout(pledge_id=pledge.id, idempotency_key="once", asked_at=now, outcome="paid"))
    with app.test_request_context():
        path = signed.thanks_path(pledge.reference)
    browser = browsers()
    token = signed_in(browser, patron)
    page = browser.get(path)
    assert page.text.count('type="checkbox"') == 5
    assert f'action="/topics/{round_.id}"' in page.text
    found = re.search(r'name="submission"[^>]*value="([0-9a-f]{32})"', page.text)
    assert found
    cast = _vote(browser, token, round_, 2, submission=found[1])
    assert "Your ballot is in" in browser.get(cast.headers["Location"]).text
    assert "Your ballot is in. You can change it." in browser.get("/account").text


@pytest.mark.parametrize("choice", ["9" * 5000, "1" * 30, "-1", "1\x00", "²", ""])
def test_a_ballot_that_names_nothing_there_is_told_so(
    browsers: Browsers, signed_in: SignIn, round_: Round, patron: Person, choice: str
) -> None:
    browser = browsers()
    form = {"choices": [choice, "2"], "submission": secrets.token_hex(16), "csrf_token": signed_in(browser, patron)}
    answer = browser.post(f"/topics/{round_.id}", data=form)
    assert answer.status_code == 422
    assert "not part of this vote" in answer.text
    assert answer.text.count(" checked") == 1
