"""Two browsers at once: one link signs in once, and tries of a code are not raced past their limit."""

import threading
from collections.abc import Callable
from datetime import datetime

from flask import Flask
from sqlalchemy import select, update

from patronage.foundation.database import Database
from patronage.people import signing_in
from patronage.people.models import Person, SignIn

AT_ONCE = 6


def _together(app: Flask, does: Callable[[], object]) -> list[object]:
    """What each of six threads got that did the same at the same moment."""
    start, got = threading.Barrier(AT_ONCE), []

    def run() -> None:
        with app.app_context():
            start.wait(30)
            got.append(does())

    threads = [threading.Thread(target=run) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return got


def _asked(app: Flask, database: Database, person: Person, now: datetime) -> SignIn:
    with app.app_context(), database.transaction() as session:
        return signing_in.ask(session, person.id, now, "", browser="the asking browser")


def test_one_link_used_by_several_browsers_at_once_signs_in_once(
    app: Flask, database: Database, person: Person, now: datetime
) -> None:
    asked = _asked(app, database, person, now)
    with app.app_context():
        token = signing_in.link_of(asked.nonce).rpartition("/")[2]

    def use() -> bool:
        try:
            with database.transaction() as session:
                signing_in.use_link(session, token, now)
        except signing_in.LinkSpent:
            return False
        return True

    assert sorted(map(bool, _together(app, use))) == [False] * (AT_ONCE - 1) + [True]


def test_looking_first_and_using_after_would_sign_in_several_times(
    app: Flask, database: Database, person: Person, now: datetime
) -> None:
    """The race that the one above has won: without the condition in the UPDATE everybody gets in."""
    asked = _asked(app, database, person, now)
    looked = threading.Barrier(AT_ONCE)

    def use() -> bool:
        with database.reading() as session:
            is_unused = session.scalar(select(SignIn.used_at).where(SignIn.id == asked.id)) is None
        looked.wait(30)
        with database.transaction() as session:
            session.execute(update(SignIn).where(SignIn.id == asked.id).values(used_at=now))
        return is_unused

    assert sum(map(bool, _together(app, use))) > 1


def test_no_number_of_requests_at_once_gets_more_than_five_tries(
    app: Flask, database: Database, person: Person, now: datetime
) -> None:
    asked = _asked(app, database, person, now)

    def guess() -> None:
        for _ in range(3):
            with database.transaction() as session:
                signing_in.use_code(session, "the asking browser", "2222-2222", now)

    _together(app, guess)
    with database.reading() as session:
        assert session.get_one(SignIn, asked.id).tries == signing_in.MOST_TRIES
    with app.app_context(), database.transaction() as session:
        assert signing_in.use_code(session, "the asking browser", signing_in.code_of(asked.nonce), now) is None


def test_the_right_code_typed_in_two_tabs_at_once_signs_in_once(
    app: Flask, database: Database, person: Person, now: datetime
) -> None:
    asked = _asked(app, database, person, now)
    with app.app_context():
        code = signing_in.code_of(asked.nonce)

    def use() -> bool:
        with database.transaction() as session:
            return signing_in.use_code(session, "the asking browser", code, now) is not None

    assert sum(map(bool, _together(app, use))) == 1
