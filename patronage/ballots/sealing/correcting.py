"""Corrections: the same ballots counted again by a mended program, as a new version beside the one that was wrong."""

import json
from datetime import datetime

from sqlalchemy.orm import Session

from patronage.ballots import rounds
from patronage.ballots.models import RoundResult
from patronage.ballots.sealing import canonical, chain, freezing, recounting
from patronage.ballots.sealing.refusals import BallotsDiffer, NotClosedYet, NothingToCorrect, WhyMissing
from patronage.people import audit


def correct(session: Session, round_id: int, reason: str, actor_id: int | None, now: datetime) -> RoundResult:
    """Write a new version of the result of `round_id` with its `reason`; topics that moved on stay where they are.

    The ballots must be those that were counted at closing, to the last one, and the chain must hold; electorate and
    breakdowns are carried over. So no two versions can be compared to find out how one person voted. Raises
    `NotClosedYet`, `BallotsDiffer`, `NothingToCorrect`, `WhyMissing`.
    """
    round_ = rounds.locked(session, round_id)
    if round_.closed_at is None:
        raise NotClosedYet
    if not reason.strip():
        raise WhyMissing
    last = recounting.versions(session, round_id)[-1]
    said = json.loads(last.canonical)
    if said["schema"] == canonical.FIRST_SCHEMA:
        raise BallotsDiffer  # nothing in it says which ballots were counted
    corrects = {"version": last.version, "sha256": last.sha256, "reason": reason.strip()}
    roots = chain.roots(session, round_id)
    again = freezing.again(session, round_, said, roots)
    if again["ballots"]["sha256"] != said["ballots"]["sha256"] or chain.problems(session, round_, roots):
        raise BallotsDiffer
    if canonical.written(again) == last.canonical:
        raise NothingToCorrect
    content = {**again, "version": last.version + 1, "corrects": corrects}
    row = freezing.write(session, round_id, content, reason.strip(), now)
    audit.record(session, actor_id, "result corrected", f"round {round_id}", f"version {row.version}: {reason}", now)
    return row
