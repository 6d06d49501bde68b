"""A round from draft to closing: what is asked, when, and the one way each of its steps can be taken."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, select
from sqlalchemy.orm import Session

from patronage.ballots import keys
from patronage.ballots.announcing import Event, announce
from patronage.ballots.electing import electorate, obstacles
from patronage.ballots.models import Policy, Round, RoundKey, RoundState, RoundTopic, RoundWeight, Topic, TopicState
from patronage.ballots.refusals import (
    AlreadyOpen,
    CutOffTooLate,
    DatesOutOfOrder,
    NoSuchRound,
    NoSuchTopic,
    NotUsableHere,
    RoundClosed,
)  # fmt: skip
from patronage.ballots.sealing import chain, scattering
from patronage.ballots.suggesting import steps
from patronage.foundation import jobs
from patronage.foundation.collecting import collector_paused
from patronage.people import audit

LIST_JOB = "ballots/draw_up_list"
BEGINNING_JOB = "ballots/voting_begins"
CLOSING_JOB = "ballots/close_round"
TELLING_JOB = "ballots/tell_of_closing"
STORY_JOB = "ballots/tell_of_story"
USABLE = (TopicState.ACCEPTED, TopicState.NOT_CHOSEN)
MOST_TICKS = 5


@dataclass(frozen=True)
class Terms:
    """What an editor decides about a round; moments in UTC.

    `cut_off` and what follows say who may vote: a frozen list of those whose payment settled before the cut-off
    (None: at opening), from the level `least_tier_id` up, patrons for `least_days`, complimentary members too or not.
    `weights` are 1 to 3 by tier id, none for an unweighted round. `budget_days` are reporter days to be shared out.
    `invites` and `remind_days` (before closing) are letters to those who may vote.
    """

    title: str
    promise: str
    places: int
    opens_at: datetime
    closes_at: datetime
    most_ticks: int = MOST_TICKS
    policy: Policy = Policy.UNTIL_CLOSING
    cut_off: datetime | None = None
    least_tier_id: int | None = None
    least_days: int | None = None
    admits_named: bool = True
    weights: Mapping[int, int] = field(default_factory=dict)
    budget_days: int | None = None
    asks_why: bool = False
    invites: bool = False
    remind_days: int | None = None


def draft(session: Session, terms: Terms, actor_id: int | None, now: datetime) -> Round:
    """Write down a new round, not yet to be seen by anybody but the desk. Raises `DatesOutOfOrder`, `CutOffTooLate`."""
    _check_dates(terms)
    round_ = Round(created_at=now)
    _write_terms(session, round_, terms)
    audit.record(session, actor_id, "round drafted", _subject(round_), round_.title, now)
    return round_


def change(session: Session, round_id: int, terms: Terms, actor_id: int | None, now: datetime) -> Round:
    """Change a draft. Raises `AlreadyOpen`, `NoSuchRound`, `DatesOutOfOrder`, `CutOffTooLate`."""
    _check_dates(terms)
    round_ = _locked_draft(session, round_id)
    _write_terms(session, round_, terms)
    audit.record(session, actor_id, "round changed", _subject(round_), round_.title, now)
    return round_


def _write_terms(session: Session, round_: Round, terms: Terms) -> None:
    for name, value in vars(terms).items():
        if name != "weights":
            setattr(round_, name, value)
    round_.weighted = bool(terms.weights)
    session.add(round_)
    session.flush()
    session.execute(delete(RoundWeight).where(RoundWeight.round_id == round_.id))
    rows = [RoundWeight(round_id=round_.id, tier_id=tier, weight=weight) for tier, weight in terms.weights.items()]
    session.add_all(rows)
    session.flush()


def set_topics(session: Session, round_id: int, topic_ids: list[int], actor_id: int | None, now: datetime) -> None:
    """Have the draft ask about `topic_ids`, in that order; positions count from 1.

    Raises `AlreadyOpen`, `NoSuchTopic`, `NotUsableHere` (a topic neither accepted nor left over from an earlier round).
    """
    round_ = _locked_draft(session, round_id)
    wanted = list(dict.fromkeys(topic_ids))
    found = {topic.id: topic for topic in session.scalars(select(Topic).where(Topic.id.in_(wanted)))}
    if len(found) < len(wanted):
        raise NoSuchTopic
    if any(topic.state not in USABLE for topic in found.values()):
        raise NotUsableHere
    session.execute(delete(RoundTopic).where(RoundTopic.round_id == round_id))
    session.add_all(_row(round_id, position, found[topic]) for position, topic in enumerate(wanted, start=1))
    session.flush()
    audit.record(session, actor_id, "round topics set", _subject(round_), ", ".join(map(str, wanted)), now)


def topic_ids(session: Session, round_id: int) -> list[int]:
    """Return the ids of the round's topics in the order of their positions."""
    return [row.topic_id for row in ballot_topics(session, round_id)]


def ballot_topics(session: Session, round_id: int) -> list[RoundTopic]:
    """Return what stands on the ballot, in the order of positions."""
    rows = select(RoundTopic).where(RoundTopic.round_id == round_id).order_by(RoundTopic.position)
    return list(session.scalars(rows))


def open_round(session: Session, round_id: int, secret: str, actor_id: int | None, now: datetime) -> Round:
    """Open the round: freeze its words, draw its key and its seed, write its list of voters, arrange what follows.

    From now on nothing about it changes. Votes are taken from `opens_at`. `secret` is the service's, under which the
    round key is sealed. Raises `AlreadyOpen`, `NotUsableHere`, or the first of its `obstacles`.
    """
    round_ = _locked_draft(session, round_id)
    for obstacle in obstacles.standing(session, round_, now):
        raise obstacle.refusal
    _freeze_words(session, round_, now)
    seed = secrets.token_hex(32)
    round_.opened_at, round_.tie_seed, round_.tie_seed_hash = now, seed, seed_hash(seed)
    session.add(RoundKey(round_id=round_.id, sealed=keys.seal(keys.draw(), round_.id, secret)))
    session.flush()
    if round_.policy == Policy.FROZEN:
        _freeze_voters(session, round_, secret, now)
    jobs.put(session, CLOSING_JOB, {"round": round_.id}, round_.closes_at, once=f"close-round:{round_.id}")
    begins = max(now, round_.opens_at)
    jobs.put(session, BEGINNING_JOB, {"round": round_.id}, begins, once=f"{BEGINNING_JOB}:{round_.id}")
    chain.arrange(session, round_.id, now)
    audit.record(session, actor_id, "round opened", _subject(round_), round_.title, now)
    return round_


def _freeze_voters(session: Session, round_: Round, secret: str, now: datetime) -> None:
    round_.cut_off = round_.cut_off or now
    if round_.cut_off <= now:
        electorate.draw_up(session, round_, secret, now)
        return
    jobs.put(session, LIST_JOB, {"round": round_.id}, round_.cut_off, once=f"{LIST_JOB}:{round_.id}")


def seed_hash(seed: str) -> str:
    """Return what is published of the tie seed at opening: the hex SHA-256 of its text."""
    return hashlib.sha256(seed.encode()).hexdigest()


@collector_paused()
def close_round(session: Session, round_id: int, secret: str, actor_id: int | None, now: datetime) -> Round:
    """Close the round and freeze its result, in one transaction with everything that follows from it.

    The row is locked FOR UPDATE, so it waits for ballots that are being cast and lets none in afterwards. Raises
    `RoundClosed` if that has happened already, `NoSuchRound` for a draft.
    """
    from patronage.ballots import results  # it stands on this module

    round_ = locked(session, round_id)
    if round_.state is RoundState.DRAFT:
        raise NoSuchRound
    if round_.closed_at:
        raise RoundClosed
    electorate.settle(session, round_, secret, now)
    round_.closed_at = now
    slate = results.freeze(session, round_, now, secret)
    scattering.scatter(session, round_.id)
    _send_topics_on(session, round_, slate, now)
    jobs.put(session, TELLING_JOB, {"round": round_.id}, now, once=f"{TELLING_JOB}:{round_.id}")
    announce(session, Event.ROUND_CLOSED, {"round": round_.id}, now)
    audit.record(session, actor_id, "round closed", _subject(round_), round_.title, now)
    return round_


def locked(session: Session, round_id: int) -> Round:
    """Return the round, its row locked against everything that changes or uses it. Raises `NoSuchRound`."""
    query = select(Round).where(Round.id == round_id).with_for_update().execution_options(populate_existing=True)
    found = session.scalars(query).one_or_none()
    if found is None:
        raise NoSuchRound
    return found


def takes_votes(round_: Round, now: datetime) -> bool:
    """Tell whether a ballot cast `now` would count."""
    return round_.state is RoundState.OPEN and round_.opens_at <= now < round_.closes_at


def takes_votes_clause(now: datetime) -> ColumnElement[bool]:
    """Return the condition "the round takes votes at `now`", for a query's WHERE."""
    is_open = and_(Round.opened_at.is_not(None), Round.closed_at.is_(None))
    return and_(is_open, Round.opens_at <= now, Round.closes_at > now)


def all_open(session: Session, now: datetime) -> list[Round]:
    """Return the rounds that take votes now, the one that closes first before the others."""
    return list(session.scalars(select(Round).where(takes_votes_clause(now)).order_by(Round.closes_at, Round.id)))


def _freeze_words(session: Session, round_: Round, now: datetime) -> None:
    order = topic_ids(session, round_.id)
    rows = select(Topic).where(Topic.id.in_(order)).order_by(Topic.id).with_for_update()
    topics = {topic.id: topic for topic in session.scalars(rows.execution_options(populate_existing=True))}
    if any(topic.state not in USABLE for topic in topics.values()):
        raise NotUsableHere
    for row in ballot_topics(session, round_.id):
        topic = topics[row.topic_id]
        row.title, row.summary, row.reporter_days = topic.title, topic.summary, topic.reporter_days
        steps.move(session, topic, TopicState.ON_BALLOT, now, round_id=round_.id)
    session.flush()


def _send_topics_on(session: Session, round_: Round, slate: tuple[int, ...], now: datetime) -> None:
    chosen = {row.topic_id: row.position in slate for row in ballot_topics(session, round_.id)}
    for topic in session.scalars(select(Topic).where(Topic.id.in_(chosen), Topic.state == TopicState.ON_BALLOT)):
        state = TopicState.CHOSEN if chosen[topic.id] else TopicState.NOT_CHOSEN
        steps.move(session, topic, state, now, round_id=round_.id)


def _locked_draft(session: Session, round_id: int) -> Round:
    round_ = locked(session, round_id)
    if round_.state is not RoundState.DRAFT:
        raise AlreadyOpen
    return round_


def _check_dates(terms: Terms) -> None:
    if terms.closes_at <= terms.opens_at:
        raise DatesOutOfOrder
    if terms.cut_off and terms.cut_off > terms.opens_at:
        raise CutOffTooLate


def _row(round_id: int, position: int, topic: Topic) -> RoundTopic:
    words = {"title": topic.title, "summary": topic.summary, "reporter_days": topic.reporter_days}
    return RoundTopic(round_id=round_id, position=position, topic_id=topic.id, **words)


def _subject(round_: Round) -> str:
    return f"round {round_.id}"
