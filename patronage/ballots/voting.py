"""Casting a ballot: one a patron, the last one counts, none after closing; a few statements, as thousands come at once.

The ballot carries a token, never the person. Each statement here costs a trip to the database, so the session, the
time, the round with everything that decides, the ballot, and the event that it was cast make five.
"""

import functools
import hashlib
from base64 import b32encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Insert,
    LargeBinary,
    Row,
    Select,
    String,
    Table,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from patronage.ballots import keys
from patronage.ballots.models import Ballot, BallotEvent, Electorate, Round, RoundKey, RoundTopic
from patronage.ballots.refusals import (
    NoSuchRound,
    NotAChoice,
    NotASubmission,
    NotEntitled,
    NotOpenYet,
    RoundClosed,
    TooManyTicks,
)  # fmt: skip
from patronage.books.models import Payment
from patronage.foundation.database import Base, Key, UTCDateTime
from patronage.giving import standing
from patronage.people.models import Person

LONGEST_SUBMISSION = 64


@dataclass(frozen=True)
class Receipt:
    """What proves a ballot to its voter, and only to them: with the nonce anybody could recompute its leaf."""

    round_id: int
    token: bytes
    version: int
    choices: str
    nonce: bytes

    @property
    def leaf(self) -> bytes:
        """SHA-256 of the text "round:token:version:choices:nonce" (decimal, hex, decimal, as stored, hex)."""
        text = f"{self.round_id}:{self.token.hex()}:{self.version}:{self.choices}:{self.nonce.hex()}"
        return hashlib.sha256(text.encode()).digest()

    @property
    def code(self) -> str:
        """The receipt as the page shows it: round, version, choices, then token and nonce in base 32."""
        secret = b32encode(self.token + self.nonce).decode().rstrip("=")
        return f"{self.round_id}.{self.version}.{self.choices.replace(',', '-') or '0'}.{secret}"


@dataclass(frozen=True)
class Cast:
    """What became of a submission. `receipt` is None if it came again after a later ballot had replaced it."""

    receipt: Receipt | None
    replayed: bool

    @property
    def replaces(self) -> bool:
        """Tell whether an earlier ballot of this voter no longer counts."""
        return self.receipt is not None and self.receipt.version > 1


def cast(
    session: Session, round_id: int, person_id: int, choices: Iterable[str], submission: str, now: datetime, secret: str
) -> Cast:
    """Put the ballot of `person_id` into the box: positions `choices` (none: a blank ballot, counted as turnout).

    `submission` is the form's one-time id: sent again it changes nothing and gets the same answer. `now` is the
    database's time. Holds the round FOR SHARE until the transaction ends, so that it is in before closing or refused.
    Raises `NoSuchRound`, `NotOpenYet`, `RoundClosed`, `NotEntitled`, `NotAChoice`, `TooManyTicks`, `NotASubmission`.
    """
    if not 8 <= len(submission) <= LONGEST_SUBMISSION or not submission.isascii():
        raise NotASubmission
    session.flush()
    connection = session.connection()  # past the ORM's own work for each statement: these are all Core
    round_ = _entitled(connection, round_id, person_id, now)
    written = _normal(choices, round_.topics, round_.most_ticks)
    key = keys.unseal(round_.sealed, round_id, secret)
    token = keys.token(key, person_id)
    mark = keys.submission_mark(key, token, submission)
    facts = {"round": round_id, "person": person_id, "token": token, "choices": written, "mark": mark}
    version = _put(connection, facts)
    if version is None:
        return Cast(_receipt(session, round_id, key, token, submission), replayed=True)
    receipt = Receipt(round_id, token, version, written, keys.receipt_nonce(key, token, submission))
    connection.execute(_EVENT, {"round_id": round_id, "submission_id": mark, "leaf": receipt.leaf})
    return Cast(receipt, replayed=False)


def receipt_for(session: Session, round_id: int, person_id: int, submission: str, secret: str) -> Receipt | None:
    """Return the receipt of the ballot `submission` cast, or None if it is not the one that counts now."""
    key = _key(session, round_id, secret)
    return _receipt(session, round_id, key, keys.token(key, person_id), submission) if key else None


def own_ballot(
    session: Session, round_id: int, person_id: int, positions: Iterable[int], secret: str
) -> tuple[set[int] | None, list[int]]:
    """Return what the ballot of `person_id` ticks (None: no ballot yet), and the order they see `positions` in."""
    key = _key(session, round_id, secret)
    if key is None:
        raise NoSuchRound
    token = keys.token(key, person_id)
    choices = session.scalar(select(Ballot.choices).where(Ballot.round_id == round_id, Ballot.token == token))
    order = sorted(positions, key=lambda position: keys.place_in_line(key, token, position))
    return (None if choices is None else {int(each) for each in choices.split(",") if each}), order


def take_back_unpaid(session: Session, round_: Round, secret: str) -> int:
    """Remove the ballots of those whose payment was given back or disputed while the round was open; return how many.

    Whoever voted was a patron after `opens_at`. Who got a payment back and, by what is left, was none at that moment,
    loses the vote; those whose time simply ran out, or who were late, keep it. Must run under the lock of closing.
    """
    voted = select(Electorate.person_id).where(Electorate.round_id == round_.id, Electorate.voted)
    taken_back = or_(Payment.disputed, Payment.refunded_minor >= Payment.amount_minor)
    voted = voted.where(exists().where(Payment.person_id == Electorate.person_id, taken_back))
    unpaid = list(session.scalars(voted.where(~standing.patron_clause(Electorate.person_id, round_.opens_at))))
    key = _key(session, round_.id, secret) if unpaid else None
    for person_id in unpaid if key else ():
        token = keys.token(key or b"", person_id)
        session.execute(delete(Ballot).where(Ballot.round_id == round_.id, Ballot.token == token))
        mine = (Electorate.round_id == round_.id, Electorate.person_id == person_id)
        session.execute(update(Electorate).where(*mine).values(voted=False))
    return len(unpaid)


def has_voted(session: Session, round_id: int, person_id: int) -> bool:
    """Tell whether `person_id` has a ballot in the round; the electorate knows that, and nothing of what it says."""
    row = session.get(Electorate, (round_id, person_id))
    return row is not None and row.voted


def _entitled(connection: Connection, round_id: int, person_id: int, now: datetime) -> Row[Any]:
    query = _ON_POSTGRESQL if connection.dialect.name == "postgresql" else _WHAT_DECIDES
    found = connection.execute(query, {"round": round_id, "person": person_id, "moment": now}).one_or_none()
    if found is None or found.opened_at is None:
        raise NoSuchRound
    if found.closed_at is not None or found.closes_at <= now:
        raise RoundClosed
    if found.opens_at > now:
        raise NotOpenYet
    if not found.entitled:
        raise NotEntitled
    return found


def _normal(choices: Iterable[str], topics: int, most: int) -> str:
    ticked = set()
    for choice in choices:
        if not (choice.isascii() and choice.isdigit() and len(choice) <= 6 and 1 <= int(choice) <= topics):
            raise NotAChoice
        ticked.add(int(choice))
    if len(ticked) > most:
        raise TooManyTicks(most)
    return ",".join(map(str, sorted(ticked)))


def _put(connection: Connection, facts: dict[str, Any]) -> int | None:
    """Write the ballot and that its voter has voted; return its version, or None if this submission came before."""
    dialect = connection.dialect.name
    version: int | None = connection.execute(_ballot(dialect), facts).scalar_one_or_none()
    if version is not None and dialect == "sqlite":  # on PostgreSQL both go in one statement
        connection.execute(_voter(dialect), facts)
    return version


def _receipt(session: Session, round_id: int, key: bytes, token: bytes, submission: str) -> Receipt | None:
    mark = keys.submission_mark(key, token, submission)
    query = select(Ballot.version, Ballot.choices, BallotEvent.leaf)
    query = query.join(BallotEvent, BallotEvent.round_id == Ballot.round_id)
    query = query.where(Ballot.round_id == round_id, Ballot.token == token, BallotEvent.submission_id == mark)
    found = session.execute(query).one_or_none()
    if found is None:
        return None
    receipt = Receipt(round_id, token, found.version, found.choices, keys.receipt_nonce(key, token, submission))
    return receipt if receipt.leaf == found.leaf else None


def _key(session: Session, round_id: int, secret: str) -> bytes | None:
    row = session.get(RoundKey, round_id)
    return keys.unseal(row.sealed, round_id, secret) if row else None


def _table(kind: type[Base]) -> Table:
    """The bare table: these statements skip what the ORM adds to an INSERT."""
    assert isinstance(kind.__table__, Table)  # noqa: S101 - true of every class of ours
    return kind.__table__


def _what_decides() -> Select[Any]:
    topics = select(func.count()).where(RoundTopic.round_id == Round.id).scalar_subquery()
    entitled = standing.patron_clause(Person.id, bindparam("moment", type_=UTCDateTime))  # type: ignore[arg-type]  # the moment comes with each ballot
    query = select(
        Round.opened_at, Round.closed_at, Round.opens_at, Round.closes_at, Round.most_ticks, RoundKey.sealed,
        topics.label("topics"), entitled.label("entitled"),
    )  # fmt: skip
    query = query.select_from(Round).join(RoundKey, RoundKey.round_id == Round.id)
    query = query.join(Person, Person.id == bindparam("person", type_=Key))
    return query.where(Round.id == bindparam("round", type_=Key))


_WHAT_DECIDES = _what_decides()
# The round is shared with other voters and shut against closing; the person's row makes their own ballots queue.
_ON_POSTGRESQL = _WHAT_DECIDES.with_for_update(read=True, of=Round).suffix_with("FOR NO KEY UPDATE OF person")
_EVENT = insert(_table(BallotEvent))


@functools.cache
def _ballot(dialect: str) -> Insert:
    """The statement that puts or replaces a ballot unless its submission is known, and returns the version."""
    add = (sqlite_insert if dialect == "sqlite" else postgresql_insert)(_table(Ballot))
    row = select(
        bindparam("round", type_=Key), bindparam("token", type_=LargeBinary()), 1,
        bindparam("choices", type_=String()), 1,
    )  # fmt: skip
    add = add.from_select(["round_id", "token", "version", "choices", "weight"], row.where(_unseen()))
    put = add.on_conflict_do_update(
        index_elements=[Ballot.round_id, Ballot.token],
        set_={"version": Ballot.version + 1, "choices": add.excluded.choices},
    )
    if dialect != "sqlite":
        put = put.add_cte(_voter(dialect).cte("voter"))
    return put.returning(Ballot.version)


@functools.cache
def _voter(dialect: str) -> Insert:
    """The statement that marks a person as having voted."""
    add = (sqlite_insert if dialect == "sqlite" else postgresql_insert)(_table(Electorate))
    row = select(bindparam("round", type_=Key), bindparam("person", type_=Key), true())
    known = true() if dialect == "sqlite" else _unseen()
    add = add.from_select(["round_id", "person_id", "voted"], row.where(known))
    return add.on_conflict_do_update(
        index_elements=[Electorate.round_id, Electorate.person_id], set_={"voted": true()}, where=~Electorate.voted
    )


def _unseen() -> Any:
    return ~exists().where(BallotEvent.submission_id == bindparam("mark", type_=String()))
