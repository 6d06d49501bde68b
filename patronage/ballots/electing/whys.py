"""Voters' reasons: why somebody ticked a topic, kept without token or person, read by nobody before closing.

How many reasons a topic has would tell how it stands, so moderation begins when the round is closed.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from patronage.ballots import rounds, topics, voting
from patronage.ballots.models import Electorate, ReasonState, Round, RoundReason, RoundState, RoundTopic
from patronage.ballots.refusals import NotYoursToSay
from patronage.people import audit

LONGEST = 280
MOST_LISTED = 100


def give(session: Session, round_id: int, person_id: int, said: Mapping[int, str], now: datetime, secret: str) -> int:
    """Keep what somebody `said` by position, for topics on their own ballot; return how many reasons were kept.

    `now` is the database's time. A reason cannot be changed or taken back, since nothing says whose it is; nobody can
    give more than a ballot has ticks. Raises `NotYoursToSay`.
    """
    texts = {position: topics.clean(text) for position, text in said.items()}
    texts = {position: text for position, text in texts.items() if text}
    if not texts:
        return 0
    round_ = _taking(session, round_id, now)
    voter = session.get(Electorate, (round_id, person_id), with_for_update=True, populate_existing=True)
    ticked, _order = voting.own_ballot(session, round_id, person_id, (), secret)
    left = 0 if voter is None else round_.most_ticks - voter.reasons
    too_long = any(len(text) > LONGEST for text in texts.values())
    if voter is None or too_long or len(texts) > left or not set(texts) <= (ticked or set()):
        raise NotYoursToSay
    voter.reasons += len(texts)
    for position, text in texts.items():
        row = {"id": secrets.token_hex(16), "round_id": round_id, "position": position, "text": text}
        session.add(RoundReason(**row, state=ReasonState.WAITING))
    session.flush()
    return len(texts)


def left_to_give(session: Session, round_: Round, person_id: int) -> int:
    """Return how many reasons somebody may still give in `round_`."""
    voter = session.get(Electorate, (round_.id, person_id))
    return round_.most_ticks - voter.reasons if round_.asks_why and voter and voter.voted else 0


def to_moderate(session: Session, round_: Round, state: ReasonState) -> list[RoundReason]:
    """Return reasons in `state`, in the order of their ids, drawn by lot; none before the round is closed."""
    if round_.state in {RoundState.DRAFT, RoundState.OPEN}:
        return []
    query = select(RoundReason).where(RoundReason.round_id == round_.id, RoundReason.state == state)
    return list(session.scalars(query.order_by(RoundReason.id).limit(MOST_LISTED)))


def by_topic(session: Session, round_: Round, state: ReasonState) -> list[tuple[RoundTopic, list[RoundReason]]]:
    """Return the reasons `to_moderate` by topic, in the order of the ballot; topics without any are left out."""
    found = to_moderate(session, round_, state)
    every = rounds.ballot_topics(session, round_.id) if found else []
    listed = [(topic, [each for each in found if each.position == topic.position]) for topic in every]
    return [(topic, reasons) for topic, reasons in listed if reasons]


def counts(session: Session, round_: Round) -> dict[ReasonState, int]:
    """Return how many reasons are in each state; nothing before the round is closed."""
    if round_.state in {RoundState.DRAFT, RoundState.OPEN}:
        return {}
    query = select(RoundReason.state, func.count()).where(RoundReason.round_id == round_.id)
    found = {row[0]: row[1] for row in session.execute(query.group_by(RoundReason.state))}
    return {state: found.get(state, 0) for state in ReasonState}


def show(session: Session, round_: Round, reason_id: str, actor_id: int | None, now: datetime) -> None:
    """Let everybody read a reason of a closed round; one that is not there is passed over."""
    if _put(session, round_, reason_id, ReasonState.SHOWN):
        audit.record(session, actor_id, "reason shown", f"round {round_.id}", "", now)


def hide(session: Session, round_: Round, reason_id: str, actor_id: int | None, now: datetime) -> None:
    """Keep a reason of a closed round from readers; one that is not there is passed over."""
    if _put(session, round_, reason_id, ReasonState.HIDDEN):
        audit.record(session, actor_id, "reason hidden", f"round {round_.id}", "", now)


def _put(session: Session, round_: Round, reason_id: str, state: ReasonState) -> bool:
    if round_.state in {RoundState.DRAFT, RoundState.OPEN}:
        return False
    mine = (RoundReason.id == reason_id, RoundReason.round_id == round_.id, RoundReason.state != state)
    changed = update(RoundReason).where(*mine).values(state=state).returning(RoundReason.id)
    return session.scalar(changed) is not None


def _taking(session: Session, round_id: int, now: datetime) -> Round:
    """Return the round, shut against closing, if it asks for reasons and takes votes now. Raises `NotYoursToSay`."""
    query = select(Round).where(Round.id == round_id).with_for_update(read=True)
    round_ = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if round_ is None or not round_.asks_why or not rounds.takes_votes(round_, now):
        raise NotYoursToSay
    return round_
