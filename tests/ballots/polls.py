"""What tests of voting begin with: patrons whose payment has settled, topics, and a round that takes votes."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from patronage.ballots import rounds, topics
from patronage.ballots.models import Round
from patronage.ballots.voting import Cast, cast
from patronage.foundation.database import Database
from patronage.giving.models import Interval, Pledge, PledgeState
from patronage.people import people
from patronage.people.models import Person

SECRET = "a secret of the tests, long enough to be one"
TITLES = ("Who owns the river port", "Trains after midnight", "Heating bills", "The school roof", "Lost archives")


def a_person(session: Session, now: datetime, email: str | None = None) -> Person:
    """Somebody with an address and nothing else."""
    return people.find_or_add(session, email or f"{secrets.token_hex(6)}@reader.example", now)


def a_patron(session: Session, now: datetime, email: str | None = None) -> Person:
    """Somebody whose monthly pledge has settled and is paid for a month."""
    person = a_person(session, now, email)
    pledge = Pledge(
        reference=secrets.token_hex(8), person_id=person.id, interval=Interval.MONTH, amount_minor=500, currency="EUR",
        state=PledgeState.ACTIVE, offered_at=now, settled_at=now, paid_until=now + timedelta(days=30),
        patron_until=now + timedelta(days=44),
    )  # fmt: skip
    session.add(pledge)
    session.flush()
    return person


def a_draft(
    session: Session, now: datetime, *, places: int = 2, most_ticks: int = 3, titles: Sequence[str] = TITLES
) -> Round:
    """A round that is not open yet, over topics with `titles`; it would close in seven days."""
    terms = rounds.Terms(
        "What should we look into next?", "We report the winner, or say why not.", places=places,
        most_ticks=most_ticks, opens_at=now, closes_at=now + timedelta(days=7),
    )  # fmt: skip
    round_ = rounds.draft(session, terms, None, now)
    made = [
        topics.create(session, topics.Words(title, f"About {title}.", reporter_days=3), None, now) for title in titles
    ]
    rounds.set_topics(session, round_.id, [topic.id for topic in made], None, now)
    return round_


def an_open_round(session: Session, now: datetime, *, places: int = 2, most_ticks: int = 3) -> Round:
    """A round that takes votes from `now` for seven days."""
    draft = a_draft(session, now, places=places, most_ticks=most_ticks)
    return rounds.open_round(session, draft.id, SECRET, None, now)


def votes(session: Session, round_: Round, person: Person, choices: str, now: datetime) -> Cast:
    """`person` casts a ballot with `choices` ("1,3"), each time by a new submission."""
    ticked = [each for each in choices.split(",") if each]
    return cast(session, round_.id, person.id, ticked, secrets.token_hex(16), now, SECRET)


def closed(session: Session, round_: Round, now: datetime) -> Round:
    """Close `round_` now."""
    return rounds.close_round(session, round_.id, SECRET, None, now)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The statements sent to `database` inside the block, without those that begin and end transactions."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


def unguarded(session: Session, *deeds: str) -> None:
    """Do what the database refuses, as somebody could who owns it; for this transaction on PostgreSQL."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL session_replication_role = replica"))
    else:
        for name in session.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all():
            session.execute(text(f"DROP TRIGGER {name}"))
    for deed in deeds:
        session.execute(text(deed))
