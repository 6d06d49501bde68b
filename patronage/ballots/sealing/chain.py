"""The chain: the leaves of ballots sealed in batches, one an hour, each head taken over the head before it.

A batch is made every hour whether anybody voted or not, and its head is salted, so that neither their number nor the
heads tell anything of how many voted. Formats (docs/2_a_round.md):

    root = SHA-256 of the leaves as lower-case hex, sorted, each followed by a line feed
    head = SHA-256 of "round:number:head before:root:salt", numbers decimal, the others hex
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from patronage.ballots.models import BallotEvent, ChainBatch, Round
from patronage.foundation import jobs

SEAL_JOB = "ballots/seal"
EVERY = timedelta(hours=1)
LEAF_BYTES, SALT_BYTES = 32, 16
READ_AT_ONCE = 20_000


def arrange(session: Session, round_id: int, now: datetime) -> None:
    """Have the worker seal the round at the next full hour."""
    due = now.replace(minute=0, second=0, microsecond=0) + EVERY
    jobs.put(session, SEAL_JOB, {"round": round_id}, due, once=f"{SEAL_JOB}:{round_id}:{due:%Y-%m-%dT%H}")


def seal(session: Session, round_: Round, now: datetime) -> ChainBatch:
    """Seal what was cast since the last batch, be it nothing; return the new batch.

    Must run under the lock of the round, which no ballot is cast under, so that each event falls into one batch.
    """
    last = _last(session, round_.id)
    number, after = (last.number + 1, last.upto) if last else (1, 0)
    upto = session.scalar(select(func.max(BallotEvent.seq))) or 0
    batch = ChainBatch(
        round_id=round_.id, number=number, root=b"", head=b"", salt=secrets.token_bytes(SALT_BYTES), upto=upto,
        sealed_at=now,
    )  # fmt: skip
    session.add(batch)
    session.flush()
    mine = (BallotEvent.round_id == round_.id, BallotEvent.seq > after, BallotEvent.seq <= upto)
    root = root_of(_leaves(session, select(BallotEvent.leaf).where(*mine).order_by(BallotEvent.leaf)))
    session.execute(
        update(BallotEvent).where(*mine, BallotEvent.batch_id.is_(None)).values(batch_id=batch.id),
        execution_options={"synchronize_session": False},
    )
    before = last.head if last else genesis(round_)
    batch.root, batch.head = root, head_of(round_.id, number, before, root, batch.salt)
    session.flush()
    return batch


def genesis(round_: Round) -> bytes:
    """Return what stands before the first head: the hash of the tie seed, published when the round was opened."""
    return bytes.fromhex(round_.tie_seed_hash or "")


def head_of(round_id: int, number: int, before: bytes, root: bytes, salt: bytes) -> bytes:
    """Return the head of batch `number`."""
    text = f"{round_id}:{number}:{before.hex()}:{root.hex()}:{salt.hex()}"
    return hashlib.sha256(text.encode()).digest()


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over `leaves`, which come sorted; it is the SHA-256 of the published list as a file."""
    digest, waiting = hashlib.sha256(), iter(leaves)
    while portion := b"".join(islice(waiting, READ_AT_ONCE)):
        digest.update(f"{portion.hex(chr(10), LEAF_BYTES)}\n".encode())  # a line feed after each leaf
    return digest.digest()


def leaves(session: Session, round_id: int, prefix: str = "") -> Iterator[bytes]:
    """Yield the leaves of a round in order, those that begin with the hex digits `prefix`, read in portions."""
    query = select(BallotEvent.leaf).where(BallotEvent.round_id == round_id).order_by(BallotEvent.leaf)
    if prefix:
        lowest, highest = bytes.fromhex(prefix.ljust(64, "0")), bytes.fromhex(prefix.ljust(64, "f"))
        query = query.where(BallotEvent.leaf.between(lowest, highest))
    return _leaves(session, query)


def batches(session: Session, round_id: int) -> list[ChainBatch]:
    """Return the batches of a round in their order."""
    query = select(ChainBatch).where(ChainBatch.round_id == round_id).order_by(ChainBatch.number)
    return list(session.scalars(query))


def problems(session: Session, round_: Round) -> list[str]:
    """Return what does not hold in the chain: a batch whose leaves or head changed, an event in no batch."""
    found, before, roots = [], genesis(round_), _roots(session, round_.id)
    if None in roots:
        found.append("ballots were cast that are in no sealed batch")
    for number, batch in enumerate(batches(session, round_.id), start=1):
        if batch.number != number or batch.root != roots.get(batch.id, root_of(())):
            found.append(f"the leaves of batch {batch.number} are not those that were sealed")
        if batch.head != head_of(round_.id, batch.number, before, batch.root, batch.salt):
            found.append(f"the head of batch {batch.number} does not follow from the one before")
        before = batch.head
    return found


def _roots(session: Session, round_id: int) -> dict[int | None, bytes]:
    event = BallotEvent.__table__.c
    query = select(event.batch_id, event.leaf).where(event.round_id == round_id).order_by(event.batch_id, event.leaf)
    return {batch: root_of(map(itemgetter(1), rows)) for batch, rows in groupby(_rows(session, query), itemgetter(0))}


def _last(session: Session, round_id: int) -> ChainBatch | None:
    query = select(ChainBatch).where(ChainBatch.round_id == round_id).order_by(ChainBatch.number.desc()).limit(1)
    return session.scalars(query).one_or_none()


def _leaves(session: Session, query: Select[Any]) -> Iterator[bytes]:
    return map(itemgetter(0), _rows(session, query))


def _rows(session: Session, query: Select[Any]) -> Iterator[Any]:
    found = session.connection().execute(query, execution_options={"yield_per": READ_AT_ONCE})
    for portion in found.partitions():
        yield from portion
