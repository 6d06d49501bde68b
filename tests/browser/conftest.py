"""Chromium for the journeys: one browser a run, a fresh profile for each person."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests import chromium

PATIENCE = 20_000  # milliseconds; the machines that run this are small and shared
People = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's Chromium."""
    path = chromium.find()
    assert path, "there is no Chromium; `make test` says how to get one"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
        expect.set_options(timeout=PATIENCE)
        yield opened
        opened.close()


@pytest.fixture
def somebody(browser: Browser) -> Iterator[People]:
    """`somebody()` sits down at a browser of their own; `somebody(java_script_enabled=False)` and the like."""
    contexts: list[BrowserContext] = []

    def sit_down(**how: object) -> Page:
        context = browser.new_context(locale="en-GB", **how)  # type: ignore[arg-type]  # Playwright's own options
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        return context.new_page()

    yield sit_down
    for context in contexts:
        context.close()
