"""Complimentary memberships: given for a reason until a day, moved, revoked, over by themselves; they may vote."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.giving import standing
from patronage.giving.duties import policy_of
from patronage.giving.memberships import complimentary
from patronage.giving.memberships.complimentary import DayHasPassed, Given
from patronage.giving.memberships.pricing import Editor
from patronage.giving.models import Pledge, PledgeState
from patronage.people.models import Person
from tests.fixtures.app import Browsers, SignIn
from tests.fixtures.stripe import StripeTools
from tests.giving.memberships.desk import Desk
from tests.giving.readers import Readers, letters
from tests.giving.supporting import send, session_id, words

LIST = "/desk/patrons/complimentary"
FORM = {"email": "vira@reader.example", "until": "2026-05-31", "why": "Helped with the archive", "submission": "x-1"}
MAY = datetime(2026, 5, 31, 20, 59, 59, tzinfo=UTC)  # as the day ends in Kyiv


def _pledge(tools: Tools) -> Pledge:
    with tools.database.reading() as session:
        return session.scalars(select(Pledge)).one()


def test_somebody_becomes_a_patron_who_may_vote_and_is_told(desk: Desk, tools: Tools) -> None:
    for _ in range(2):
        assert desk.send(LIST, **FORM).status_code == 303
    pledge = _pledge(tools)
    assert (pledge.state, pledge.paid_until, pledge.patron_until) == (PledgeState.ACTIVE, MAY, MAY)
    with tools.database.reading() as session:
        assert standing.is_patron(session, pledge.person_id, tools.clock.now())
        assert len(letters(session, "giving/complimentary")) == 1
    assert "Helped with the archive" in desk.get(LIST).text
    assert "complimentary membership given" in desk.get("/desk/audit").text


def test_it_ends_on_its_day_without_grace(desk: Desk, tools: Tools, worker: Worker, readers: Readers) -> None:
    desk.send(LIST, **FORM)
    for days in (78, 13):
        readers.stripe.clock.advance(days=days)
        worker.work_until_idle()
    pledge = _pledge(tools)
    assert (pledge.state, pledge.ended_at, pledge.ended_because) == (PledgeState.ENDED, MAY, "run out")
    with tools.database.reading() as session:
        assert not standing.is_patron(session, pledge.person_id, tools.clock.now())
        assert len(letters(session, "giving/membership_ends")) == 1


def test_given_again_the_end_is_moved(desk: Desk, tools: Tools, worker: Worker, readers: Readers) -> None:
    desk.send(LIST, **FORM)
    desk.send(LIST, **{**FORM, "until": "2026-08-31", "submission": "x-2"})
    readers.stripe.clock.advance(days=100)
    worker.work_until_idle()
    assert _pledge(tools).state == PledgeState.ACTIVE


def test_revoked_it_is_over_at_once(desk: Desk, tools: Tools) -> None:
    desk.send(LIST, **FORM)
    reference = _pledge(tools).reference
    assert desk.send(f"{LIST}/{reference}/revoke", reason="By mistake").status_code == 303
    assert desk.send(f"{LIST}/{reference}/revoke", reason="By mistake").status_code == 409
    pledge = _pledge(tools)
    assert (pledge.state, pledge.ended_because) == (PledgeState.ENDED, "revoked")
    with tools.database.reading() as session:
        assert not standing.is_patron(session, pledge.person_id, tools.clock.now())
        assert len(letters(session, "giving/complimentary_ended")) == 1


def test_it_is_no_second_pledge_beside_one_that_is_paid(desk: Desk, tools: Tools, readers: Readers) -> None:
    desk.send(LIST, **FORM)
    readers.patron()
    with tools.database.reading() as session:
        assert letters(session, "giving/second_pledge") == []


def test_whoever_has_one_takes_it_over_without_being_asked(
    desk: Desk, tools: Tools, browsers: Browsers, signed_in: SignIn, stripe_tools: StripeTools, readers: Readers
) -> None:
    desk.send(LIST, **FORM)
    browser = browsers()
    with tools.database.reading() as session:
        signed_in(browser, session.get_one(Person, _pledge(tools).person_id))
    page = words(browser.get("/account"))
    assert "A complimentary membership" in page
    assert "It lasts until 31 May 2026 and ends by itself." in page
    assert session_id(send(browser, email=FORM["email"]))


def test_a_day_that_has_passed_is_refused(desk: Desk, tools: Tools, settings: Settings, editor: Editor) -> None:
    refused = desk.send(LIST, **{**FORM, "until": "2026-02-01"})
    assert refused.status_code == 422
    assert "Choose a last day between today and ten years from now." in words(refused)
    given = Given("vira@reader.example", datetime(2040, 1, 1, tzinfo=UTC), "Why", "x")
    with pytest.raises(DayHasPassed), tools.database.transaction() as session:
        complimentary.give(session, given, policy_of(settings), editor, "EUR")
