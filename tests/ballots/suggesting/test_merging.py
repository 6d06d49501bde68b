"""Merging suggestions: backings move once, nothing is lost to a race, and only what is not voted on merges."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import func, select

from patronage.ballots import rounds, topics
from patronage.ballots.models import Round, Topic, TopicState
from patronage.ballots.refusals import NoSuchTopic
from patronage.ballots.suggesting import backing, merging
from patronage.ballots.suggesting.merging import Foreseen
from patronage.ballots.suggesting.models import TopicBacking
from patronage.ballots.suggesting.refusals import IntoItself, NotToBeMerged
from patronage.foundation.database import Database
from patronage.foundation.post import Mailbox
from patronage.foundation.worker import Worker
from patronage.people.models import AuditEntry
from tests.ballots.polls import a_patron
from tests.ballots.suggesting.idea_makers import an_idea, backers


def test_a_patron_who_backs_both_keeps_one_backing(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        old, into = an_idea(session, now, "Who pays for the bridge"), an_idea(session, now, "What the bridge costs")
        both = backers(session, old, now, 3, tell=True)[0]
        backers(session, into, now, 2, tell=True)
        backing.back(session, into.id, both.id, now)
        foreseen = merging.foresee(session, old.id, into.id)
        assert foreseen == Foreseen(moving=3, both=1, after=7, told=5, appears=False)
        assert merging.merge(session, old.id, into.id, None, now).id == into.id
    with database.reading() as session:
        assert backing.counts(session, (old.id, into.id)) == {old.id: 0, into.id: 7}
        kept = backing.of_person(session, into.id, both.id)
        assert kept is not None
        assert kept.tell  # asked for at the one that is gone
        merged = session.get_one(Topic, old.id)
        assert (merged.state, merged.merged_into) == (TopicState.MERGED, into.id)
        assert "topic merged" in set(session.scalars(select(AuditEntry.deed)))


def test_who_suggested_backs_what_remains_and_all_who_asked_are_told_once(
    database: Database, now: datetime, worker: Worker, mailbox: Mailbox
) -> None:
    with database.transaction() as session:
        suggester = a_patron(session, now, "suggester@reader.example")
        old, into = an_idea(session, now, "Who pays for the bridge", by=suggester), an_idea(session, now, "The bridge")
        backing.take_back(session, old.id, suggester.id)
        moved = backers(session, old, now, 2, tell=True)
        there = backers(session, into, now, 1, tell=True)
        backers(session, into, now, 1)
        merging.merge(session, old.id, into.id, None, now)
        assert backing.of_person(session, into.id, suggester.id) is not None
    worker.work_until_idle()
    assert sorted(str(each["To"]) for each in mailbox.letters) == sorted(each.email for each in (*moved, *there))
    assert {str(each["Subject"]) for each in mailbox.letters} == {"Put together: Who pays for the bridge"}


def test_only_suggestions_merge_and_never_into_what_is_voted_on(
    database: Database, round_: Round, now: datetime
) -> None:
    with database.transaction() as session:
        voted_on = rounds.topic_ids(session, round_.id)[0]
        idea, own = an_idea(session, now), topics.create(session, topics.Words("Own", "Of the desk."), None, now)
        for topic_id, into_id, refusal in (
            (idea.id, idea.id, IntoItself),
            (idea.id, voted_on, NotToBeMerged),
            (voted_on, idea.id, NotToBeMerged),
            (own.id, idea.id, NotToBeMerged),
            (idea.id, 10**9, NoSuchTopic),
        ):
            with pytest.raises(refusal):
                merging.merge(session, topic_id, into_id, None, now)
        waiting = an_idea(session, now, "Another one", shown=False)
        assert merging.foresee(session, idea.id, own.id).appears
        merging.merge(session, waiting.id, idea.id, None, now)
        merging.merge(session, idea.id, own.id, None, now)
        assert backing.remaining(session, waiting.id).id == own.id
        assert own.shown_at == now


def _merge_between(database: Database, old: Topic, into: Topic, now: datetime) -> Callable[[], None]:
    def deed() -> None:
        with database.transaction() as session:
            merging.merge(session, old.id, into.id, None, now)

    return deed


def _total(database: Database) -> dict[int, int]:
    query = select(TopicBacking.topic_id, func.count()).group_by(TopicBacking.topic_id)
    with database.reading() as session:
        return {topic_id: number for topic_id, number in session.execute(query)}  # noqa: C416 - a row is no pair


def test_without_the_lock_a_backing_given_during_a_merging_would_stay_behind(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database.is_sqlite:
        return  # its writers queue as wholes: nothing can come between
    with database.transaction() as session:
        old, into = an_idea(session, now, "Who pays for the bridge"), an_idea(session, now, "The bridge")
        person = a_patron(session, now)
    merge, write = _merge_between(database, old, into, now), backing.write

    def write_after_merging(*args: object, **named: object) -> None:
        merge()
        write(*args, **named)  # type: ignore[arg-type]  # passed on as given

    monkeypatch.setattr(backing, "_held", lambda session, topic_id: session.get(Topic, topic_id))
    with monkeypatch.context() as patched, database.transaction() as session:
        patched.setattr(backing, "write", _once(write_after_merging, write))
        backing.back(session, old.id, person.id, now)
    assert _total(database) == {old.id: 1, into.id: 2}, "it stays at an idea nobody sees any more"


def _once(first: Callable[..., None], then: Callable[..., None]) -> Callable[..., None]:
    calls: list[int] = []

    def call(*args: object, **named: object) -> None:
        calls.append(1)
        (first if len(calls) == 1 else then)(*args, **named)

    return call


def test_backings_given_while_ideas_are_merged_all_arrive(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        old, into = an_idea(session, now, "Who pays for the bridge"), an_idea(session, now, "The bridge")
        people = [a_patron(session, now) for _ in range(8)]
    merge = _merge_between(database, old, into, now)

    def back(person_id: int) -> None:
        with database.transaction() as session:
            backing.back(session, old.id, person_id, now)

    with ThreadPoolExecutor(5) as threads:
        done = [threads.submit(back, person.id) for person in people]
        done.insert(4, threads.submit(merge))
        for each in done:
            each.result()
    assert _total(database) == {into.id: 10}


def test_one_patron_backing_twice_at_once_backs_once(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        idea, person = an_idea(session, now), a_patron(session, now)

    def back(_number: int) -> None:
        with database.transaction() as session:
            backing.back(session, idea.id, person.id, now, tell=_number == 3)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(back, range(12)))
    assert _total(database) == {idea.id: 2}
    with database.reading() as session:
        mine = backing.of_person(session, idea.id, person.id)
        assert mine is not None
        assert mine.tell
