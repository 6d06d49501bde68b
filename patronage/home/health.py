"""Whether the service is up, and whether it is ready: for load balancers, containers and the one who is on duty."""

import re
from functools import cache

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from patronage.foundation.database import Busy, Database
from patronage.foundation.logs import log
from patronage.foundation.migrations import folder
from patronage.foundation.web.guards import machine
from patronage.foundation.web.house import tools

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@machine
def healthz() -> ResponseReturnValue:
    """Say that this process answers; nothing else is looked at, so that a slow database restarts nobody."""
    return {"ok": True}


@blueprint.get("/readyz")
@machine
def readyz() -> ResponseReturnValue:
    """Say whether requests can be served: the database answers, has this version's shape, and keeps what it is told."""
    problems = problems_of(tools().database)
    return (
        {"ok": not problems, "problems": problems},
        503 if problems else 200,
        {"Retry-After": "10"} if problems else {},
    )


def problems_of(database: Database) -> list[str]:
    """Return what keeps `database` from being used, as sentences; nothing of its address is told."""
    try:
        with database.reading() as session:
            version = session.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
        durability = database.durability_problem()
    except (SQLAlchemyError, Busy) as error:
        log().error("not ready", error=str(error)[:300])
        return ["the database does not answer or has no tables yet"]
    shape = None if version == newest_migration() else "the database has another version's shape; run patronage migrate"
    return [problem for problem in (shape, durability) if problem]


@cache
def newest_migration() -> str:
    """Return the number of the last migration of this version, read from the file names: Alembic is slow to import."""
    return max(found[0] for file in (folder() / "versions").iterdir() if (found := re.match(r"\d{4}", file.name)))
