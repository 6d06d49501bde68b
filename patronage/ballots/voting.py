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
    Integer,
    LargeBinary,
    Row,
    Select,
    String,
    Table,
    bindparam,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from patronage.ballots import keys
from patronage.ballots.electing import entitlement
from patronage.ballots.models import Ballot, BallotEvent, Electorate, Policy, Round, RoundKey, RoundTopic
from patronage.ballots.refusals import (
    ChangedTooOften,
    NoSuchRound,
    NotAChoice,
    NotASubmission,
    NotOpenYet,
    RoundClosed,
    TooManyTicks,
)  # fmt: skip
from patronage.foundation.database import Base, Key
from patronage.people.models import Person

LONGEST_SUBMISSION = 64
MOST_VERSIONS = 1000  # of one ballot: each leaves a leaf on a list that is kept and published for ever
COUNTED_AS = ("weight", "tier_band", "tenure_band", "lang", "named")


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
    Raises `NoSuchRound`, `NotOpenYet`, `RoundClosed`, `NotEntitled` (a kind of it that says why), `NotAChoice`,
    `TooManyTicks`, `NotASubmission`, `ChangedTooOften`.
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
    version = _put(connection, facts | _counted_as(round_))
    if version is None:
        return Cast(_receipt(session, round_id, key, token, submission), replayed=True)
    if version > MOST_VERSIONS:
        raise ChangedTooOften
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


def has_voted(session: Session, round_id: int, person_id: int) -> bool:
    """Tell whether `person_id` has a ballot in the round; the electorate knows that, and nothing of what it says."""
    row = session.get(Electorate, (round_id, person_id))
    return row is not None and row.voted


def _entitled(connection: Connection, round_id: int, person_id: int, now: datetime) -> Row[Any]:
    query = _ON_POSTGRESQL if connection.dialect.name == "postgresql" else _WHAT_DECIDES
    found = connection.execute(
        query, {"round": round_id, "person": person_id, **entitlement.moments(now)}
    ).one_or_none()
    if found is None or found.opened_at is None:
        raise NoSuchRound
    if found.closed_at is not None or found.closes_at <= now:
        raise RoundClosed
    if found.opens_at > now:
        raise NotOpenYet
    refusal = entitlement.why_not(found, now)
    if refusal:
        raise refusal
    return found


def _counted_as(row: Row[Any]) -> dict[str, Any]:
    """Return what stands beside a voter's name; on a frozen list it stands there since opening."""
    facts = {name: getattr(row, name) for name in COUNTED_AS}
    return facts | {"weight": row.listed} if row.policy == Policy.FROZEN else facts


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


def _what_decides(*, is_locked: bool) -> Select[Any]:
    query, facts = entitlement.joined()
    query = query.join(RoundKey, RoundKey.round_id == Round.id)
    query = query.where(Round.id == bindparam("round", type_=Key), Person.id == bindparam("person", type_=Key))
    if is_locked:
        query = query.with_for_update(read=True, of=Round).suffix_with("FOR NO KEY UPDATE OF person")
    dates = (Round.opened_at, Round.closed_at, Round.opens_at, Round.closes_at, Round.most_ticks)
    topics = select(func.count()).where(RoundTopic.round_id == Round.id).scalar_subquery()
    known = entitlement.known(query, facts, *dates, RoundKey.sealed, topics.label("topics"))
    return entitlement.judged(known, *(date.key for date in dates), "sealed", "topics")


_WHAT_DECIDES = _what_decides(is_locked=False)
# The round is shared with other voters and shut against closing; the person's row makes their own ballots queue.
_ON_POSTGRESQL = _what_decides(is_locked=True)
_EVENT = insert(_table(BallotEvent))


@functools.cache
def _ballot(dialect: str) -> Insert:
    """The statement that puts or replaces a ballot unless its submission is known, and returns the version."""
    add = (sqlite_insert if dialect == "sqlite" else postgresql_insert)(_table(Ballot))
    row = select(
        bindparam("round", type_=Key), bindparam("token", type_=LargeBinary()), 1,
        bindparam("choices", type_=String()), bindparam("weight", type_=Integer()),
    )  # fmt: skip
    add = add.from_select(["round_id", "token", "version", "choices", "weight"], row.where(_unseen()))
    put = add.on_conflict_do_update(
        index_elements=[Ballot.round_id, Ballot.token],
        set_={"version": Ballot.version + 1, "choices": add.excluded.choices, "weight": add.excluded.weight},
    )
    if dialect != "sqlite":
        put = put.add_cte(_voter(dialect).cte("voter"))
    return put.returning(Ballot.version)


@functools.cache
def _voter(dialect: str) -> Insert:
    """The statement that marks a person as having voted, and as what they are counted."""
    add = (sqlite_insert if dialect == "sqlite" else postgresql_insert)(_table(Electorate))
    as_what = [bindparam(name, type_=_table(Electorate).c[name].type) for name in COUNTED_AS]
    who = (bindparam("round", type_=Key), bindparam("person", type_=Key))
    row = select(*who, true(), literal_column("0"), *as_what)
    known = true() if dialect == "sqlite" else _unseen()
    add = add.from_select(["round_id", "person_id", "voted", "reasons", *COUNTED_AS], row.where(known))
    return add.on_conflict_do_update(
        index_elements=[Electorate.round_id, Electorate.person_id],
        set_={"voted": true(), "weight": add.excluded.weight},
        where=or_(~Electorate.voted, Electorate.weight != add.excluded.weight),
    )


def _unseen() -> Any:
    return ~exists().where(BallotEvent.submission_id == bindparam("mark", type_=String()))
