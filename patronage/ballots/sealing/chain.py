"""The chain: the leaves of ballots sealed in batches, one an hour, each head taken over the head before it.

A batch is made every hour whether anybody voted or not, and its head is salted, so that neither their number nor the
heads tell anything of how many voted. Formats (docs/2_a_round.md):

    root = SHA-256 of the leaves as lower-case hex, sorted, each followed by a line feed
    head = SHA-256 of "round:number:head before:root:salt", numbers decimal, the others hex
"""

import hashlib
import secrets
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from operator import itemgetter
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from patronage.ballots.models import BallotEvent, ChainBatch, Round
from patronage.foundation import jobs
from patronage.foundation.streaming import portions

SEAL_JOB = "ballots/seal"
EVERY = timedelta(hours=1)
LEAF_BYTES, SALT_BYTES = 32, 16
LINE_FEED = "\n"
LINES_AT_ONCE = 20_000


def arrange(session: Session, round_id: int, now: datetime) -> None:
    """Have the worker seal the round at the next full hour."""
    due = now.replace(minute=0, second=0, microsecond=0) + EVERY
    jobs.put(session, SEAL_JOB, {"round": round_id}, due, once=f"{SEAL_JOB}:{round_id}:{due:%Y-%m-%dT%H}")


@dataclass(frozen=True)
class Roots:
    """All leaves of a round, read once: how many, the `root` over all of them, and the root of each batch by number.

    Under the number after the last batch stand those that are in none yet.
    """

    leaves: int
    root: bytes
    of_batch: dict[int, bytes]


def seal(session: Session, round_: Round, now: datetime) -> ChainBatch:
    """Seal what was cast since the last batch, be it nothing; return the new batch.

    Must run under the lock of the round. No ballot is cast under it, and a cast takes its event's number after it took
    the lock: so every event of this round that will ever be numbered up to `upto` is there to be seen.
    """
    last, upto = _last(session, round_.id), _latest_event(session)
    query = select(BallotEvent.leaf).where(BallotEvent.round_id == round_.id, BallotEvent.seq <= upto)
    query = query.where(BallotEvent.seq > (last.upto if last else 0)).order_by(BallotEvent.leaf)
    return _write(session, round_, last, root_of(_leaves(session, query)), upto, now)


def seal_rest(session: Session, round_: Round, now: datetime) -> Roots:
    """Seal what is left when the round closes, as `seal` does; return the roots, which takes one reading for both."""
    last, found = _last(session, round_.id), roots(session, round_.id)
    number = last.number + 1 if last else 1
    _write(session, round_, last, found.of_batch.get(number, root_of(())), _latest_event(session), now)
    return found


def roots(session: Session, round_id: int) -> Roots:
    """Read all leaves of a round in their order, so that those of each batch come in order as well."""
    ends = [batch.upto for batch in batches(session, round_id)]
    event = BallotEvent.__table__.c
    query = select(event.leaf, event.seq).where(event.round_id == round_id).order_by(event.leaf)
    every, of_batch, many = hashlib.sha256(), defaultdict[int, Any](hashlib.sha256), 0
    for portion in portions(session, query):
        parted = defaultdict[int, list[bytes]](list)
        for leaf, seq in portion:
            parted[bisect_left(ends, seq) + 1].append(leaf)
        for number, part in parted.items():
            of_batch[number].update(_lines(part))
        every.update(_lines(leaf for leaf, _seq in portion))
        many += len(portion)
    return Roots(many, every.digest(), {number: digest.digest() for number, digest in of_batch.items()})


def _write(
    session: Session, round_: Round, last: ChainBatch | None, root: bytes, upto: int, now: datetime
) -> ChainBatch:
    number, before = (last.number + 1, last.head) if last else (1, genesis(round_))
    salt = secrets.token_bytes(SALT_BYTES)
    head = head_of(round_.id, number, before, root, salt)
    batch = ChainBatch(round_id=round_.id, number=number, root=root, head=head, salt=salt, upto=upto, sealed_at=now)
    session.add(batch)
    session.flush()
    return batch


def _latest_event(session: Session) -> int:
    return session.scalar(select(func.max(BallotEvent.seq))) or 0


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
    while lines := _lines(islice(waiting, LINES_AT_ONCE)):
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
    wrong, before, sealed = [], genesis(round_), batches(session, round_.id)
    if len(sealed) + 1 in found.of_batch:
        wrong.append("ballots were cast that are in no sealed batch")
    for number, batch in enumerate(sealed, start=1):
        if batch.number != number or batch.root != found.of_batch.get(number, root_of(())):
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
    for portion in portions(session, query):
        yield from map(itemgetter(0), portion)
