"""What tests of voting begin with: patrons whose payment has settled, topics, and a round that takes votes."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from patronage.ballots import rounds, topics
from patronage.ballots.models import Round
from patronage.ballots.voting import Cast, cast
from patronage.books.models import Payment
from patronage.foundation.database import Database
from patronage.giving.memberships.models import TierPrice
from patronage.giving.models import Interval, Pledge, PledgeKind, PledgeState, Tier
from patronage.people import people
from patronage.people.models import Person

SECRET = "a secret of the tests, long enough to be one"
TITLES = ("Who owns the river port", "Trains after midnight", "Heating bills", "The school roof", "Lost archives")


def a_person(session: Session, now: datetime, email: str | None = None) -> Person:
    """Somebody with an address and nothing else."""
    return people.find_or_add(session, email or f"{secrets.token_hex(6)}@reader.example", now)


def a_patron(
    session: Session, now: datetime, email: str | None = None, *, monthly: int = 500, since: datetime | None = None,
    kind: PledgeKind = PledgeKind.PAID,
) -> Person:  # fmt: skip
    """Somebody whose pledge of `monthly` cents has settled (`since` then) and is paid for a month from now."""
    person = a_person(session, now, email)
    a_pledge(session, now, person, monthly=monthly, since=since, kind=kind)
    return person


def a_pledge(
    session: Session, now: datetime, person: Person, *, monthly: int = 500, since: datetime | None = None,
    kind: PledgeKind = PledgeKind.PAID,
) -> Pledge:  # fmt: skip
    """A pledge of `person` that has settled and is paid for a month from now."""
    pledge = Pledge(
        reference=secrets.token_hex(8), person_id=person.id, interval=Interval.MONTH, amount_minor=monthly,
        currency="EUR", state=PledgeState.ACTIVE, offered_at=since or now, settled_at=since or now, kind=kind,
        paid_until=now + timedelta(days=30), patron_until=now + timedelta(days=44),
    )  # fmt: skip
    session.add(pledge)
    session.flush()
    return pledge


def a_tier(session: Session, name: str, position: int, monthly: int) -> Tier:
    """A level of support reached with `monthly` cents a month."""
    tier = Tier(name=name, benefits="", position=position)
    session.add(tier)
    session.flush()
    price = {"monthly_minor": monthly, "yearly_minor": monthly * 10}
    session.add(TierPrice(tier_id=tier.id, currency="EUR", **price))
    session.flush()
    return tier


def take_back(session: Session, pledge: Pledge, now: datetime, *, disputed: bool = False) -> None:
    """The payment behind `pledge` is refunded, or disputed, `now`."""
    payment = Payment(
        charge_id=f"ch_{secrets.token_hex(8)}", reference=secrets.token_hex(8), person_id=pledge.person_id,
        amount_minor=max(pledge.amount_minor, 1), currency="EUR", paid_at=now, disputed=disputed,
        refunded_minor=0 if disputed else max(pledge.amount_minor, 1),
    )  # fmt: skip
    session.add(payment)
    pledge.paid_until = pledge.patron_until = None
    session.flush()


def a_draft(
    session: Session, now: datetime, *, places: int = 2, most_ticks: int = 3, titles: Sequence[str] = TITLES,
    **more: Any,
) -> Round:  # fmt: skip
    """A round that is not open yet, over topics with `titles`; it closes in seven days; `more` of its `Terms`."""
    dates = {"opens_at": now, "closes_at": now + timedelta(days=7)}
    terms = rounds.Terms(
        "What should we look into next?", "We report the winner, or say why not.", places=places,
        most_ticks=most_ticks, **(dates | more),
    )  # fmt: skip
    round_ = rounds.draft(session, terms, None, now)
    made = [
        topics.create(session, topics.Words(title, f"About {title}.", reporter_days=3), None, now) for title in titles
    ]
    rounds.set_topics(session, round_.id, [topic.id for topic in made], None, now)
    return round_


def an_open_round(session: Session, now: datetime, *, places: int = 2, most_ticks: int = 3, **more: Any) -> Round:
    """A round that takes votes from `now` for seven days; `more` of its `Terms`."""
    draft = a_draft(session, now, places=places, most_ticks=most_ticks, **more)
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
