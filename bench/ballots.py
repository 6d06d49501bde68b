"""A million ballots in one round: filled in here, counted and frozen by a process of its own that tells its memory.

Run as a program (`python -m bench.ballots count URL ROUND TIMES`, or `weigh`) it is that process.
"""

import json
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import psycopg
from sqlalchemy import text

from bench import newsroom
from bench.databases import settle
from bench.serving import ROOT, SECRET, environment
from patronage.ballots import keys, results, rounds
from patronage.ballots.models import Round, RoundKey
from patronage.ballots.sealing import certifying, recounting
from patronage.ballots.sealing.refusals import DoesNotAgree
from patronage.foundation.database import Database

TOPICS, TICKS, PLACES = 40, 5, 5
PORTION = 20_000
BALLOT = ("ballot", ("round_id", "token", "version", "choices", "weight"), ("int8", "bytea", "int4", "text", "int4"))
EVENT = ("ballot_event", ("round_id", "submission_id", "leaf"), ("int8", "text", "bytea"))
_VOTED = """
INSERT INTO electorate (round_id, person_id, voted, tier_band, tenure_band, lang)
SELECT :round, id, true, 'level ' || id % 3, 'years ' || id % 4, language FROM person
"""
RAW_COUNT = "SELECT choices, count(*) FROM ballot WHERE round_id = {round:d} GROUP BY choices"


@dataclass(frozen=True)
class Counted:
    """What counting took; seconds, medians, and memory in bytes."""

    ballots: int
    groups: int
    raw: float
    counted: float
    closed: float
    certified: float
    ratio: float
    memory_before: int
    memory: int
    holds: bool


class _PutBack(Exception):
    """Ends the transaction of a closing that is to be measured again."""


def fill(url: str, ballots: int) -> int:
    """Write a round with so many ballots, by as many patrons, to the database at `url`; return the round's id.

    Ticks are spread evenly over all ways to tick 5 of 40 topics: there is no harder case for grouping. Nothing has been
    sealed yet, as if no worker had run since the round was opened.
    """
    database, now = Database(url), datetime.now(UTC)
    with database.transaction() as session:
        newsroom.add_patrons(session, ballots, now)
        round_id = newsroom.open_round(session, TOPICS, PLACES, now)
        session.execute(text(_VOTED), {"round": round_id})
        key = keys.unseal(session.get_one(RoundKey, round_id).sealed, round_id, SECRET)
    raw = database.engine.raw_connection()
    _put(raw.driver_connection, BALLOT, _ballots(round_id, ballots, key))
    _put(raw.driver_connection, EVENT, ((round_id, f"{each:032x}", os.urandom(32)) for each in range(ballots)))
    raw.commit()
    raw.close()
    settle(database)
    database.close()
    return round_id


def _ballots(round_id: int, ballots: int, key: bytes) -> Iterator[tuple[Any, ...]]:
    dice, asked = random.Random(1), range(1, TOPICS + 1)
    for person_id in range(1, ballots + 1):
        choices = ",".join(map(str, sorted(dice.sample(asked, TICKS))))
        yield round_id, keys.token(key, person_id), 1, choices, 1


def _put(connection: Any, into: tuple[str, tuple[str, ...], tuple[str, ...]], rows: Iterator[tuple[Any, ...]]) -> None:
    table, columns, types = into
    names = ", ".join(columns)
    if isinstance(connection, sqlite3.Connection):
        if not connection.in_transaction:
            connection.execute("BEGIN IMMEDIATE")
        marks = ", ".join("?" * len(columns))
        connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)
        return
    assert isinstance(connection, psycopg.Connection)
    with connection.cursor().copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)") as copying:
        copying.set_types(types)
        for row in rows:
            copying.write_row(row)


def counted(url: str, round_id: int, times: int) -> Counted:
    """Have the round counted, closed and frozen `times` times by processes of their own; return what they told."""
    weight = _told_by("weigh", url, round_id, 1)
    return Counted(**_told_by("count", url, round_id, times), **weight)


def _told_by(deed: str, url: str, round_id: int, times: int) -> Any:
    command = [sys.executable, "-m", "bench.ballots", deed, url, str(round_id), str(times)]
    done = subprocess.run(command, cwd=ROOT, env=environment({}), check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def weigh(database: Database, round_id: int, _times: int) -> dict[str, Any]:
    """Close the round and put that back; return how much memory that took at most, and what was held before."""
    with database.reading() as session:
        rounds.ballot_topics(session, round_id)
    before = peak()
    _close(database, round_id, keep=False)
    return {"memory_before": before, "memory": peak()}


def count(database: Database, round_id: int, times: int) -> dict[str, Any]:
    """Count the round by one bare GROUP BY and by our rule in turn, then close and certify it."""
    turns = [(_raw_count(database, round_id), _ours(database, round_id)) for _ in range(times)]
    closed = _close(database, round_id, keep=True)
    certified, holds = _certify(database, round_id)
    (groups, _), (ballots, _) = turns[0]
    raw, ours = [seconds for (_, seconds), _ in turns], [seconds for _, (_, seconds) in turns]
    return {
        "ballots": ballots, "groups": groups, "raw": median(raw), "counted": median(ours), "closed": closed,
        "certified": certified, "holds": holds,
        "ratio": median(b / a for a, b in zip(raw, ours, strict=True)),
    }  # fmt: skip


def _raw_count(database: Database, round_id: int) -> tuple[int, float]:
    """Return the groups and the seconds of one GROUP BY whose rows the driver hands over and nobody keeps."""
    direct = database.engine.raw_connection()
    began, groups = perf_counter(), 0
    cursor = direct.cursor()
    cursor.execute(RAW_COUNT.format(round=round_id))
    while portion := cursor.fetchmany(PORTION):
        groups += len(portion)
    took = perf_counter() - began
    direct.close()
    return groups, took


def _ours(database: Database, round_id: int) -> tuple[int, float]:
    """Return the ballots and the seconds of our own count."""
    with database.reading() as session:
        round_ = session.get_one(Round, round_id)
        began = perf_counter()
        cast = results.count(session, round_).cast
        return cast, perf_counter() - began


def _close(database: Database, round_id: int, *, keep: bool) -> float:
    now, began, took = datetime.now(UTC), perf_counter(), 0.0
    with suppress(_PutBack), database.transaction() as session:
        rounds.close_round(session, round_id, SECRET, None, now)
        if not keep:
            took = perf_counter() - began
            raise _PutBack
    return took or perf_counter() - began


def _certify(database: Database, round_id: int) -> tuple[float, bool]:
    """Count the closed round again, check all seals, and certify it; return the seconds, and whether it agreed."""
    began = perf_counter()
    try:
        with database.reading() as session:
            checked = recounting.agreed(session, round_id)
    except DoesNotAgree:
        return perf_counter() - began, False
    with database.transaction() as session:
        certifying.certify(session, round_id, checked, None, datetime.now(UTC))
    return perf_counter() - began, True


def peak() -> int:
    """Return the most memory this process has held at once; `ru_maxrss` would tell that of its parent as well."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    asked = Database(sys.argv[2])
    deed = {"weigh": weigh, "count": count}[sys.argv[1]]
    print(json.dumps(deed(asked, int(sys.argv[3]), int(sys.argv[4]))))
    asked.close()
