"""What Flask itself can do: a route that says hello, one that writes a row and commits; served as we serve ours."""

import threading

from flask import Flask
from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, insert

from patronage.foundation.database import Database
from patronage.foundation.settings import load
from patronage.operation.serving import answer

metadata = MetaData()
ROW = Table("bench_row", metadata, Column("id", Integer, primary_key=True), Column("said", String, nullable=False))


def bare(engine: Engine) -> Flask:
    """Return the app of the limits: `GET /hello`, and `POST /commit1` through SQLAlchemy Core on `engine`.

    Writers of a process queue at a lock on SQLite as ours do: its own waiting would make the limit lower.
    """
    app = Flask("bare")
    writer = engine.execution_options(writing=True)
    turn = threading.Lock()
    statement = insert(ROW).values(said="hello")

    @app.get("/hello")
    def hello() -> str:
        return "hello"

    @app.post("/commit1")
    def commit1() -> str:
        if engine.dialect.name == "sqlite":
            with turn, writer.begin() as connection:
                connection.execute(statement)
        else:
            with writer.begin() as connection:
                connection.execute(statement)
        return "written"

    return app


def serve(port: int) -> None:
    """Serve the limits on `port` of this machine, with the settings in the environment, until told to stop."""
    settings = load()
    database = Database(settings.database_url)
    metadata.create_all(database.engine)
    answer(bare(database.engine), database, settings, f"127.0.0.1:{port}")
