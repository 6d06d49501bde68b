"""Counting again: from the raw ballots and events to the frozen result, to the byte, and what differs if it does."""

import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.ballots.models import ResultCount, Round, RoundResult
from patronage.ballots.sealing import canonical, chain, freezing
from patronage.ballots.sealing.refusals import DoesNotAgree, NotClosedYet
from patronage.foundation.collecting import collector_paused


def versions(session: Session, round_id: int) -> list[RoundResult]:
    """Return all versions of a round's result, the first one first."""
    query = select(RoundResult).where(RoundResult.round_id == round_id).order_by(RoundResult.version)
    return list(session.scalars(query))


@collector_paused()
def problems(session: Session, round_: Round) -> list[str]:
    """Count the closed `round_` again; return what does not agree with its frozen result, in plain sentences.

    Rebuilt from raw rows: every count and view, the digest of the ballots, all batches of the chain and the list of
    leaves. Taken as they were frozen: the electorate and the breakdowns, which need the round key or the moment of
    closing.
    """
    rows = versions(session, round_.id)
    if not rows:
        return ["there is no frozen result"]
    found = [
        f"version {row.version} of the result is not what its SHA-256 was taken of"
        for row in rows
        if canonical.sha256(row.canonical) != row.sha256
    ]
    said = json.loads(rows[-1].canonical)
    roots = chain.roots(session, round_.id)
    again = freezing.again(session, round_, said, roots)
    found += [f"“{name}” is not what the ballots give" for name in _different(said, again)]
    if not found and canonical.written(again) != rows[-1].canonical:
        found.append("the frozen result is not written canonically")
    if _lines(session, rows[-1]) != {topic["position"]: topic["votes"] for topic in said["topics"]}:
        found.append("the table of counts does not say what the frozen result says")
    is_sealed = said["schema"] != canonical.FIRST_SCHEMA
    return [*found, *(chain.problems(session, round_, roots) if is_sealed else ())]


def agreed(session: Session, round_id: int) -> str:
    """Count the round again; return the SHA-256 of the result it gives. Raises `NotClosedYet`, `DoesNotAgree`."""
    round_ = session.get(Round, round_id)
    if round_ is None or round_.closed_at is None:
        raise NotClosedYet
    found = problems(session, round_)
    if found:
        raise DoesNotAgree(found)
    return versions(session, round_id)[-1].sha256


def _different(said: dict[str, Any], again: dict[str, Any]) -> list[str]:
    plain = json.loads(canonical.written(again))
    return sorted(name for name in said.keys() | plain.keys() if said.get(name) != plain.get(name))


def _lines(session: Session, row: RoundResult) -> dict[int, int]:
    query = select(ResultCount.position, ResultCount.votes)
    query = query.where(ResultCount.round_id == row.round_id, ResultCount.version == row.version)
    return {position: votes for position, votes in session.execute(query)}  # noqa: C416 - rows are not quite tuples
