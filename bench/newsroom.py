"""The newsroom that is measured: as many patrons as asked for, signed in, and a round open or closed."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import bindparam, insert, text
from sqlalchemy.orm import Session

from bench.serving import SECRET
from patronage.ballots import rounds, topics
from patronage.foundation.database import UTCDateTime
from patronage.giving.memberships.models import TierPrice
from patronage.giving.models import SuggestedAmount, Tier
from patronage.operation.demo_newsroom import AMOUNTS, CURRENCY, TIERS
from patronage.people.models import SessionToken

# The same words on both databases, and a million rows without a million trips.
_NUMBERS = "WITH RECURSIVE each(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM each WHERE n < :number)"
_PEOPLE = f"""
INSERT INTO person (id, email, email_key, language, created_at)
{_NUMBERS} SELECT n, n || '@reader.example', n || '@reader.example', 'en', :now FROM each
"""
_PLEDGES = f"""
INSERT INTO pledge (reference, person_id, kind, interval, amount_minor, fee_cover_minor, currency, state, offered_at,
                    settled_at, paid_until, patron_until, tries, version)
{_NUMBERS} SELECT 'pledge-' || n, n, 'paid', 'month', 500, 0, 'EUR', 'active', :now, :now, :later, :later, 0, 1
FROM each
"""


def add_patrons(session: Session, number: int, now: datetime) -> None:
    """Write down people 1 to `number`, each with a monthly pledge that is paid for a month."""
    moments = [bindparam("now", type_=UTCDateTime), bindparam("later", type_=UTCDateTime)]
    session.execute(text(_PEOPLE).bindparams(moments[0]), {"number": number, "now": now})
    later = now + timedelta(days=31)
    session.execute(text(_PLEDGES).bindparams(*moments), {"number": number, "now": now, "later": later})


def sign_in(session: Session, number: int, now: datetime) -> list[str]:
    """Sign people 1 to `number` in; return the tokens of their cookies in that order."""
    tokens = [secrets.token_urlsafe(32) for _ in range(number)]
    until = now + timedelta(days=60)
    rows = [
        {"token_hash": hashlib.sha256(token.encode()).digest(), "person_id": person, "created_at": now,
         "expires_at": until}
        for person, token in enumerate(tokens, start=1)
    ]  # fmt: skip
    session.execute(insert(SessionToken), rows)
    return tokens


def add_terms(session: Session) -> None:
    """Write down what the support page offers: three tiers, four amounts for each interval."""
    for position, (name, benefits, prices) in enumerate(TIERS):
        month, year = prices[CURRENCY]
        tier = Tier(name=name, benefits=benefits, position=position)
        session.add(tier)
        session.flush()
        session.add(TierPrice(tier_id=tier.id, currency=CURRENCY, monthly_minor=month, yearly_minor=year))
    rows = [
        {"interval": interval, "currency": CURRENCY, "amount_minor": amount, "preselected": place == ticked}
        for interval, (amounts, ticked) in AMOUNTS[CURRENCY].items()
        for place, amount in enumerate(amounts)
    ]
    session.execute(insert(SuggestedAmount), rows)


def open_round(session: Session, number_of_topics: int, places: int, now: datetime) -> int:
    """Open a round over so many topics, of which five may be ticked; it takes votes for a week. Return its id."""
    terms = rounds.Terms(
        "What should we look into next?", "We report the winners, or say here why not.", places=places,
        opens_at=now - timedelta(minutes=1), closes_at=now + timedelta(days=7),
    )  # fmt: skip
    drafted = rounds.draft(session, terms, None, now)
    words = [topics.Words(f"Subject {each}", "Two sentences. They say what it is.") for each in range(number_of_topics)]
    made = [topics.create(session, each, None, now).id for each in words]
    rounds.set_topics(session, drafted.id, made, None, now)
    return rounds.open_round(session, drafted.id, SECRET, None, now).id
