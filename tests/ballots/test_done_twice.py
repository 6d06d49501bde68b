"""A worker may die after its work was committed and before that was noted: then each job is done a second time."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from patronage.ballots import duties, rounds, topics
from patronage.ballots.deciding import telling
from patronage.ballots.deciding.models import Telling
from patronage.ballots.electing import letters
from patronage.ballots.models import Policy, Round
from patronage.ballots.sealing import recounting
from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Database
from patronage.foundation.jobs import Job
from patronage.foundation.outbox import Letter
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Handler, Worker
from tests.ballots.polls import SECRET, a_draft, a_patron, votes

DAY = timedelta(days=1)
TERMS: dict[str, Any] = {"opens_at": 2 * DAY, "closes_at": 7 * DAY, "cut_off": DAY}


@pytest.fixture
def forgetful(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> Worker:
    """A worker that does every job twice, and writes three letters at once."""
    for room in (duties, letters, telling):
        monkeypatch.setattr(room, "AT_ONCE", 3)
    handlers = worker._duties.handlers
    handlers |= {kind: _twice(handler) for kind, handler in handlers.items()}
    return worker


def _twice(handler: Handler) -> Handler:
    def do(tools: Tools, data: dict[str, Any]) -> None:
        for _ in range(2):
            handler(tools, dict(data))

    return do


def test_a_round_whose_every_job_is_done_twice_writes_to_each_voter_once(
    database: Database, forgetful: Worker, clock: FrozenClock
) -> None:
    now = clock.now()
    dates = {term: now + later for term, later in TERMS.items()}
    with database.transaction() as session:
        patrons = [a_patron(session, now - DAY) for _ in range(7)]
        draft = a_draft(session, now, policy=Policy.FROZEN, invites=True, remind_days=2, **dates)
        rounds.open_round(session, draft.id, SECRET, None, now)
    for day in range(8):
        forgetful.work_until_idle()
        if day == 3:
            with database.transaction() as session:
                for patron in patrons[:4]:
                    votes(session, draft, patron, "1,2", clock.now())
        clock.advance(days=1)
    with database.transaction() as session:
        assert recounting.problems(session, session.get_one(Round, draft.id)) == []
        topics.publish(session, rounds.topic_ids(session, draft.id)[0], "https://newsroom.example/port", None, now)
        for row in session.scalars(select(Telling)).all():
            telling.write_notes(session, row.id, {"en": "We went and looked."})
            telling.send(session, row.id, None, now)
    forgetful.work_until_idle()
    with database.reading() as session:
        assert Counter(session.scalars(select(Letter.kind))) == {
            "ballots/invitation": 7, "ballots/reminder": 3, "ballots/round_closed": 4, "ballots/you_asked": 4,
        }  # fmt: skip
        assert session.scalars(select(Job).where(Job.last_error.is_not(None))).all() == []
