"""Topics from before there were ideas get backers, a place on the public list, and the steps that can be told."""

from datetime import datetime

from sqlalchemy import select

from patronage.ballots import topics
from patronage.ballots.models import Topic
from patronage.ballots.suggesting import steps
from patronage.ballots.suggesting.models import Milestone, TopicBacking
from patronage.foundation.database import Database
from patronage.foundation.migrations import downgrade, upgrade
from tests.ballots.polls import a_patron, an_open_round, closed, votes
from tests.ballots.suggesting.idea_makers import an_idea


def test_what_was_there_before_keeps_its_way(empty_database: Database, empty_database_url: str, now: datetime) -> None:
    upgrade(empty_database_url)
    with empty_database.transaction() as session:
        patron = a_patron(session, now)
        waiting, accepted = an_idea(session, now, "One", by=patron), an_idea(session, now, "Two", by=patron)
        topics.accept(session, accepted.id, None, now)
        round_ = an_open_round(session, now)
        votes(session, round_, patron, "1", now)
        closed(session, round_, now)
    empty_database.close()
    downgrade(empty_database_url, "0023")
    upgrade(empty_database_url)
    with empty_database.reading() as session:
        backed = {(row.topic_id, row.person_id, row.tell) for row in session.scalars(select(TopicBacking))}
        assert backed == {(waiting.id, patron.id, False), (accepted.id, patron.id, False)}
        found = {topic.title: topic for topic in session.scalars(select(Topic))}
        assert [found[title].shown_at for title in ("One", "Two")] == [None, now]
        first = found["Who owns the river port"]
        assert first.shown_at == first.created_at
        way = [(step.what, step.round_id) for step in steps.history(session, first.id)]
        assert way == [(Milestone.ON_BALLOT, round_.id), (Milestone.CHOSEN, round_.id)]
        assert [step.what for step in steps.history(session, waiting.id)] == [Milestone.SUGGESTED]
