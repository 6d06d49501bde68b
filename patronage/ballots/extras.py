"""What voting adds to the pages of other rooms: the open ballot after a gift, the rounds somebody took part in."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from patronage.ballots import rounds, showing
from patronage.ballots.forms import BallotForm
from patronage.ballots.keys import KeyDoesNotOpen
from patronage.ballots.known_rounds import Phase, known
from patronage.ballots.models import Electorate, Round, RoundTopic, Topic, TopicState
from patronage.ballots.suggesting.models import TopicBacking
from patronage.foundation.web.house import settings

MOST_STORIES = 30


def on_thanks(session: Session, person_id: int, now: datetime) -> dict[str, Any] | None:
    """Return an open ballot they may cast, ready to be filled in, for somebody who has just become a patron, or None.

    A list of voters that was written before they came is no reason to show them nothing: the next vote is looked at.
    A key that does not open is none to thank nobody.
    """
    secret = settings().secret_key.get_secret_value()
    every = (showing.ballot_of(session, round_, person_id, now, secret) for round_ in rounds.all_open(session, now)[:3])
    try:
        ballot = next((each for each in every if each.may_vote), None)
    except KeyDoesNotOpen:
        return None
    if ballot is None:
        return None
    form = BallotForm(formdata=None, submission=ballot.submission)
    return {"template": "ballots/on_thanks.html", "ballot": ballot, "form": form}


def on_account(session: Session, person_id: int, now: datetime) -> dict[str, Any] | None:
    """Return the open rounds and those somebody voted in, in one query; None if there are none."""
    mine = and_(Electorate.round_id == Round.id, Electorate.person_id == person_id, Electorate.voted)
    query = select(Round, Electorate.person_id).outerjoin(Electorate, mine)
    query = query.where(or_(rounds.takes_votes_clause(now), Electorate.person_id.is_not(None)))
    query = query.order_by(Round.closes_at.desc()).limit(20)
    lines = [(round_, known(round_).phase(now), voter is not None) for round_, voter in session.execute(query)]
    if not lines:
        return None
    open_lines = [(round_, voted) for round_, phase, voted in lines if phase is Phase.OPEN]
    past = [round_ for round_, phase, _voted in lines if phase is not Phase.OPEN]
    return {"template": "ballots/on_account.html", "open": open_lines, "past": past}


def stories_on_account(session: Session, person_id: int, now: datetime) -> dict[str, Any] | None:  # noqa: ARG001 - what all extras are given
    """Return the stories somebody helped happen, in one query, whether or not they give now; None if there are none.

    They voted in a round that asked about it, suggested it or backed it; what they ticked is known to nobody.
    """
    voted = select(RoundTopic.topic_id).join(Round, Round.id == RoundTopic.round_id)
    voted = voted.join(Electorate, Electorate.round_id == Round.id)
    voted = voted.where(Electorate.person_id == person_id, Electorate.voted, Round.closed_at.is_not(None))
    backed = select(TopicBacking.topic_id).where(TopicBacking.person_id == person_id)
    mine = or_(Topic.id.in_(voted), Topic.id.in_(backed), Topic.suggested_by == person_id)
    query = select(Topic).where(Topic.state == TopicState.PUBLISHED, mine).order_by(Topic.published_at.desc())
    stories = list(session.scalars(query.limit(MOST_STORIES)))
    if not stories:
        return None
    return {"template": "ballots/stories_on_account.html", "stories": stories, "person_id": person_id}
