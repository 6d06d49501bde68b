"""Letters to the staff: at closing, on Monday mornings, and never a count of an open vote."""

from datetime import datetime, timedelta
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import pytest

from patronage.ballots.announcing import DIGEST
from patronage.foundation import jobs
from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Database
from patronage.foundation.post import Mailbox
from patronage.foundation.worker import Worker
from patronage.newsroom import digests, waiting
from patronage.people import staff
from patronage.people.models import Person
from tests.ballots.polls import a_patron, an_open_round, closed, votes
from tests.fixtures.app import Browsers, SignIn

KYIV = ZoneInfo("Europe/Kyiv")


@pytest.fixture
def editor(database: Database, now: datetime) -> Person:
    """An editor who has been here for a while."""
    with database.transaction() as session:
        return staff.grant(session, "editor@newsroom.example", "editor", now - timedelta(days=30))


def _to_monday(clock: FrozenClock) -> datetime:
    monday = digests.monday_morning(clock.now() + timedelta(days=7), KYIV)
    clock.advance(seconds=(monday - clock.now()).total_seconds())
    return monday


def test_the_week_comes_on_monday_once_in_the_readers_language(
    database: Database, worker: Worker, mailbox: Mailbox, editor: Person, clock: FrozenClock
) -> None:
    with database.transaction() as session:
        session.merge(editor).language = "uk"
        staff.grant(session, "books@newsroom.example", "bookkeeper", clock.now() - timedelta(days=30))
    monday = _to_monday(clock)
    with database.transaction() as session:
        round_ = an_open_round(session, monday - timedelta(hours=1))
        for _ in range(13):
            votes(session, round_, a_patron(session, monday), "4", monday)
    worker.work_until_idle()
    clock.advance(hours=3)
    worker.work_until_idle()
    digest = [letter for letter in mailbox.letters if letter["To"] == editor.email]
    assert len(digest) == 1
    body = digest[0].get_body(("plain",))
    assert body is not None
    assert "What should we look into next?" in body.get_content()
    assert "13" not in body.get_content()
    assert [letter["To"] for letter in mailbox.letters if "books@" in str(letter["To"])] == []


def test_the_letter_at_closing_tells_the_result_to_who_wants_it(
    database: Database, worker: Worker, mailbox: Mailbox, editor: Person, now: datetime
) -> None:
    with database.transaction() as session:
        admin = staff.grant(session, "admin@newsroom.example", "admin", now)
        digests.choose(session, admin.id, closing=True, weekly=True)
        digests.choose(session, admin.id, closing=False, weekly=True)
        assert digests.chosen(session, admin.id) == (False, True)
        round_ = an_open_round(session, now)
        votes(session, round_, a_patron(session, now), "1", now)
        jobs.put(session, DIGEST, {"round": round_.id}, now)
    worker.work_until_idle()
    assert _closed(mailbox) == []  # it is open
    with database.transaction() as session:
        closed(session, round_, now)
        jobs.put(session, DIGEST, {"round": round_.id}, now, once=f"{DIGEST}:round={round_.id}")
    worker.work_until_idle()
    told = _closed(mailbox)
    assert [letter["To"] for letter in told] == [editor.email]
    body = told[0].get_body(("plain",))
    assert body is not None
    assert "1. Who owns the river port: 1 (chosen)" in body.get_content()


def _closed(mailbox: Mailbox) -> list[EmailMessage]:
    return [letter for letter in mailbox.letters if str(letter["Subject"]).startswith("Closed")]


def test_somebody_chooses_their_digests(browsers: Browsers, signed_in: SignIn, editor: Person) -> None:
    desk = browsers()
    token = signed_in(desk, editor)
    headers = {"Origin": "https://support.example.org"}
    assert desk.get("/desk/digests").text.count(" checked") == 2
    form = {"csrf_token": token, "weekly": "y"}
    assert desk.post("/desk/digests", data=form, headers=headers).status_code == 303
    assert desk.get("/desk/digests").text.count(" checked") == 1


def test_what_waits_is_counted_in_one_query(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        assert not waiting.of_editors(session, now)
        round_ = an_open_round(session, now)
        votes(session, round_, a_patron(session, now), "1,2", now)
        assert waiting.of_editors(session, now + timedelta(days=6)).closing_soon == 1
        late = waiting.of_editors(session, now + timedelta(days=7, minutes=5))
        assert (late.overdue, late.closing_soon) == (1, 0)
        closed(session, round_, now)
        found = waiting.of_editors(session, now)
        assert (found.uncertified, found.unassigned, found.closing_soon) == (1, 2, 0)
