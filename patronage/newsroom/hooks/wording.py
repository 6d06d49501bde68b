"""What is said of each event: facts for programs, a line for people; `visible_results` is asked for whatever counts."""

import json
from datetime import datetime
from typing import Any

from flask import g
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from patronage.ballots.announcing import Event
from patronage.ballots.frozen import Frozen
from patronage.ballots.models import Round, Topic, TopicState
from patronage.ballots.results import visible_results
from patronage.foundation.stamps import to_the_second
from patronage.foundation.web.house import here, link
from patronage.foundation.web.languages import newsrooms_language

PING = "test.ping"
OF_ROUNDS = frozenset({Event.ROUND_OPENED, Event.ROUND_CLOSED, Event.RESULT_CERTIFIED})
Facts = dict[str, Any]


def facts(session: Session, event: str, subject: dict[str, int]) -> Facts | None:
    """Return what a program is told of `event`: aggregates only; None when there is nothing (any more) to tell."""
    if event == PING:
        return {"newsroom": here().newsroom().name}
    if event in OF_ROUNDS:
        return _of_round(session, event, subject["round"])
    topic = session.get(Topic, subject["topic"])
    if topic is None or (event == Event.TOPIC_PUBLISHED and topic.state is not TopicState.PUBLISHED):
        return None
    told: Facts = {"topic": {"id": topic.id, "title": topic.title}}
    if event == Event.TOPIC_PUBLISHED:
        told["topic"] |= {"story_url": topic.story_url, "published_at": stamp(topic.published_at)}
    if "round" in subject:
        told["round"] = {"id": subject["round"], "url": link(f"/topics/{subject['round']}")}
    return told


def _of_round(session: Session, event: str, round_id: int) -> Facts | None:
    round_ = session.get(Round, round_id)
    if round_ is None or round_.opened_at is None:
        return None
    told: Facts = {
        "id": round_.id, "title": round_.title, "url": link(f"/topics/{round_.id}"), "places": round_.places,
        "opens_at": stamp(round_.opens_at), "closes_at": stamp(round_.closes_at), "closed_at": stamp(round_.closed_at),
        "certified_at": stamp(round_.certified_at),
    }  # fmt: skip
    if event == Event.ROUND_OPENED:
        return {"round": told}
    result = visible_results(session, round_, None).result
    return {"round": told, "result": _of_result(result)} if result else None


def _of_result(result: Frozen) -> Facts:
    chosen = [{"id": line.topic_id, "title": line.title, "votes": line.votes} for line in result.lines if line.chosen]
    return {
        "version": result.version, "sha256": result.sha256, "ballots": result.cast, "electorate": result.electorate,
        "chosen": chosen,
    }  # fmt: skip


def message(event: str, at: datetime, told: Facts) -> str:
    """Return the canonical JSON body of `event` for programs."""
    content = {"type": event, "timestamp": stamp(at), "data": told}
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def line(event: str, told: Facts) -> str:
    """Return the JSON body of `event` for a chat room, in the newsroom's language."""
    g.language = spoken = newsrooms_language()
    with force_locale(spoken):
        return json.dumps({"text": _sentence(event, told)}, ensure_ascii=False)


def _sentence(event: str, told: Facts) -> str:
    if event == PING:
        return str(_("A test from the desk of %(name)s: messages arrive here.", name=plain(told["newsroom"])))
    if event in OF_ROUNDS:
        return _of_round_in_words(event, told)
    topic, title = told["topic"], plain(told["topic"]["title"])
    if event == Event.TOPIC_PUBLISHED:
        return str(_("Published, as patrons asked: “%(title)s”. %(url)s", title=title, url=topic["story_url"] or ""))
    place = told["round"]["url"] if "round" in told else ""
    return str(_("Chosen: we are going to cover “%(title)s”. %(url)s", title=title, url=place)).strip()


def _of_round_in_words(event: str, told: Facts) -> str:
    round_, title = told["round"], plain(told["round"]["title"])
    if event == Event.ROUND_OPENED:
        return str(_("Voting has begun: “%(title)s”. %(url)s", title=title, url=round_["url"]))
    if event == Event.RESULT_CERTIFIED:
        return str(_("The result of “%(title)s” is certified. %(url)s", title=title, url=round_["url"]))
    chosen = ", ".join(f"“{plain(topic['title'])}”" for topic in told["result"]["chosen"])
    if not chosen:
        return f"“{title}”: {_('Nobody ticked anything, so nothing was chosen.')} {round_['url']}"
    return str(
        _("Voting is over: “%(title)s”. Ahead: %(chosen)s. %(url)s", title=title, chosen=chosen, url=round_["url"])
    )


def plain(words: str) -> str:
    """Return `words` so that no chat reads marks in them: links, Slack's <!channel>, Mattermost's @all."""
    escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return " ".join(escaped.replace("@", "@\u200b").replace("](", "]\u200b(").split())


def stamp(moment: datetime | None) -> str | None:
    """Return a moment as text in UTC, to the second."""
    return to_the_second(moment) if moment else None
