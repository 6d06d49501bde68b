"""What the read API tells, read from the tables; whatever is counted is asked of `visible_results`."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from patronage.ballots.frozen import Frozen
from patronage.ballots.models import Round, Topic, TopicState
from patronage.ballots.results import visible_results
from patronage.ballots.rounds import ballot_topics
from patronage.ballots.showing import public_round
from patronage.foundation.web.house import link
from patronage.newsroom.api import shapes
from patronage.newsroom.api.shapes import Choice, Page, RoundInFull, Rounds, State, Stories, Story, cursor_of


def rounds(session: Session, page: Page, now: datetime) -> Rounds:
    """Return a page of the rounds that were opened, newest first."""
    query = select(Round).where(Round.opened_at.is_not(None))
    found = list(session.scalars(_paged(query, Round.opened_at, Round.id, page)))
    last = found[page.limit - 1] if len(found) > page.limit else None
    return Rounds(
        items=[shapes.Round(**_told(each, now)) for each in found[: page.limit]],
        next_cursor=cursor_of(last.opened_at, last.id) if last and last.opened_at else None,
    )


def one_round(session: Session, round_id: int, now: datetime) -> RoundInFull:
    """Return a round with its ballot. Raises `NoSuchRound`."""
    round_ = public_round(session, round_id)
    result = visible_results(session, round_, None).result
    choices = [
        Choice(
            position=row.position, topic=row.topic_id, title=row.title, summary=row.summary,
            reporter_days=row.reporter_days,
        )
        for row in ballot_topics(session, round_id)
    ]  # fmt: skip
    return RoundInFull(
        **_told(round_, now), topics=choices, result_sha256=result.sha256 if result else None,
        result_version=result.version if result else None,
    )  # fmt: skip


def result(session: Session, round_id: int) -> Frozen | None:
    """Return the latest result of a round, None before it is closed. Raises `NoSuchRound`."""
    return visible_results(session, public_round(session, round_id), None).result


def stories(session: Session, page: Page) -> Stories:
    """Return a page of the stories that were published, newest first."""
    query = select(Topic).where(Topic.state == TopicState.PUBLISHED, Topic.published_at.is_not(None))
    found = list(session.scalars(_paged(query, Topic.published_at, Topic.id, page)))
    last = found[page.limit - 1] if len(found) > page.limit else None
    return Stories(
        items=[_story(topic) for topic in found[: page.limit]],
        next_cursor=cursor_of(last.published_at, last.id) if last and last.published_at else None,
    )


def _paged(query: Select[Any], moment: Any, row_id: Any, page: Page) -> Select[Any]:
    """Return `query` newest first, from where the page before ended; one line more, to see whether there are more."""
    if page.after:
        at, last = page.after
        query = query.where(or_(moment < at, and_(moment == at, row_id < last)))
    return query.order_by(moment.desc(), row_id.desc()).limit(page.limit + 1)


def _told(round_: Round, now: datetime) -> dict[str, Any]:
    return {
        "id": round_.id, "title": round_.title, "state": _state(round_, now), "places": round_.places,
        "most_ticks": round_.most_ticks, "opens_at": round_.opens_at, "closes_at": round_.closes_at,
        "closed_at": round_.closed_at, "certified_at": round_.certified_at, "url": link(f"/topics/{round_.id}"),
        "result_url": link(f"/api/v1/rounds/{round_.id}/result") if round_.closed_at else None,
    }  # fmt: skip


def _state(round_: Round, now: datetime) -> State:
    if round_.certified_at:
        return "certified"
    if round_.closed_at:
        return "closed"
    return "announced" if now < round_.opens_at else "open"


def _story(topic: Topic) -> Story:
    assert topic.published_at  # noqa: S101 - the query asks for it
    return Story(
        topic=topic.id, title=topic.title, language=topic.language, story_url=topic.story_url,
        published_at=topic.published_at,
    )  # fmt: skip
