"""A closed result leaves the house in four formats: to the byte, without formulas, without anything that links."""

import hashlib
import io
import json
import zipfile
from datetime import datetime
from fractions import Fraction

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from patronage.ballots import rounds
from patronage.ballots.counting import pabulib, phragmen
from patronage.ballots.counting.standing import by_seed
from patronage.ballots.models import Ballot, Round
from patronage.ballots.sealing import certifying, recounting
from patronage.foundation.database import Database
from tests.ballots.polls import SECRET, a_draft, a_patron, closed, votes

TITLES = ('=cmd|" /C calc"!A0', "Roads, and more", "Roofs; and roses", "Rails")
CAST = ("1", "1,2", "1,3", "2", "3,4", "")


@pytest.fixture
def round_(database: Database, now: datetime) -> Round:
    """A round that has closed."""
    with database.transaction() as session:
        draft = a_draft(session, now, titles=TITLES, places=2)
        rounds.open_round(session, draft.id, SECRET, None, now)
        for choices in CAST:
            votes(session, draft, a_patron(session, now), choices, now)
        return closed(session, draft, now)


def test_the_json_is_what_its_etag_is_the_hash_of(client: FlaskClient, round_: Round) -> None:
    answer = client.get(f"/topics/{round_.id}/result.json")
    assert answer.headers["ETag"] == f'"{hashlib.sha256(answer.data).hexdigest()}"'
    assert answer.mimetype == "application/json"
    again = client.get(f"/topics/{round_.id}/result.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert json.loads(answer.data)["schema"] == "patronage/round-result/2"


def test_no_cell_of_the_workbook_is_a_formula(client: FlaskClient, round_: Round) -> None:
    answer = client.get(f"/topics/{round_.id}/result.xlsx")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/")]
        assert "=cmd|" in book.read("xl/sharedStrings.xml").decode()
    assert len(sheets) == 3
    assert not any("<f>" in sheet for sheet in sheets)


def test_the_csv_is_the_same_for_everybody(client: FlaskClient, round_: Round) -> None:
    assert "\"'=cmd|" in client.get(f"/topics/{round_.id}/result.csv").text


def test_ballots_leave_only_once_certified_and_link_to_nothing(
    client: FlaskClient, round_: Round, database: Database, now: datetime
) -> None:
    assert client.get(f"/topics/{round_.id}/result.pb").status_code == 404
    with database.transaction() as session:
        certifying.certify(session, round_.id, recounting.agreed(session, round_.id), None, now)
        tokens = [token.hex() for token in session.scalars(select(Ballot.token))]
    answer = client.get(f"/topics/{round_.id}/result.pb")
    assert not any(token in answer.text for token in tokens)
    election = pabulib.read(io.StringIO(answer.text, newline=""))
    assert (election.profile.cast, election.profile.blank, election.budget) == (6, 1, Fraction(2))
    assert election.warnings == ()
    by_name = {
        project.name: votes for project, votes in zip(election.projects, election.profile.votes.values(), strict=True)
    }
    assert by_name == dict(zip(TITLES, (3, 2, 2, 1), strict=True))
    said = client.get(f"/topics/{round_.id}/result.json").json
    assert said
    recounted = phragmen.filled(election.profile, 4, tuple(range(1, 5)))
    position = by_seed({topic["position"]: topic["topic"] for topic in said["topics"]}, said["tie_seed"])
    assert [position[place - 1] for place in recounted.order] == said["fair"]["order"]
