"""The desk's own pages: what needs somebody, who gives, what the pages say of the newsroom, what staff did."""

from datetime import datetime

import pytest
from flask import Flask
from flask_babel import force_locale
from sqlalchemy import select

from patronage.foundation.database import Database
from patronage.foundation.identity import IdentityRow
from patronage.giving.reconciling.kinds import KINDS
from patronage.giving.reconciling.models import Reconciliation
from patronage.newsroom import deeds
from patronage.people import staff
from patronage.people.models import AuditEntry, Person
from tests.ballots.polls import a_patron
from tests.fixtures.app import Browsers, SignIn


@pytest.fixture
def admin(database: Database, now: datetime) -> Person:
    """An administrator."""
    with database.transaction() as session:
        return staff.grant(session, "admin@newsroom.example", "admin", now)


def test_the_overview_counts_patrons(
    browsers: Browsers, signed_in: SignIn, admin: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        for _ in range(3):
            a_patron(session, now)
    desk = browsers()
    signed_in(desk, admin)
    assert "<dt>Patrons now</dt><dd>3</dd>" in desk.get("/desk").text


def test_the_overview_says_how_the_last_comparison_with_stripe_went(
    browsers: Browsers, signed_in: SignIn, admin: Person, database: Database, now: datetime
) -> None:
    desk = browsers()
    signed_in(desk, admin)
    assert "compared with Stripe" not in desk.get("/desk").text
    walks = {"charges": {"differed": 3, "mended": 1}}
    with database.transaction() as session:
        session.add(
            Reconciliation(
                begun_by="night", kinds=list(KINDS), is_dry=False, began_at=now, ended_at=now, walks=walks, said=[]
            )
        )
    page = desk.get("/desk").text
    assert "Last compared with Stripe on" in page
    assert "3 differences were found." in page
    assert "2 differences from Stripe remain" in page


def test_who_gives_is_listed_and_found_by_the_beginning_of_an_address(
    browsers: Browsers, signed_in: SignIn, admin: Person, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        first, second = a_patron(session, now), a_patron(session, now)
    desk = browsers()
    signed_in(desk, admin)
    page = desk.get("/desk/patrons").text
    assert first.email in page
    assert second.email in page
    found = desk.get("/desk/patrons", query_string={"words": first.email}).text
    assert f">{first.email}<" in found
    assert f">{second.email}<" not in found


def test_what_an_administrator_says_is_written_down_and_audited(
    browsers: Browsers, signed_in: SignIn, admin: Person, database: Database
) -> None:
    desk = browsers()
    form = {"csrf_token": signed_in(desk, admin), "name": "The Gazette", "accent": "#aa3300", "locale": "en"}
    headers = {"Origin": "https://support.example.org"}
    assert desk.post("/desk/settings", data=form, headers=headers).status_code == 303
    with database.reading() as session:
        assert session.scalars(select(IdentityRow.name)).one() == "The Gazette"
    assert "The Gazette" in desk.get("/desk/audit").text
    refused = desk.post("/desk/settings", data={**form, "accent": "red"}, headers=headers)
    assert refused.status_code == 422
    assert "six digits" in refused.text


def test_what_was_done_and_to_what_is_told_in_the_readers_language(app: Flask) -> None:
    entries = [
        AuditEntry(deed="round closed", subject=subject) for subject in ("round 7", "The Gazette", "round seven")
    ]
    with app.test_request_context(), force_locale("en"):
        assert [deeds.subject(entry) for entry in entries] == ["round 7", "The Gazette", "round seven"]
    with app.test_request_context(), force_locale("uk"):
        in_ukrainian, *names = [deeds.subject(entry) for entry in entries]
        assert deeds.deed(entries[0]) != "round closed"
    assert in_ukrainian != "round 7"
    assert in_ukrainian.endswith("7")
    assert names == ["The Gazette", "round seven"]
