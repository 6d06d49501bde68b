"""Freezes a result: at closing everything pages will ever show is counted once, sealed, and written down."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, union
from sqlalchemy.orm import Session

from patronage.ballots import keys, tally
from patronage.ballots.models import Electorate, ResultCount, Round, RoundKey, RoundResult, RoundTopic, RoundWeight
from patronage.ballots.rounds import ballot_topics
from patronage.ballots.sealing import breakdowns, canonical, chain, counts, raw
from patronage.foundation.collecting import collector_paused
from patronage.giving import standing
from patronage.giving.models import Tier


@dataclass(frozen=True)
class Carried:
    """What is not counted from ballots: counting again takes all but the roots as it was frozen."""

    electorate: dict[str, Any]
    breakdowns: list[dict[str, Any]]
    roots: chain.Roots
    version: int = 1
    corrects: dict[str, Any] | None = None


@collector_paused()
def freeze(session: Session, round_: Round, now: datetime, secret: str) -> tuple[int, ...]:
    """Seal the last ballots of the closed `round_`, count, and write version 1 of its result; return the slate.

    Must run in the transaction that closes the round, under its lock. `secret` is the service's, which opens the
    round key: the breakdowns are made here, once, and never again.
    """
    roots, topics = chain.seal_rest(session, round_, now), ballot_topics(session, round_.id)
    electorate = _electorate(session, round_, now)
    counted = counts.of_round(session, round_, topics, electorate["size"])
    digest, tables = _ballots(session, round_, secret, counted["slate"])
    content = _content(session, round_, topics, counted, digest, Carried(electorate, tables, roots))
    write(session, round_.id, content, None, now)
    return tuple(counted["slate"])


def again(session: Session, round_: Round, said: dict[str, Any], roots: chain.Roots) -> dict[str, Any]:
    """Return the content of a result built anew from raw rows, with what is carried over taken from `said`."""
    topics = ballot_topics(session, round_.id)
    if said["schema"] == canonical.FIRST_SCHEMA:
        return _first_content(session, round_, topics, said["electorate"])
    counted = counts.of_round(session, round_, topics, said["electorate"]["size"])
    carried = Carried(said["electorate"], said["breakdowns"], roots, said["version"], said["corrects"])
    return _content(session, round_, topics, counted, raw.digest(session, round_.id), carried)


def write(session: Session, round_id: int, content: dict[str, Any], reason: str | None, now: datetime) -> RoundResult:
    """Write a version of a result down, and its counts line by line."""
    version, text = content["version"], canonical.written(content)
    row = RoundResult(
        round_id=round_id, version=version, canonical=text, sha256=canonical.sha256(text), frozen_at=now, reason=reason
    )
    session.add(row)
    session.flush()
    lines = [
        {"round_id": round_id, "version": version, "position": topic["position"], "votes": topic["votes"]}
        for topic in content["topics"]
    ]
    session.execute(insert(ResultCount), lines)
    return row


def electorate_size(session: Session, round_id: int, now: datetime) -> int:
    """Return how many could vote: whoever is a patron at closing, and whoever was one when they voted."""
    voted = select(Electorate.person_id).where(Electorate.round_id == round_id, Electorate.voted)
    either = union(standing.patrons_at(now), voted).subquery()
    return session.scalar(select(func.count()).select_from(either)) or 0


def _electorate(session: Session, round_: Round, now: datetime) -> dict[str, Any]:
    named = select(func.count()).where(Electorate.round_id == round_.id, Electorate.named)
    size = round_.electorate_size
    return {
        "policy": str(round_.policy),
        "cut_off": canonical.stamp(round_.cut_off),
        "size": electorate_size(session, round_.id, now) if size is None else size,
        "sha256": round_.electorate_sha256,
        "named": session.scalar(named) or 0,
        "complimentary": round_.admits_named,
        "least_level": session.scalar(select(Tier.name).where(Tier.id == round_.least_tier_id)),
        "least_days": round_.least_days,
        "weights": _weights(session, round_) if round_.weighted else None,
    }


def _weights(session: Session, round_: Round) -> list[dict[str, Any]]:
    """Return what a ballot of each level of support weighs, as announced; others weigh one."""
    query = select(Tier.name, RoundWeight.weight).join(Tier, Tier.id == RoundWeight.tier_id)
    query = query.where(RoundWeight.round_id == round_.id).order_by(Tier.position, Tier.id)
    return [{"level": level, "weight": weight} for level, weight in session.execute(query)]


def _ballots(session: Session, round_: Round, secret: str, slate: list[int]) -> tuple[str, list[dict[str, Any]]]:
    """Return the digest of all ballots and the breakdowns, from one reading."""
    key = session.get(RoundKey, round_.id)
    ballots = raw.Ballots(session, round_.id)
    links, bands = (
        breakdowns.linked(session, round_.id, keys.unseal(key.sealed, round_.id, secret)) if key else ([], [])
    )
    tables = breakdowns.tables(breakdowns.counted(ballots, links, slate), bands, slate)
    return ballots.digest, tables


def _content(
    session: Session, round_: Round, topics: list[RoundTopic], counted: dict[str, Any], digest: str, carried: Carried
) -> dict[str, Any]:
    """Return all a result of the second schema says (docs/2_a_round.md tells it key by key)."""
    return {
        **counted,
        "schema": canonical.SCHEMA,
        "version": carried.version,
        "corrects": carried.corrects,
        "round": _head(round_),
        "places": round_.places,
        "most_ticks": round_.most_ticks,
        "electorate": carried.electorate,
        "ballots": {**counted["ballots"], "sha256": digest},
        "topics": [{**_named(row), "days": row.reporter_days, **counted["topics"][row.position]} for row in topics],
        "breakdowns": carried.breakdowns,
        "chain": _chain(session, round_, carried.roots),
        "tie_seed": round_.tie_seed,
        "tie_seed_sha256": round_.tie_seed_hash,
    }


def _first_content(
    session: Session, round_: Round, topics: list[RoundTopic], electorate: dict[str, Any]
) -> dict[str, Any]:
    """Return all a result of the first schema says."""
    positions = {row.position: row.topic_id for row in topics}
    outcome = tally.approval(counts.grouped(session, round_.id), positions, round_.places, round_.tie_seed or "")
    return {
        "schema": canonical.FIRST_SCHEMA,
        "round": _head(round_),
        "rule": {"name": tally.RULE, "version": tally.RULE_VERSION},
        "places": round_.places,
        "most_ticks": round_.most_ticks,
        "electorate": electorate,
        "ballots": {"cast": outcome.cast, "blank": outcome.blank},
        "topics": [{**_named(row), "votes": outcome.votes[row.position]} for row in topics],
        "ranking": outcome.ranking,
        "ties": outcome.ties,
        "slate": outcome.slate,
        "tie_seed": round_.tie_seed,
        "tie_seed_sha256": round_.tie_seed_hash,
    }


def _head(round_: Round) -> dict[str, Any]:
    return {
        "id": round_.id,
        "title": round_.title,
        "opened_at": canonical.stamp(round_.opened_at),
        "closes_at": canonical.stamp(round_.closes_at),
        "closed_at": canonical.stamp(round_.closed_at),
    }


def _named(row: RoundTopic) -> dict[str, Any]:
    return {"position": row.position, "topic": row.topic_id, "title": row.title}


def _chain(session: Session, round_: Round, roots: chain.Roots) -> dict[str, Any]:
    sealed = chain.batches(session, round_.id)
    head = sealed[-1].head if sealed else chain.genesis(round_)
    return {"leaves": roots.leaves, "root": roots.root.hex(), "batches": len(sealed), "head": head.hex()}
