"""What the pages of a round show: its ballot as one voter sees it, its result, the list of all rounds."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.ballots import rounds, voting
from patronage.ballots.deciding import decisions, promise
from patronage.ballots.deciding.promise import Owed
from patronage.ballots.electing import entitlement, wording
from patronage.ballots.electing.wording import Rules
from patronage.ballots.known_rounds import Phase, known
from patronage.ballots.models import Policy, Round, RoundTopic
from patronage.ballots.refusals import NoSuchRound, NotEntitled
from patronage.ballots.results import published

MOST_LISTED = 50


@dataclass(frozen=True)
class Ballot:
    """A round's ballot as it is drawn.

    `choices` stand in the order this voter sees; `ticked` is what they have cast (None: nothing yet) or just sent;
    `submission` is the one-time id of the form; `refusal` says why this voter may not cast it, None if they may.
    """

    round: Round
    phase: Phase
    choices: list[RoundTopic]
    ticked: set[int]
    has_voted: bool
    refusal: NotEntitled | None
    submission: str
    rules: Rules

    @property
    def may_vote(self) -> bool:
        """Tell whether this voter may cast it."""
        return self.refusal is None

    @property
    def is_patron(self) -> bool:
        """Tell whether this voter is a patron, though they may not be entitled here."""
        return type(self.refusal) is not NotEntitled

    @property
    def is_open_to_newcomers(self) -> bool:
        """Tell whether somebody who becomes a patron today may vote today."""
        return self.round.policy == Policy.UNTIL_CLOSING and not self.round.least_days


@dataclass(frozen=True)
class Listed:
    """One round in a list; what won and what the editors chose stands there only after closing, and how far it is."""

    round: Round
    phase: Phase
    owed: list[Owed]


def public_round(session: Session, round_id: int) -> Round:
    """Return a round that has been opened. Raises `NoSuchRound`."""
    round_ = session.get(Round, round_id)
    if round_ is None or round_.opened_at is None:
        raise NoSuchRound
    return round_


def ballot_of(session: Session, round_: Round, person_id: int, now: datetime, secret: str) -> Ballot:
    """Return the ballot of `round_` as `person_id` sees it."""
    topics = {row.position: row for row in rounds.ballot_topics(session, round_.id)}
    ticked, order = voting.own_ballot(session, round_.id, person_id, topics, secret)
    return Ballot(
        round=round_, phase=known(round_).phase(now), choices=[topics[position] for position in order],
        ticked=ticked or set(), has_voted=ticked is not None, submission=secrets.token_hex(16),
        refusal=entitlement.of_one(session, round_.id, person_id, now), rules=wording.rules(session, round_),
    )  # fmt: skip


def strangers_ballot(session: Session, round_: Round, now: datetime) -> Ballot:
    """Return the ballot as somebody sees it who is not signed in: to read, not to cast."""
    return Ballot(
        round=round_, phase=known(round_).phase(now), choices=rounds.ballot_topics(session, round_.id), ticked=set(),
        has_voted=False, refusal=NotEntitled(), submission="", rules=wording.rules(session, round_),
    )  # fmt: skip


def listed(session: Session, now: datetime) -> list[Listed]:
    """Return all rounds the public may know of, those that take votes first, then the latest."""
    query = select(Round).where(Round.opened_at.is_not(None)).order_by(Round.closes_at.desc(), Round.id.desc())
    found = list(session.scalars(query.limit(MOST_LISTED)))
    owed = promise.covered(session, decisions.of_rounds(session, published(session, found)))
    lines = [Listed(round_, known(round_).phase(now), owed.get(round_.id, [])) for round_ in found]
    return sorted(lines, key=lambda line: list(Phase).index(line.phase) if line.phase is not Phase.OPEN else -1)
