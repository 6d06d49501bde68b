"""The feeds: results, stories and votes announced, as Atom (RFC 4287) and as JSON Feed 1.1; the same for everybody."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from flask import Blueprint, Flask, current_app, g
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.ballots.frozen import Frozen
from patronage.ballots.models import Round, Topic, TopicState
from patronage.ballots.results import visible_results
from patronage.foundation.stamps import to_the_second
from patronage.foundation.web.guards import public
from patronage.foundation.web.house import here, link, settings, tools
from patronage.foundation.web.kept_pages import KeptPages
from patronage.foundation.web.languages import newsrooms_language

blueprint = Blueprint("newsroom_feeds", __name__)
PAGES = "patronage-feed-pages"
MOST = 30
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)  # part of the feed's own name, so it stays
ATOM = "http://www.w3.org/2005/Atom"
NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `mark` names it for ever; moments in UTC."""

    mark: str
    title: str
    url: str
    text: str
    published: datetime
    updated: datetime


@dataclass(frozen=True)
class Feed:
    """A feed before it is written; `entries` newest first."""

    title: str
    language: str
    address: str
    entries: list[Entry]


def install(app: Flask) -> None:
    """Give `app` its feeds."""
    app.register_blueprint(blueprint)
    app.extensions[PAGES] = KeptPages()


@blueprint.get("/feeds/results.atom")
@public
def atom() -> ResponseReturnValue:
    """Answer with the Atom feed."""
    return _answer("/feeds/results.atom", as_atom, "application/atom+xml; charset=utf-8")


@blueprint.get("/feeds/results.json")
@public
def json_feed() -> ResponseReturnValue:
    """Answer with the JSON Feed."""
    return _answer("/feeds/results.json", as_json, "application/feed+json; charset=utf-8")


def _answer(path: str, write: Callable[[Feed], str], content_type: str) -> ResponseReturnValue:
    pages: KeptPages = current_app.extensions[PAGES]
    known, now = current_app.extensions["patronage-rounds"](), tools().clock.now()
    g.language = language = newsrooms_language()  # one document for all

    def draw() -> str:
        with tools().database.reading() as session, force_locale(language):
            return write(Feed(here().newsroom().name, language, link(path), entries(session)))

    return pages.answer((path, known.mark(now), here().newsroom().version), draw, content_type)


def entries(session: Session) -> list[Entry]:
    """Return what there is to tell, newest first; of an open round only that it was announced."""
    opened = select(Round).where(Round.opened_at.is_not(None)).order_by(Round.opened_at.desc()).limit(MOST)
    closed = select(Round).where(Round.closed_at.is_not(None)).order_by(Round.closed_at.desc()).limit(MOST)
    published = select(Topic).where(Topic.state == TopicState.PUBLISHED, Topic.published_at.is_not(None))
    found = [_announced(round_) for round_ in session.scalars(opened)]
    for round_ in session.scalars(closed):
        result = visible_results(session, round_, None).result
        found += [_decided(round_, result)] if result else []
    found += [_told(topic) for topic in session.scalars(published.order_by(Topic.published_at.desc()).limit(MOST))]
    return sorted(found, key=lambda entry: (entry.updated, entry.mark), reverse=True)[:MOST]


def _announced(round_: Round) -> Entry:
    assert round_.opened_at  # noqa: S101 - asked for by the query
    text = _("Patrons vote on what we cover next. %(promise)s", promise=round_.promise)
    at = round_.opened_at
    return Entry(_mark(at, f"round/{round_.id}/announced"), round_.title, link(f"/topics/{round_.id}"), text, at, at)


def _decided(round_: Round, result: Frozen) -> Entry:
    assert round_.closed_at  # noqa: S101 - asked for by the query
    chosen = "; ".join(line.title for line in result.lines if line.chosen)
    text = _("Chosen by patrons: %(titles)s.", titles=chosen) if chosen else _("The result is out.")
    title = _("Result: %(title)s", title=round_.title)
    mark = _mark(round_.closed_at, f"round/{round_.id}/result")
    updated = max(round_.closed_at, round_.certified_at or round_.closed_at, result.frozen_at)
    return Entry(mark, title, link(f"/topics/{round_.id}"), text, round_.closed_at, updated)


def _told(topic: Topic) -> Entry:
    assert topic.published_at  # noqa: S101 - asked for by the query
    at, title = topic.published_at, _("You asked, we went: %(title)s", title=topic.title)
    address = topic.story_url or link("/topics")
    text = _("Patrons asked for this story, and here it is.")
    return Entry(_mark(at, f"topic/{topic.id}/story"), title, address, text, at, at)


def _mark(since: datetime, path: str) -> str:
    """Return a name that is never given twice (RFC 4151): our host, the day of the fact, and which fact."""
    return f"tag:{urlsplit(settings().base_url).hostname},{since.astimezone(UTC):%Y-%m-%d}:{path}"


def as_atom(feed: Feed) -> str:
    """Return `feed` as an Atom document."""
    ElementTree.register_namespace("", ATOM)
    root = ElementTree.Element(f"{{{ATOM}}}feed", {"xml:lang": feed.language})
    _put(root, "title", feed.title)
    _put(root, "id", _mark(BEGAN, "results"))
    _put(root, "updated", to_the_second(max((each.updated for each in feed.entries), default=BEGAN)))
    _put(root, "link", rel="self", href=feed.address, type="application/atom+xml")
    _put(root, "link", rel="alternate", href=link("/topics"), type="text/html")
    _put(_put(root, "author"), "name", feed.title)
    for each in feed.entries:
        entry = _put(root, "entry")
        _put(entry, "title", each.title)
        _put(entry, "id", each.mark)
        _put(entry, "link", rel="alternate", href=each.url)
        _put(entry, "published", to_the_second(each.published))
        _put(entry, "updated", to_the_second(each.updated))
        _put(entry, "summary", each.text)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode")


def as_json(feed: Feed) -> str:
    """Return `feed` as a JSON Feed."""
    told: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1", "title": feed.title, "home_page_url": link("/topics"),
        "feed_url": feed.address, "language": feed.language, "authors": [{"name": feed.title}],
    }  # fmt: skip
    told["items"] = [
        {
            "id": each.mark, "url": each.url, "title": each.title, "content_text": each.text,
            "date_published": to_the_second(each.published), "date_modified": to_the_second(each.updated),
        }
        for each in feed.entries
    ]  # fmt: skip
    return json.dumps(told, ensure_ascii=False)


def _put(parent: ElementTree.Element, name: str, text: str = "", **attributes: str) -> ElementTree.Element:
    """Add an element; what XML cannot hold is left out of its words."""
    known = {key: NOT_IN_XML.sub("", value) for key, value in attributes.items()}
    element = ElementTree.SubElement(parent, f"{{{ATOM}}}{name}", known)
    element.text = NOT_IN_XML.sub("", text) or None
    return element
