"""The result of a round: counted once at closing, frozen with its hash, and the gate that hides it until then."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from patronage.ballots import tally
from patronage.ballots.frozen import Frozen, read
from patronage.ballots.models import Ballot, Round, RoundResult
from patronage.ballots.rounds import ballot_topics
from patronage.ballots.sealing import freezing, recounting
from patronage.ballots.sealing.counts import grouped
from patronage.ballots.tally import Outcome

READS_TURNOUT = frozenset({"editor", "admin"})
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


def freeze(session: Session, round_: Round, now: datetime, secret: str) -> tuple[int, ...]:
    """Count the closed `round_`, seal it, and write version 1 of its result; return the positions chosen.

    Must run in the transaction that closes the round, under its lock; `secret` opens the round key.
    """
    return freezing.freeze(session, round_, now, secret)


def count(session: Session, round_: Round) -> Outcome:
    """Count the ticks of the raw ballots of `round_`, whatever the order of rows; a million take seconds."""
    topics = {row.position: row.topic_id for row in ballot_topics(session, round_.id)}
    return tally.approval(grouped(session, round_.id), topics, round_.places, round_.tie_seed or "")


def recount(session: Session, round_: Round) -> bool:
    """Count the raw ballots again and tell whether they give the frozen result, to the byte, and all seals hold."""
    return not recounting.problems(session, round_)


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
