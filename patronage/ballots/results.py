"""The result of a round: counted once at closing, frozen as canonical JSON with its hash, hidden until then."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import func, insert, literal, select, union
from sqlalchemy.orm import Session

from patronage.ballots import tally
from patronage.ballots.frozen import Frozen, Line, read
from patronage.ballots.models import Ballot, Electorate, ResultCount, Round, RoundResult, RoundTopic
from patronage.ballots.rounds import ballot_topics
from patronage.ballots.tally import Outcome
from patronage.giving import standing

__all__ = ["Frozen", "Line"]
SCHEMA = "patronage/round-result/1"
READS_TURNOUT = frozenset({"editor", "admin"})
READ_AT_ONCE = 20_000
MOST_COUNTED = 10_000  # of an open round: the desk reads "10,000 or more", at the same cost for a million


class Actor(Protocol):
    """Whoever asks for a result: somebody signed in."""

    @property
    def roles(self) -> frozenset[str]:
        """The roles of staff they hold."""


@dataclass(frozen=True)
class Visible:
    """What an actor may see of a round now; `turnout` is rounded down to ten while it is open, 10,000 at most."""

    result: Frozen | None
    turnout: int | None


def visible_results(session: Session, round_: Round, actor: Actor | None) -> Visible:
    """Return what `actor` (None: a stranger) may see of `round_`; every output that tells of votes asks here first.

    Until the result is frozen nobody sees a count, editors and administrators included: they see turnout, rounded down
    to ten. Afterwards the result is everybody's.
    """
    if round_.closed_at:
        found = _latest(session, round_.id)
        return Visible(result=found, turnout=found.cast if found else None)
    if actor is None or not READS_TURNOUT & actor.roles:
        return Visible(result=None, turnout=None)
    some = select(literal(1)).where(Ballot.round_id == round_.id).limit(MOST_COUNTED).subquery()
    cast = session.scalar(select(func.count()).select_from(some)) or 0
    return Visible(result=None, turnout=cast // 10 * 10)


def freeze(session: Session, round_: Round, now: datetime) -> Outcome:
    """Count the closed `round_` and write version 1 of its result, which never changes; return the outcome.

    Must run in the transaction that closes the round, under its lock.
    """
    outcome = count(session, round_)
    electorate = electorate_size(session, round_.id, now)
    canonical = canonical_json(round_, ballot_topics(session, round_.id), outcome, electorate)
    session.add(
        RoundResult(round_id=round_.id, version=1, canonical=canonical, sha256=sha256(canonical), frozen_at=now)
    )
    session.flush()
    counts = [
        {"round_id": round_.id, "version": 1, "position": position, "votes": votes}
        for position, votes in outcome.votes.items()
    ]
    session.execute(insert(ResultCount), counts)
    return outcome


def count(session: Session, round_: Round) -> Outcome:
    """Count the raw ballots of `round_`, whatever the order of rows; a million take seconds and little memory."""
    topics = {row.position: row.topic_id for row in ballot_topics(session, round_.id)}
    return tally.approval(grouped(session, round_.id), topics, round_.places, round_.tie_seed or "")


def grouped(session: Session, round_id: int) -> Iterator[tuple[str, int]]:
    """Yield (choices, how many ballots) of a round, read in portions; past the ORM, which doubled the time it takes."""
    ballot = Ballot.__table__.c
    query = select(ballot.choices, func.count()).where(ballot.round_id == round_id).group_by(ballot.choices)
    found = session.connection().execute(query, execution_options={"yield_per": READ_AT_ONCE})
    for portion in found.partitions():
        yield from portion


def electorate_size(session: Session, round_id: int, now: datetime) -> int:
    """Return how many could vote: whoever is a patron at closing, and whoever was one when they voted."""
    voted = select(Electorate.person_id).where(Electorate.round_id == round_id, Electorate.voted)
    either = union(standing.patrons_at(now), voted).subquery()
    return session.scalar(select(func.count()).select_from(either)) or 0


def canonical_json(round_: Round, topics: list[RoundTopic], outcome: Outcome, electorate: int) -> str:
    """Return the result as canonical JSON: sorted keys, no spaces, no floats, moments in UTC to the second."""
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "round": {
            "id": round_.id, "title": round_.title, "opened_at": _stamp(round_.opened_at),
            "closes_at": _stamp(round_.closes_at), "closed_at": _stamp(round_.closed_at),
        },
        "rule": {"name": tally.RULE, "version": tally.RULE_VERSION},
        "places": round_.places,
        "most_ticks": round_.most_ticks,
        "electorate": {"policy": "until closing", "size": electorate},
        "ballots": {"cast": outcome.cast, "blank": outcome.blank},
        "topics": [
            {"position": row.position, "topic": row.topic_id, "title": row.title, "votes": outcome.votes[row.position]}
            for row in topics
        ],
        "ranking": outcome.ranking,
        "ties": outcome.ties,
        "slate": outcome.slate,
        "tie_seed": round_.tie_seed,
        "tie_seed_sha256": round_.tie_seed_hash,
    }  # fmt: skip
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256(canonical: str) -> str:
    """Return the hex SHA-256 of a canonical result in UTF-8."""
    return hashlib.sha256(canonical.encode()).hexdigest()


def recount(session: Session, round_: Round) -> bool:
    """Count the raw ballots again and tell whether they give the frozen result, to the byte."""
    frozen = session.scalars(_results(round_.id)).first()
    if frozen is None:
        return False
    electorate = json.loads(frozen.canonical)["electorate"]["size"]
    again = canonical_json(round_, ballot_topics(session, round_.id), count(session, round_), electorate)
    return [sha256(again), sha256(frozen.canonical)] == [frozen.sha256] * 2


def published(session: Session, rounds: list[Round]) -> dict[int, Frozen]:
    """Return the latest result of each of `rounds` that has closed, by round id, in one query."""
    closed = [round_.id for round_ in rounds if round_.closed_at]
    query = select(RoundResult).where(RoundResult.round_id.in_(closed)).order_by(RoundResult.version)
    return {row.round_id: read(row) for row in session.scalars(query)} if closed else {}


def _latest(session: Session, round_id: int) -> Frozen | None:
    row = session.scalars(_results(round_id)).first()
    return read(row) if row else None


def _results(round_id: int) -> Any:
    return select(RoundResult).where(RoundResult.round_id == round_id).order_by(RoundResult.version.desc()).limit(1)


def _stamp(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
