"""The feeds: well formed whatever a title holds, the same for everybody, with ids that stay."""

from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from patronage.ballots.known_rounds import KnownRounds
from patronage.ballots.models import Round
from patronage.foundation import identity
from patronage.foundation.database import Database
from tests.ballots.polls import a_patron, an_open_round, closed, votes
from tests.newsroom.test_api import a_story

ATOM = "{http://www.w3.org/2005/Atom}"
FEEDS = ("/feeds/results.atom", "/feeds/results.json")
ODD = "Ports & <b>docks</b> \x0b\x1f \ufffe «причал» \U0001f6a2"


def a_closed_round(session: Session, now: datetime) -> Round:
    """A round with an odd title, two of whose topics were chosen."""
    round_ = an_open_round(session, now)
    votes(session, round_, a_patron(session, now), "1,2", now)
    round_.title = ODD
    return closed(session, round_, now + timedelta(hours=1))


def entries(client: FlaskClient) -> list[ElementTree.Element]:
    """The entries of the Atom feed, which must be well formed."""
    return ElementTree.fromstring(client.get(FEEDS[0]).data).findall(f"{ATOM}entry")  # noqa: S314 - our own


def test_an_atom_feed_is_well_formed_and_complete(client: FlaskClient, database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = a_closed_round(session, now)
        session.add(a_story(ODD, now + timedelta(hours=2)))
    answer = client.get(FEEDS[0])
    assert answer.mimetype == "application/atom+xml"
    feed = ElementTree.fromstring(answer.data)  # noqa: S314 - our own
    for name in ("id", "title", "updated", "author", "link"):
        assert feed.find(f"{ATOM}{name}") is not None
    found = entries(client)
    assert [each.findtext(f"{ATOM}id", "").rsplit("/", 1)[1] for each in found] == ["story", "result", "announced"]
    assert "«причал»" in found[0].findtext(f"{ATOM}title", "")
    assert "Who owns the river port" in found[1].findtext(f"{ATOM}summary", "")
    link = found[1].find(f"{ATOM}link")
    assert link is not None
    assert link.attrib["href"] == f"https://support.example.org/topics/{round_.id}"
    assert len({each.findtext(f"{ATOM}id") for each in found}) == 3


def test_a_json_feed_says_the_same(client: FlaskClient, database: Database, now: datetime) -> None:
    with database.transaction() as session:
        a_closed_round(session, now)
    answer = client.get(FEEDS[1])
    assert answer.mimetype == "application/feed+json"
    told: Any = answer.get_json(force=True)
    assert told["version"] == "https://jsonfeed.org/version/1.1"
    assert [each["id"] for each in told["items"]] == [each.findtext(f"{ATOM}id") for each in entries(client)]
    assert all({"id", "url", "title", "content_text", "date_published"} <= set(each) for each in told["items"])


@pytest.mark.parametrize("path", FEEDS)
def test_a_reader_who_has_the_feed_is_told_so(
    client: FlaskClient, database: Database, now: datetime, path: str
) -> None:
    with database.transaction() as session:
        a_closed_round(session, now)
    first = client.get(path)
    assert "Set-Cookie" not in first.headers
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_closed_round_keeps_the_id_of_its_result(client: FlaskClient, database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
    (announced,) = entries(client)
    with database.transaction() as session:
        closed(session, round_, now + timedelta(hours=1))
    rounds: KnownRounds = client.application.extensions["patronage-rounds"]
    rounds.forget()
    ids = [each.findtext(f"{ATOM}id") for each in entries(client)]
    assert ids[1] == announced.findtext(f"{ATOM}id")
    assert ids[0] == f"tag:support.example.org,2026-03-02:round/{round_.id}/result"


def test_a_feed_speaks_the_newsrooms_language_to_everybody(
    client: FlaskClient, database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        identity.describe(session, locale="uk")
        a_closed_round(session, now)
    answers = [client.get(FEEDS[0], headers={"Accept-Language": each}).data for each in ("en", "uk")]
    assert answers[0] == answers[1]
    assert b'xml:lang="uk"' in answers[0]


def test_the_pages_of_topics_lead_to_the_feeds(client: FlaskClient) -> None:
    page = client.get("/topics").text
    assert all(f'href="https://support.example.org{path}"' in page for path in FEEDS)
    assert "atom+xml" not in client.get("/support").text
