"""The raw ballots of a round, read in one order whatever the order of rows, and the digest that binds them.

digest = SHA-256 of the lines "token:version:choices:weight", each with a line feed, in the order of tokens (hex)
"""

import hashlib
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.ballots.models import Ballot
from patronage.foundation.streaming import portions

Cast = tuple[bytes, int, str, int]  # token, version, choices, weight


class Ballots:
    """The ballots of one round in the order of their tokens; once all were read, `digest` binds every one of them."""

    def __init__(self, session: Session, round_id: int) -> None:
        self._session, self._round_id = session, round_id
        self._digest = hashlib.sha256()

    def __iter__(self) -> Iterator[Cast]:
        """Yield each ballot, read in portions."""
        ballot = Ballot.__table__.c
        query = select(ballot.token, ballot.version, ballot.choices, ballot.weight)
        query = query.where(ballot.round_id == self._round_id).order_by(ballot.token)
        for portion in portions(self._session, query):
            lines = [f"{token.hex()}:{version}:{choices}:{weight}\n" for token, version, choices, weight in portion]
            self._digest.update("".join(lines).encode())
            yield from portion

    @property
    def digest(self) -> str:
        """The hex digest of what was read so far."""
        return self._digest.hexdigest()


def digest(session: Session, round_id: int) -> str:
    """Return the digest of all ballots of a round; it changes with any of them."""
    ballots = Ballots(session, round_id)
    for _ballot in ballots:
        pass
    return ballots.digest
