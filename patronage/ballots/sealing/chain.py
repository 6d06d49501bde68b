"""The chain: the leaves of ballots sealed in batches, one an hour, each head taken over the head before it.

A batch is made every hour whether anybody voted or not, and its head is salted, so that neither their number nor the
heads tell anything of how many voted. Formats (docs/2_a_round.md):

    root = SHA-256 of the leaves as lower-case hex, sorted, each followed by a line feed
    head = SHA-256 of "round:number:head before:root:salt", numbers decimal, the others hex
"""

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from operator import itemgetter
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from patronage.ballots.models import BallotEvent, ChainBatch, Round
from patronage.foundation import jobs

SEAL_JOB = "ballots/seal"
EVERY = timedelta(hours=1)
LEAF_BYTES, SALT_BYTES = 32, 16
LINE_FEED = "\n"
READ_AT_ONCE = 20_000


def arrange(session: Session, round_id: int, now: datetime) -> None:
    """Have the worker seal the round at the next full hour."""
    due = now.replace(minute=0, second=0, microsecond=0) + EVERY
    jobs.put(session, SEAL_JOB, {"round": round_id}, due, once=f"{SEAL_JOB}:{round_id}:{due:%Y-%m-%dT%H}")


@dataclass(frozen=True)
class Roots:
    """All leaves of a round, read once: how many, the `root` over all of them, the root of each batch by its id.

    Under None stand those that are in no batch.
    """

    leaves: int
    root: bytes
    of_batch: dict[int | None, bytes]


def seal(session: Session, round_: Round, now: datetime) -> ChainBatch:
    """Seal what was cast since the last batch, be it nothing; return the new batch.

    Must run under the lock of the round, which no ballot is cast under, so that each event falls into one batch.
    """
    batch, before, mine = _begun(session, round_, now)
    root = root_of(_leaves(session, select(BallotEvent.leaf).where(*mine).order_by(BallotEvent.leaf)))
    return _sealed(session, batch, before, root)


def seal_rest(session: Session, round_: Round, now: datetime) -> Roots:
    """Seal what is left when the round closes, as `seal` does; return the roots, which takes one reading for both."""
    batch, before, _mine = _begun(session, round_, now)
    found = roots(session, round_.id)
    _sealed(session, batch, before, found.of_batch.get(batch.id, root_of(())))
    return found


def roots(session: Session, round_id: int) -> Roots:
    """Read all leaves of a round in their order, so that those of each batch come in order as well."""
    event = BallotEvent.__table__.c
    query = select(event.leaf, event.batch_id).where(event.round_id == round_id).order_by(event.leaf)
    every, of_batch = hashlib.sha256(), defaultdict[int | None, Any](hashlib.sha256)
    found = session.connection().execute(query, execution_options={"yield_per": READ_AT_ONCE})
    many = 0
    for portion in found.partitions():
        many += len(portion)
        every.update(_lines(leaf for leaf, _batch in portion))
        parted = defaultdict[int | None, list[bytes]](list)
        for leaf, batch_id in portion:
            parted[batch_id].append(leaf)
        for batch_id, leaves_of in parted.items():
            of_batch[batch_id].update(_lines(leaves_of))
    return Roots(many, every.digest(), {batch_id: digest.digest() for batch_id, digest in of_batch.items()})


def _begun(session: Session, round_: Round, now: datetime) -> tuple[ChainBatch, bytes, tuple[Any, ...]]:
    """Put the new leaves into a new batch; return it, the head before it, and the condition its leaves meet."""
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
    session.execute(
        update(BallotEvent).where(*mine, BallotEvent.batch_id.is_(None)).values(batch_id=batch.id),
        execution_options={"synchronize_session": False},
    )
    return batch, last.head if last else genesis(round_), mine


def _sealed(session: Session, batch: ChainBatch, before: bytes, root: bytes) -> ChainBatch:
    batch.root, batch.head = root, head_of(batch.round_id, batch.number, before, root, batch.salt)
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
    while lines := _lines(islice(waiting, READ_AT_ONCE)):
        digest.update(lines)
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


def problems(session: Session, round_: Round, found: Roots) -> list[str]:
    """Return what does not hold in the chain: a batch whose leaves or head changed, an event in no batch."""
    wrong, before = [], genesis(round_)
    if None in found.of_batch:
        wrong.append("ballots were cast that are in no sealed batch")
    for number, batch in enumerate(batches(session, round_.id), start=1):
        if batch.number != number or batch.root != found.of_batch.get(batch.id, root_of(())):
            wrong.append(f"the leaves of batch {batch.number} are not those that were sealed")
        if batch.head != head_of(round_.id, batch.number, before, batch.root, batch.salt):
            wrong.append(f"the head of batch {batch.number} does not follow from the one before")
        before = batch.head
    return wrong


def _lines(leaves: Iterable[bytes]) -> bytes:
    """Return each leaf as lower-case hex with a line feed after it."""
    together = b"".join(leaves)
    return f"{together.hex(LINE_FEED, LEAF_BYTES)}\n".encode() if together else b""


def _last(session: Session, round_id: int) -> ChainBatch | None:
    query = select(ChainBatch).where(ChainBatch.round_id == round_id).order_by(ChainBatch.number.desc()).limit(1)
    return session.scalars(query).one_or_none()


def _leaves(session: Session, query: Select[Any]) -> Iterator[bytes]:
    found = session.connection().execute(query, execution_options={"yield_per": READ_AT_ONCE})
    for portion in found.partitions():
        yield from map(itemgetter(0), portion)
