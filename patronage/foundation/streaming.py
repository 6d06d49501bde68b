"""Rows of a large answer, read in portions and past the ORM, so that a million of them neither fill memory nor wait."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVarTuple

from sqlalchemy import Row
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import TypedReturnsRows

READ_AT_ONCE = 20_000
Columns = TypeVarTuple("Columns")


def portions(
    session: Session, query: TypedReturnsRows[*Columns], parameters: Mapping[str, Any] | None = None
) -> Iterator[Sequence[Row[*Columns]]]:
    """Yield the rows of `query`, some thousands at once, none of them twice.

    The database's cursor stays open meanwhile: the transaction must last until everything was read.
    """
    found = session.connection().execute(query, parameters, execution_options={"yield_per": READ_AT_ONCE})
    yield from found.partitions()
