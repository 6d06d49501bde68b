"""Pages kept as bytes: drawn once, asked for again by their ETag, and the same however many ask at once."""

import threading
from functools import partial

import pytest
from flask import Flask

from patronage.foundation.web import kept_pages
from patronage.foundation.web.kept_pages import KeptPages


def _etag(app: Flask, pages: KeptPages) -> str:
    with app.test_request_context():
        return pages.answer("key", lambda: "page").headers["ETag"]


def _status(app: Flask, pages: KeptPages, known: str) -> int:
    with app.test_request_context(headers={"If-None-Match": known}):
        return pages.answer("key", lambda: "page").status_code


def test_a_page_is_drawn_once(app: Flask) -> None:
    pages, drawn = KeptPages(), []

    def draw() -> str:
        drawn.append(1)
        return "page"

    for _ in range(3):
        with app.test_request_context():
            assert pages.answer("key", draw).data == b"page"
    assert len(drawn) == 1


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', 'W/"other", W/{} ', "{},", "*"])
def test_a_reader_who_has_the_page_is_not_sent_it_again(app: Flask, form: str) -> None:
    """Browsers name it alone; a proxy that compresses weakens it; others keep a list of what they have."""
    pages = KeptPages()
    assert _status(app, pages, form.format(_etag(app, pages))) == 304


@pytest.mark.parametrize("known", ["", '"other"', 'W/"other"', "nonsense", '"'])
def test_a_reader_who_has_another_page_is_sent_this_one(app: Flask, known: str) -> None:
    pages = KeptPages()
    _etag(app, pages)
    assert _status(app, pages, known) == 200


def test_what_is_not_sent_again_still_says_how_long_it_holds(app: Flask) -> None:
    pages = KeptPages()
    etag = _etag(app, pages)
    with app.test_request_context(headers={"If-None-Match": etag}):
        answer = pages.answer("key", lambda: "page")
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", etag)
    assert answer.headers["Cache-Control"] == kept_pages.CACHE_CONTROL
    assert answer.headers["Vary"] == "Accept-Language"


def test_another_page_has_another_etag(app: Flask) -> None:
    pages = KeptPages()
    with app.test_request_context():
        one, other = (pages.answer(key, partial(str, key)).headers["ETag"] for key in ("one", "other"))
    assert one != other


def test_no_more_pages_are_kept_than_there_is_room_for(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_pages, "MOST_PAGES", 3)
    pages = KeptPages()
    with app.test_request_context():
        for number in range(10):
            pages.answer(number, lambda: "page")
    assert list(pages._pages) == [7, 8, 9]


def test_many_at_once_get_the_page_of_their_own_key(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_pages, "MOST_PAGES", 4)
    pages, wrong = KeptPages(), []

    def ask(start: int) -> None:
        for number in range(200):
            key = (start + number) % 9
            with app.test_request_context():
                if pages.answer(key, partial(str, key)).data != str(key).encode():
                    wrong.append(key)

    threads = [threading.Thread(target=ask, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []
    assert len(pages._pages) <= 4


def test_a_page_that_cannot_be_drawn_is_not_kept(app: Flask) -> None:
    pages = KeptPages()
    with app.test_request_context():
        with pytest.raises(ZeroDivisionError):
            pages.answer("key", lambda: str(1 / 0))
        assert pages.answer("key", lambda: "page").data == b"page"
