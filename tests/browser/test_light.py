"""Public pages are light and keep to themselves: at most 100 KB in all, nobody else asked, no cookie set."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Response

from tests.browser import steps
from tests.fixtures.chromium import People
from tests.fixtures.live import Live

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]
MOST_BYTES = 100_000
PATHS = ("/", "/support", "/support?interval=month", "/topics", "/topics/1", "/sign-in", "/privacy", "/nothing")


def _answers(page: Page, url: str) -> list[Response]:
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - Playwright marks what it calls
    page.goto(url, wait_until="networkidle")
    return answers


def test_a_public_page_weighs_little_asks_nobody_else_and_sets_no_cookie(live: Live, somebody: People) -> None:
    steps.open_round(live)
    for path in PATHS:
        page = somebody()
        answers = _answers(page, live.url + path)
        weight = sum(len(answer.body()) for answer in answers)
        assert weight <= MOST_BYTES, f"{path} weighs {weight} bytes"
        assert {urlsplit(answer.url).netloc for answer in answers} == {urlsplit(live.url).netloc}, path
        assert not page.context.cookies(), path
        assert not [answer.url for answer in answers if answer.header_value("set-cookie")], path
