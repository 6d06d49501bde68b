"""The electorate as a whole: written once where it is frozen, its size and hash published, unpaid ballots taken out."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CTE, Select, delete, exists, false, insert, literal, or_, select, union, update
from sqlalchemy.orm import Session

from patronage.ballots import keys
from patronage.ballots.electing import entitlement
from patronage.ballots.models import Ballot, Electorate, Policy, Round, RoundKey
from patronage.ballots.refusals import NoSuchRound
from patronage.books.models import Payment
from patronage.foundation.database import Key
from patronage.foundation.streaming import portions
from patronage.giving import standing
from patronage.giving.models import Pledge, PledgeKind
from patronage.people.models import Person


def draw_up(session: Session, round_: Round, secret: str, now: datetime) -> int:
    """Write the frozen electorate of `round_`, whose row is locked, once; publish size and hash; return the size.

    In it is whoever had a payment settled before the cut-off and is a patron when the list is drawn up, on the round's
    terms. That is at opening, or at the cut-off if it is later. Nobody is added afterwards and nobody taken off.
    """
    if round_.electorate_size is None:
        cut_off = min(round_.cut_off or now, now)
        moment = max(cut_off, round_.opened_at or now)
        known, rows = _eligible(round_, moment)
        _write(session, known, rows, entitlement.moments(moment, settled_before=cut_off))
        _publish(session, round_, secret, select(Electorate.person_id).where(Electorate.round_id == round_.id), {})
    return round_.electorate_size or 0


def settle(session: Session, round_: Round, secret: str, now: datetime) -> None:
    """Settle who was in the electorate of `round_`, which is being closed, and publish its size and hash.

    Until closing: whoever may vote now, and whoever was entitled when they voted; ballots whose payment was taken back
    go. Those whose vote was granted by name are written down even if they did not use it, so that they are counted.
    """
    if round_.policy == Policy.FROZEN:
        draw_up(session, round_, secret, now)
        return
    take_back_unpaid(session, round_, secret, now)
    if round_.admits_named:
        _write_named(session, round_, now)
    voted = select(Electorate.person_id).where(Electorate.round_id == round_.id, Electorate.voted)
    may_vote, moments = entitled(round_, now)
    _publish(session, round_, secret, union(may_vote, voted), moments)


def entitled(round_: Round, now: datetime) -> tuple[Select[Any], dict[str, datetime]]:
    """Return the query for the ids of all who may vote in `round_` now, each once, and its parameters."""
    if round_.policy == Policy.FROZEN:
        return select(Electorate.person_id).where(Electorate.round_id == round_.id), {}
    if round_.admits_named and round_.least_tier_id is None and not round_.least_days:
        return standing.patrons_at(now), {}
    known, rows = _eligible(round_, now)
    return rows.with_only_columns(known.c.person_id), entitlement.moments(now)


def list_hash(key: bytes, person_ids: Iterable[int]) -> tuple[int, str]:
    """Return how many people there are, and the hex SHA-256 of their tokens, sorted, one after the other.

    A token is HMAC-SHA256 under the round key (`keys.token`), so the hash tells nobody whether somebody is on the list,
    and once the key is destroyed it can be compared no more.
    """
    tokens = sorted(map(keys.tokens(key), person_ids))
    return len(tokens), hashlib.sha256(b"".join(tokens)).hexdigest()


def holds(session: Session, round_: Round, secret: str) -> bool:
    """Tell whether the frozen electorate is still the one whose hash was published; only while the key exists."""
    ids = session.scalars(select(Electorate.person_id).where(Electorate.round_id == round_.id))
    return list_hash(_key(session, round_.id, secret), ids) == (round_.electorate_size, round_.electorate_sha256)


def take_back_unpaid(session: Session, round_: Round, secret: str, now: datetime) -> int:
    """Remove the ballots of those whose payment was given back or disputed while the round was open; return how many.

    Whoever voted was entitled after `opens_at`. Who got a payment back and, by what is left, was not at that moment,
    loses the vote, and who is left with a lower level its weight; those whose time simply ran out, or who were late,
    keep it. Must run under the lock of closing. Not for frozen rounds.
    """
    found = session.execute(_given_back(round_), entitlement.moments(round_.opens_at, now + timedelta(days=1))).all()
    key, removed = _key(session, round_.id, secret) if found else b"", 0
    for row in found:
        ballot = (Ballot.round_id == round_.id, Ballot.token == keys.token(key, row.person_id))
        if entitlement.why_not(row, now) is None:
            session.execute(update(Ballot).where(*ballot, Ballot.weight > row.weight).values(weight=row.weight))
            continue
        voter = (Electorate.round_id == round_.id, Electorate.person_id == row.person_id)
        session.execute(delete(Ballot).where(*ballot))
        session.execute(update(Electorate).where(*voter).values(voted=False))
        removed += 1
    return removed


def _given_back(round_: Round) -> Select[Any]:
    """Those who have voted in `round_` and got a payment back, as the rows `entitlement.why_not` reads."""
    taken_back = or_(Payment.disputed, Payment.refunded_minor >= Payment.amount_minor)
    query, facts = entitlement.joined()
    query = query.where(Round.id == round_.id, Electorate.voted)
    query = query.where(exists().where(Payment.person_id == Person.id, taken_back))
    return entitlement.judged(entitlement.known(query, facts))


def _eligible(round_: Round, moment: datetime, among: Select[Any] | None = None) -> tuple[CTE, Select[Any]]:
    """Return what is known of all patrons (or those `among` them), and the rows (round, person) of who may vote."""
    query, facts = entitlement.joined()
    patrons = standing.patrons_at(moment) if among is None else among
    known = entitlement.known(query.where(Round.id == round_.id, Person.id.in_(patrons)), facts)
    facts = entitlement.held(known)
    rows = select(literal(round_.id, Key), known.c.person_id)
    rows = rows.where(entitlement.verdict(facts, known.c.admits_named).is_(None))
    if round_.least_days:
        rows = rows.where(or_(facts.named, facts.first <= moment - timedelta(days=round_.least_days)))
    return known, rows


def _write(session: Session, known: CTE, rows: Select[Any], moments: dict[str, datetime]) -> None:
    counted = entitlement.counted_as(entitlement.held(known))
    names = ["round_id", "person_id", "voted", "reasons", *counted]
    values = rows.add_columns(false(), literal(0), *counted.values())
    table = Electorate.metadata.tables[
        Electorate.__tablename__
    ]  # bare: the ORM takes parameters of an INSERT for its rows
    session.flush()
    session.connection().execute(insert(table).from_select(names, values), moments)


def _write_named(session: Session, round_: Round, now: datetime) -> None:
    given = (Pledge.kind == PledgeKind.COMPLIMENTARY, *standing.stands(now))
    known, rows = _eligible(round_, now, among=select(Pledge.person_id).where(*given))
    listed = select(Electorate.person_id).where(Electorate.round_id == round_.id)
    rows = rows.where(entitlement.held(known).named, known.c.person_id.not_in(listed))
    _write(session, known, rows, entitlement.moments(now))


def _publish(session: Session, round_: Round, secret: str, people: Any, moments: dict[str, datetime]) -> None:
    key = _key(session, round_.id, secret)  # before anything is streamed, as it may not open
    ids = (person_id for portion in portions(session, people, moments) for (person_id,) in portion)
    round_.electorate_size, round_.electorate_sha256 = list_hash(key, ids)


def _key(session: Session, round_id: int, secret: str) -> bytes:
    row = session.get(RoundKey, round_id)
    if row is None:
        raise NoSuchRound
    return keys.unseal(row.sealed, round_id, secret)
