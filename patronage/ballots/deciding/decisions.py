"""What the editors choose after a vote: the result, or something else with a reason that is published beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from patronage.ballots import rounds, topics
from patronage.ballots.announcing import Event, announce
from patronage.ballots.deciding import owing
from patronage.ballots.deciding.models import EditorialDecision
from patronage.ballots.deciding.refusals import DepartureNeedsReason, NothingToDecide, StoryIsOut
from patronage.ballots.frozen import Frozen, Line
from patronage.ballots.models import Round, Topic, TopicState
from patronage.ballots.results import visible_results
from patronage.ballots.suggesting import steps
from patronage.people import audit

LONGEST_REASON = 600
OF_THIS_VOTE = (TopicState.CHOSEN, TopicState.NOT_CHOSEN, TopicState.ASSIGNED)


@dataclass(frozen=True)
class Decided:
    """A line of a result and what the editors made of it; without `decided_at` nobody has decided, and it stands."""

    line: Line
    chosen: bool
    reason: str | None
    decided_at: datetime | None

    @property
    def departs(self) -> bool:
        """Whether the editors chose otherwise than the voters."""
        return self.chosen != self.line.chosen


@dataclass(frozen=True)
class Wanted:
    """What an editor wants: the ids of the topics to cover, and why, by topic id, where that departs."""

    chosen: frozenset[int]
    reasons: Mapping[int, str]


def standing(session: Session, round_id: int, result: Frozen) -> list[Decided]:
    """Return every line of `result` in its order, with the decision that holds."""
    return of_rounds(session, {round_id: result})[round_id]


def of_rounds(session: Session, results: Mapping[int, Frozen]) -> dict[int, list[Decided]]:
    """Return the same for several `results` by round id, in one query."""
    latest = select(func.max(EditorialDecision.id)).where(EditorialDecision.round_id.in_(results))
    latest = latest.group_by(EditorialDecision.round_id, EditorialDecision.topic_id)
    rows = session.scalars(select(EditorialDecision).where(EditorialDecision.id.in_(latest)))
    made = {(row.round_id, row.topic_id): row for row in rows}
    return {
        round_id: [_decided(line, made.get((round_id, line.topic_id))) for line in result.lines]
        for round_id, result in results.items()
    }


def decide(session: Session, round_id: int, wanted: Wanted, actor_id: int | None, now: datetime) -> list[Decided]:
    """Write down what the editors choose; return the decisions that are new.

    Their topics move, and what is owed to the voters is written down. Raises `NothingToDecide`, `StoryIsOut`,
    `DepartureNeedsReason`, `NoSuchRound`.
    """
    round_ = rounds.locked(session, round_id)
    result = visible_results(session, round_, None).result
    if result is None:
        raise NothingToDecide
    before = standing(session, round_id, result)
    after = [_wanted(each.line, wanted, now) for each in before]
    silent = frozenset(each.line.topic_id for each in after if each.departs and not each.reason)
    if silent:
        raise DepartureNeedsReason(silent)
    new = [(old, each) for old, each in zip(before, after, strict=True) if _is_new(old, each)]
    for old, each in new:
        _write(session, round_, old, each, actor_id, now)
    return [each for _old, each in new]


def _decided(line: Line, row: EditorialDecision | None) -> Decided:
    if row is None:
        return Decided(line, line.chosen, None, None)
    return Decided(line, row.chosen, row.reason, row.decided_at)


def _wanted(line: Line, wanted: Wanted, now: datetime) -> Decided:
    chosen = line.topic_id in wanted.chosen
    reason = topics.clean(wanted.reasons.get(line.topic_id, "")) if chosen != line.chosen else ""
    return Decided(line, chosen, reason or None, now)


def _is_new(old: Decided, new: Decided) -> bool:
    return old.decided_at is None or (old.chosen, old.reason) != (new.chosen, new.reason)


def _write(session: Session, round_: Round, old: Decided, new: Decided, actor_id: int | None, now: datetime) -> None:
    topic = session.get_one(Topic, new.line.topic_id, with_for_update=True)
    if topic.state is TopicState.PUBLISHED and not new.chosen and old.chosen:
        raise StoryIsOut(title=topic.title)
    session.add(
        EditorialDecision(
            round_id=round_.id, topic_id=topic.id, chosen=new.chosen, reason=new.reason, decided_by=actor_id,
            decided_at=now,
        )
    )  # fmt: skip
    _move(session, round_, topic, new, actor_id)
    if new.chosen:
        owing.owe_no_more(session, round_.id, topic.id)
    elif new.line.chosen:
        owing.owe_why_not(session, round_.id, topic.id, now)
    subject, detail = f"topic {topic.id}", " · ".join(filter(None, [new.line.title, new.reason]))
    if new.chosen:
        audit.record(session, actor_id, "topic chosen", subject, detail, now)
        announce(session, Event.TOPIC_CHOSEN, {"topic": topic.id, "round": round_.id}, now)
    else:
        audit.record(session, actor_id, "topic not chosen", subject, detail, now)


def _move(session: Session, round_: Round, topic: Topic, new: Decided, actor_id: int | None) -> None:
    """Move the topic, unless a later vote asks about it by now or its story is on the way already."""
    if topic.state not in OF_THIS_VOTE or owing.last_round(session, topic.id) != round_.id:
        return
    state = TopicState.CHOSEN if new.chosen else TopicState.NOT_CHOSEN
    if new.chosen and topic.state is TopicState.ASSIGNED:
        return
    topic.reason = new.reason if state is TopicState.NOT_CHOSEN else None
    if topic.state is not state and new.decided_at:
        told_otherwise = new.line.chosen and not new.chosen  # the letter that is owed says it to all of them
        steps.move(
            session, topic, state, new.decided_at, actor_id, note=topic.reason, round_id=round_.id,
            tell=not told_otherwise,
        )  # fmt: skip
