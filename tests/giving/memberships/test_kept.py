"""The public pages of giving are the same for everybody, whoever drew them first, and cost next to nothing."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from patronage.foundation.tools import Tools
from tests.giving.memberships.desk import Desk

PAGES = ("/support", "/support?currency=USD&interval=year", "/ways-to-give")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_drawn_for_staff_holds_nothing_of_theirs(desk: Desk, client: FlaskClient, page: str) -> None:
    first = desk.get(page)
    then = client.get(page)
    assert first.data == then.data
    assert b"admin" not in first.data
    assert b"csrf" not in first.data
    assert "Set-Cookie" not in first.headers
    assert "Set-Cookie" not in then.headers


@pytest.mark.parametrize("page", PAGES)
def test_a_kept_page_is_sent_with_few_questions(client: FlaskClient, tools: Tools, page: str) -> None:
    client.get(page)
    asked: list[str] = []
    event.listen(tools.database.engine, "before_cursor_execute", lambda *of: asked.append(of[2]))
    for _ in range(20):
        assert client.get(page).status_code == 200
    assert len(asked) <= 8, asked  # what is known is read again once a second
