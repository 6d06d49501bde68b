"""The browser of the tests takes no broken page, however many pages of nearly the same form it has seen."""

import pytest
from flask import Flask
from html5lib.html5parser import ParseError

from tests.fixtures.app import StrictBrowser, form_of

PAGE = '<!doctype html><html lang="en"><head><title>A</title></head><body><p class="a">Given: €5</p>{}</body></html>'
SOUND = '<a href="/support" id="b1" title="x">Support, 12</a><table><tr><td>5</td></tr></table>'


def _browser(*pages: str) -> StrictBrowser:
    app = Flask("patronage")
    for number, page in enumerate(pages):
        app.add_url_rule(f"/{number}", f"page{number}", lambda page=page: page)
    browser = StrictBrowser(app, app.response_class)
    browser.base_url = "http://localhost"
    return browser


@pytest.mark.parametrize(
    ("sound", "broken"),
    [
        ('"/support"', '"/support'),
        ('"/support"', '"/support" href="/again"'),
        ("Support", "Supp<ort"),
        ("Support", "Supp&ort;"),
        ("Support, 12</a>", "Support, 12</b>"),
        ("Support", "Supp\x01ort"),
        ("<tr>", "<p><tr>"),
        ('id="b1"', 'id="b1"class="c"'),
        ('title="x"', 'title="x class="y"'),
    ],
)
def test_a_page_that_breaks_is_not_taken_for_the_sound_one(sound: str, broken: str) -> None:
    assert SOUND.count(sound) == 1
    browser = _browser(PAGE.format(SOUND), PAGE.format(SOUND.replace(sound, broken)))
    assert browser.get("/0").status_code == 200
    with pytest.raises(ParseError):
        browser.get("/1")


def test_pages_that_say_something_else_have_one_form() -> None:
    said = SOUND.replace("Support, 12", "Підтримка 13").replace("/support", "/topics/7").replace("b1", "b2")
    assert form_of(said) == form_of(SOUND)
