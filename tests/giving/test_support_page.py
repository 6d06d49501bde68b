"""The page where readers give: the same bytes for every stranger, and exact about what will happen."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from patronage.foundation import identity
from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Database
from patronage.giving.memberships.models import TierPrice
from patronage.giving.models import Interval, SuggestedAmount, Tier
from tests.fixtures.app import Browsers
from tests.giving.supporting import words


@contextmanager
def _statements(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


def _ticked(page: str) -> list[tuple[str, str]]:
    found = re.findall(r'<input checked[^>]*name="(\w+)"[^>]*value="(\w+)"', page)
    return [(name, value) for name, value in found]


def test_a_stranger_gets_kept_bytes_without_a_cookie(client: FlaskClient) -> None:
    first = client.get("/support")
    assert first.status_code == 200
    assert "Set-Cookie" not in first.headers
    assert "Cookie" not in first.headers.get("Vary", "")
    again = client.get("/support", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_page_seen_before_asks_the_database_nothing(client: FlaskClient, database: Database) -> None:
    client.get("/support")
    with _statements(database) as seen:
        client.get("/support")
    assert seen == []


def test_one_off_is_chosen_unless_a_link_says_become_a_patron(client: FlaskClient) -> None:
    assert ("interval", "once") in _ticked(client.get("/support").text)
    assert ("interval", "month") in _ticked(client.get("/support?interval=month").text)
    assert ("interval", "once") in _ticked(client.get("/support?interval=fortnight").text)


def test_the_fee_cover_is_not_ticked_and_shows_its_amount(client: FlaskClient) -> None:
    page = client.get("/support")
    assert not re.search(r'<input checked[^>]*name="cover_fees"', page.text)
    assert "Add €0.61, so that the payment fee takes nothing of your gift" in words(page)


def test_each_amount_and_the_button_name_the_period(client: FlaskClient, clock: FrozenClock) -> None:
    said = words(client.get("/support"))
    assert "€5 a month" in said
    assert "Give €5 every month" in said
    assert "€5 today, then €5 on the 2nd of each month. Stop in two clicks." in said
    assert "Give €60 every year" in said
    assert "€60 today, then €60 every year on 2 March. Stop in two clicks." in said
    assert "Give €10 once" in said
    assert "€10 today, and that is all: nothing more is charged." in said


def test_the_page_knows_the_day(client: FlaskClient, clock: FrozenClock) -> None:
    client.get("/support")
    clock.advance(days=28)
    assert "on the 30th of each month, or its last day" in words(client.get("/support"))


def test_the_day_is_the_newsrooms_own(client: FlaskClient, clock: FrozenClock) -> None:
    clock.advance(hours=10.5)  # 22:30 in UTC is the next day in Kyiv
    assert "on the 3rd of each month" in words(client.get("/support"))


def test_a_storys_address_is_kept_in_the_form_and_escaped(client: FlaskClient) -> None:
    page = client.get("/support", query_string={"source": 'https://n.example/a"><script>x</script>'})
    assert 'value="https://n.example/a&#34;&gt;&lt;script&gt;x&lt;/script&gt;"' in page.text
    assert "<script>x" not in page.text
    assert client.get("/support").text.count("n.example") == 0


def test_stories_share_one_kept_page_and_have_their_own_marks(app: Flask, client: FlaskClient) -> None:
    pages = [client.get(f"/support?source=story-{number}") for number in range(50)]
    assert len({page.headers["ETag"] for page in pages}) == 50
    assert len(app.extensions["patronage-support-pages"]._pages) == 1
    mark = pages[7].headers["ETag"]
    assert client.get("/support?source=story-7", headers={"If-None-Match": mark}).status_code == 304
    assert client.get("/support?source=story-8", headers={"If-None-Match": mark}).status_code == 200


def test_where_a_reader_comes_from_is_not_taken_from_the_browser(client: FlaskClient) -> None:
    page = client.get("/support", headers={"Referer": "https://elsewhere.example/private"})
    assert "elsewhere" not in page.text


def test_new_amounts_and_levels_are_seen_within_a_second(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/support")
    with database.transaction() as session:
        friend = Tier(name="Friend", benefits="A letter", position=1)
        session.add(friend)
        session.flush()
        session.add(TierPrice(tier_id=friend.id, currency="EUR", monthly_minor=700, yearly_minor=7000))
        for amount in (700, 1400):
            session.add(SuggestedAmount(interval=Interval.MONTH, currency="EUR", amount_minor=amount))
    monkeypatch.setattr("patronage.foundation.fresh.SECONDS", 0.0)
    page = client.get("/support")
    assert "€14 a month" in words(page)
    assert "Friend from €7 a month or €70 a year A letter" in words(page)


def test_another_currency_has_amounts_of_its_own(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patronage.foundation.fresh.SECONDS", 0.0)
    with database.transaction() as session:
        identity.describe(session, currency="UAH")
    assert "₴5 a month" in words(client.get("/support"))


def test_a_page_for_each_language(client: FlaskClient, browsers: Browsers) -> None:
    ours = client.get("/support", headers={"Accept-Language": "en"})
    theirs = browsers().get("/support", headers={"Accept-Language": "uk"})
    assert ours.headers["ETag"] != theirs.headers["ETag"]
    assert "5\N{NO-BREAK SPACE}€" in theirs.text


def test_a_kept_page_is_drawn_anew_on_the_next_day(client: FlaskClient, clock: FrozenClock) -> None:
    today = client.get("/support").headers["ETag"]
    clock.advance(days=timedelta(days=1).days)
    assert client.get("/support").headers["ETag"] != today
