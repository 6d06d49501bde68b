"""The language of a page: the address decides, then the person, then the browser, then the newsroom."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import ngettext

from patronage.app import create_app
from patronage.foundation import fresh, identity
from patronage.foundation.database import Database
from patronage.foundation.letters import compose
from patronage.foundation.money import NotAnAmount, parse
from patronage.foundation.outbox import Letter
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.foundation.web import languages
from patronage.people import people
from patronage.people.models import Person
from tests.fixtures.app import Browsers, SignIn

UKRAINIAN = {"Accept-Language": "uk-UA,uk;q=0.9,en;q=0.5"}
ENGLISH = {"Accept-Language": "en-GB"}
NEITHER = {"Accept-Language": "fr"}


@pytest.fixture
def speaker(database: Database, now: datetime) -> Callable[[str], Person]:
    """`speaker("uk")` adds somebody who speaks that language."""

    def add(language: str) -> Person:
        with database.transaction() as session:
            return people.find_or_add(session, f"{language}@reader.example", now, language=language)

    return add


def test_the_address_decides_first(browsers: Browsers) -> None:
    page = browsers().get("/?lang=uk", headers=ENGLISH).text
    assert '<html lang="uk"' in page
    assert "Підтримати нас" in page


def test_a_language_nobody_speaks_here_is_passed_over(browsers: Browsers) -> None:
    assert '<html lang="uk"' in browsers().get("/?lang=tlh", headers=UKRAINIAN).text


def test_the_browser_decides_for_a_stranger(browsers: Browsers) -> None:
    assert '<html lang="uk"' in browsers().get("/", headers=UKRAINIAN).text
    assert '<html lang="en"' in browsers().get("/", headers=ENGLISH).text


def test_the_newsroom_decides_where_nobody_else_does(
    browsers: Browsers, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh, "SECONDS", 0)
    with database.transaction() as session:
        identity.describe(session, locale="uk")
    assert '<html lang="uk"' in browsers().get("/", headers=NEITHER).text


def test_pages_for_somebody_speak_their_language(
    browsers: Browsers, signed_in: SignIn, speaker: Callable[[str], Person]
) -> None:
    theirs = browsers()
    signed_in(theirs, speaker("uk"))
    page = theirs.get("/account", headers=ENGLISH).text
    assert '<html lang="uk"' in page
    assert "Ваші внески" in page


def test_the_address_decides_on_their_pages_too(
    browsers: Browsers, signed_in: SignIn, speaker: Callable[[str], Person]
) -> None:
    theirs = browsers()
    signed_in(theirs, speaker("uk"))
    assert '<html lang="en"' in theirs.get("/account?lang=en", headers=UKRAINIAN).text


def test_a_page_for_strangers_does_not_ask_who_is_signed_in(
    browsers: Browsers, signed_in: SignIn, speaker: Callable[[str], Person]
) -> None:
    theirs = browsers()
    signed_in(theirs, speaker("uk"))
    page = theirs.get("/", headers=ENGLISH)
    assert '<html lang="en"' in page.text
    assert "Cookie" not in page.headers.get("Vary", "")


def test_ukrainian_counts_one_few_and_many(app: Flask) -> None:
    one, few, many = "день", "дні", "днів"
    right = {1: one, 2: few, 4: few, 5: many, 11: many, 12: many, 14: many, 21: one, 22: few, 25: many, 111: many}
    with app.test_request_context("/?lang=uk"):
        told = {count: ngettext("%(num)s reporter day", "%(num)s reporter days", count) for count in right}
    assert told == {count: f"{count} {word} роботи журналіста" for count, word in right.items()}


def test_a_reason_given_without_the_web_is_translated_by_it(app: Flask) -> None:
    with pytest.raises(NotAnAmount) as refused:
        parse("five", "EUR")
    assert str(refused.value) == "“five” is not an amount. Type a number such as 5 or 7.50."
    with app.test_request_context("/?lang=uk"):
        assert languages.said(refused.value).startswith("«five» — це не сума.")


@pytest.mark.parametrize(("currency", "typed"), [("JPY", "5.5"), ("EUR", "5.555"), ("ISK", "5.50")])
def test_why_an_amount_does_not_fit_names_its_currency(app: Flask, currency: str, typed: str) -> None:
    with pytest.raises(NotAnAmount, match=currency) as refused:
        parse(typed, currency)
    with app.test_request_context("/?lang=uk"):
        assert currency in languages.said(refused.value)


def test_a_letter_speaks_the_language_of_whom_it_goes_to(app: Flask, now: datetime) -> None:
    receipt = {
        "payment_reference": "R-1", "pledge_reference": "P-1", "amount_minor": 500, "currency": "EUR",
        "paid_on": "2026-03-02", "next_on": None, "interval": "month", "manage_path": "/account",
    }  # fmt: skip
    letter = Letter(
        kind="giving/receipt", data=receipt, language="uk", to_address="ann@reader.example", written_at=now,
        message_id="<1@newsroom.example>",
    )  # fmt: skip
    with app.test_request_context("/", headers=ENGLISH):
        message = compose(letter, {})
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text
    assert html
    assert message["Subject"].startswith("Квитанція: 5\N{NO-BREAK SPACE}€")
    assert "Дата платежу: 2 березня 2026" in text.get_content()
    assert '<html lang="uk"' in html.get_content()


def test_where_the_database_is_lost_the_page_still_has_a_language(
    settings: Settings, tools: Tools, tmp_path: Path
) -> None:
    lost = Database(f"sqlite:///{tmp_path / 'without_tables.db'}", mail_domain="newsroom.example")
    with create_app(settings, replace(tools, database=lost)).test_request_context("/", headers=NEITHER):
        assert languages.language() == "en"
    lost.close()
