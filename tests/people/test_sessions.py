"""Sessions are rows: they end when they are told to, and one query tells whose they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import event, select

from patronage.foundation.database import Database
from patronage.people import sessions, staff
from patronage.people.models import AuditEntry, Person, SessionToken
from tests.people.conftest import ADDRESS


def _begin(database: Database, person: Person, now: datetime) -> str:
    with database.transaction() as session:
        return sessions.begin(session, person.id, now)


def _holds(database: Database, token: str, now: datetime) -> bool:
    with database.reading() as session:
        return sessions.whose(session, token, now) is not None


@contextmanager
def _counted(database: Database) -> Iterator[list[str]]:
    statements: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "UPDATE", "INSERT", "DELETE")):
            statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", count)
    yield statements
    event.remove(database.engine, "before_cursor_execute", count)


def test_one_query_tells_who_is_signed_in_and_what_they_may_do(
    database: Database, person: Person, now: datetime
) -> None:
    with database.transaction() as session:
        staff.grant(session, ADDRESS, "editor", now)
        staff.grant(session, ADDRESS, "bookkeeper", now)
    token = _begin(database, person, now)
    with _counted(database) as statements, database.reading() as session:
        who = sessions.whose(session, token, now)
    assert len(statements) == 1
    assert who is not None
    assert (who.id, who.email, who.roles) == (person.id, ADDRESS, frozenset({"editor", "bookkeeper"}))
    assert who.get_id() == token
    assert token not in repr(who)


def test_the_token_itself_is_not_in_the_database(database: Database, person: Person, now: datetime) -> None:
    token = _begin(database, person, now)
    with database.reading() as session:
        row = session.scalars(select(SessionToken)).one()
    assert token.encode() not in row.token_hash


def test_a_patrons_session_lasts_sixty_days_and_no_longer(database: Database, person: Person, now: datetime) -> None:
    token = _begin(database, person, now)
    assert _holds(database, token, now + timedelta(days=60, seconds=-1))
    assert not _holds(database, token, now + timedelta(days=60))


def test_staff_sign_in_again_after_twelve_hours(database: Database, person: Person, now: datetime) -> None:
    with database.transaction() as session:
        staff.grant(session, ADDRESS, "editor", now)
    token = _begin(database, person, now)
    assert _holds(database, token, now + timedelta(hours=12, seconds=-1))
    assert not _holds(database, token, now + timedelta(hours=12))


def test_ending_all_sessions_of_one_person_leaves_others_alone(
    database: Database, person: Person, now: datetime
) -> None:
    mine = [_begin(database, person, now) for _ in range(3)]
    with database.transaction() as session:
        other = staff.grant(session, "editor@example.org", "editor", now)
    theirs = _begin(database, other, now)
    with database.transaction() as session:
        assert sessions.end_all(session, person.id) == 3
    assert [_holds(database, token, now) for token in [*mine, theirs]] == [False, False, False, True]


def test_a_role_given_or_taken_ends_the_persons_sessions_and_is_written_down(
    database: Database, person: Person, now: datetime
) -> None:
    token = _begin(database, person, now)
    with database.transaction() as session:
        staff.grant(session, ADDRESS, "editor", now, actor_id=None)
    assert not _holds(database, token, now)
    token = _begin(database, person, now)
    with database.transaction() as session:
        staff.revoke(session, ADDRESS, "editor", now, actor_id=person.id)
        assert staff.roles_of(session, person.id) == frozenset()
    assert not _holds(database, token, now)
    with database.reading() as session:
        deeds = [
            (entry.deed, entry.actor_id, entry.detail)
            for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        ]
    assert deeds == [("role granted", None, "editor"), ("role revoked", person.id, "editor")]


def test_a_role_given_twice_changes_nothing_the_second_time(database: Database, person: Person, now: datetime) -> None:
    with database.transaction() as session:
        staff.grant(session, ADDRESS, "editor", now)
    token = _begin(database, person, now)
    with database.transaction() as session:
        staff.grant(session, ADDRESS, "editor", now)
        assert staff.roles_of(session, person.id) == {"editor"}
    assert _holds(database, token, now)
