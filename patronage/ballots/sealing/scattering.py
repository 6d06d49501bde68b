"""Has ballots and reasons lie where nothing tells when they were written, or together with what.

PostgreSQL keeps with each row the transaction that wrote it (`xmin`) and lays rows down in the order of writing. A
ballot and the note that its voter has voted are one transaction, so these two would join them without any key. Hence
they are laid down anew, in the order of their tokens and lots: every hour those that are new, at closing all of them.
SQLite keeps neither, and its tables of ballots, voters and reasons lie in the order of their keys.
"""

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from patronage.ballots.models import Ballot, Electorate

FEW = 10  # so many ballots at least lie together
ALL_AT_ONCE = 200_000  # 3.4 s with their voters; of a larger round the hours have made crowds already

# A crowd is what one scattering has laid down; a ballot cast since then was written by a transaction of its own.
_NEW = """CAST(xmin AS text) NOT IN (
    SELECT CAST(xmin AS text) FROM ballot WHERE round_id = :round GROUP BY 1 HAVING count(*) >= :few)"""
# What is new in a very large round at closing, among one in eight of all ballots, by lot.
_AMONG_OTHERS = f"(get_byte(token, 0) < 32 OR {_NEW})"
_AGAIN = """
WITH taken AS (DELETE FROM {table} WHERE round_id = :round AND {those} RETURNING *)
INSERT INTO {table} SELECT * FROM taken ORDER BY {order}"""


def scatter_new(session: Session, round_id: int) -> None:
    """Scatter the ballots of an open round that are new, unless they are too few to hide one another; and its reasons.

    Must run under the lock of the round.
    """
    if _is_postgresql(session):
        new = text(f"SELECT count(*) FROM ballot WHERE round_id = :round AND {_NEW}")  # noqa: S608 - words of our own
        if session.execute(new, {"round": round_id, "few": FEW}).scalar_one() >= FEW:
            _lay_down(session, round_id, "ballot", "token", _NEW)
        _lay_down(session, round_id, "round_reason", "id")


def scatter(session: Session, round_id: int) -> None:
    """Scatter all ballots and reasons of a round that is being closed, and forget how many reasons each voter gave.

    Voters are laid down anew as well, so that their rows do not tell who came when, and which leaf of the published
    list was theirs; of a very large round they are left. Must run under the lock of the round.
    """
    wrote = (Electorate.round_id == round_id, Electorate.reasons > 0)
    session.execute(update(Electorate).where(*wrote).values(reasons=0))
    if _is_postgresql(session):
        many = session.scalar(select(func.count()).where(Ballot.round_id == round_id)) or 0
        _lay_down(session, round_id, "ballot", "token", _AMONG_OTHERS if many > ALL_AT_ONCE else "true")
        if many <= ALL_AT_ONCE:
            _lay_down(session, round_id, "electorate", "person_id", "voted")
        _lay_down(session, round_id, "round_reason", "id")


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _lay_down(session: Session, round_id: int, table: str, order: str, those: str = "true") -> None:
    """Delete `those` rows and insert them again in `order`, in one statement: sorting ends after deleting has."""
    session.flush()
    parameters = {"round": round_id, "few": FEW} if ":few" in those else {"round": round_id}
    session.execute(text(_AGAIN.format(table=table, order=order, those=those)), parameters)
