"""What the machines that watch us are told."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, text

from patronage.foundation.database import Database
from patronage.home.health import newest_migration, problems_of


def test_a_process_that_answers_is_up(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"ok": True})
    assert "Set-Cookie" not in answer.headers


def test_a_service_with_its_database_is_ready(client: FlaskClient) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"ok": True, "problems": []})


def test_a_database_without_tables_is_not_ready(empty_database: Database) -> None:
    assert problems_of(empty_database) == ["the database does not answer or has no tables yet"]


def test_a_database_of_another_version_is_not_ready(database: Database, client: FlaskClient) -> None:
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    answer = client.get("/readyz")
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :newest"), {"newest": newest_migration()})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "another version" in str(answer.json)


def test_a_database_that_would_forget_is_not_ready(database: Database) -> None:
    said = "PRAGMA synchronous=OFF" if database.is_sqlite else "SET synchronous_commit = off"

    def careless(connection: Any, *_rest: Any) -> None:
        connection.cursor().execute(said)

    event.listen(database.engine, "checkout", careless)
    try:
        assert any("synchronous" in problem for problem in problems_of(database))
    finally:
        event.remove(database.engine, "checkout", careless)


def test_a_lost_database_is_told_without_its_address(app: Flask, client: FlaskClient, database: Database) -> None:
    lost = Database("postgresql://somebody:hidden@127.0.0.1:9/nowhere")
    try:
        problems = problems_of(lost)
    finally:
        lost.close()
    assert problems == ["the database does not answer or has no tables yet"]
    assert "hidden" not in str(problems)
