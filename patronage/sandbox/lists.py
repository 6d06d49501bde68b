"""Lists: newest first, a page at a time, by cursor."""

import json
from collections.abc import Sequence
from typing import Any

from patronage.sandbox.errors import invalid, missing
from patronage.sandbox.store import Json, Tx

COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def page(
    tx: Tx,
    kind: str,
    params: Json,
    url: str,
    equal: Sequence[str] = (),
    where: str = "",
    values: Sequence[Any] = (),
) -> Json:
    """One page of objects of a kind.

    `equal` names the parameters that must equal the object's field of the same name (dots reach into it);
    `where` is more SQL over `objects`, with its `values`.
    """
    clauses, bound = ["object = ?"], [kind]
    for name in equal:
        if name in params:
            clauses.append(f"json_extract(body, '$.{name}') = ?")
            bound.append(params[name])
    if where:
        clauses.append(where)
        bound.extend(values)
    return select(tx, "objects", clauses, bound, params, url, kind)


def select(  # noqa: PLR0913  a list has this many sides
    tx: Tx,
    table: str,
    clauses: list[str],
    bound: list[Any],
    params: Json,
    url: str,
    kind: str,
    shown: str = "body",
) -> Json:
    """A page out of a table of (seq, id, created, body) rows, under SQL clauses and the common list parameters."""
    limit = page_size(params)
    _add_created(clauses, bound, params.get("created"))
    backwards = "ending_before" in params
    for name, sign in (("starting_after", "<"), ("ending_before", ">")):
        if name in params:
            clauses.append(f"seq {sign} ?")
            bound.append(_cursor(tx, table, kind, params[name], name))
    order = "ASC" if backwards else "DESC"
    where = " AND ".join(clauses)
    statement = f"SELECT {shown} FROM {table} WHERE {where} ORDER BY seq {order} LIMIT {limit + 1}"  # noqa: S608  all from code
    rows = [json.loads(row["body"]) for row in tx.sql(statement, bound)]
    data = rows[:limit]
    return {
        "object": "list",
        "data": data[::-1] if backwards else data,
        "has_more": len(rows) > limit,
        "url": url,
    }


def page_size(params: Json) -> int:
    """The `limit` asked for, 1 to 100, 10 when none is."""
    limit = int(params.get("limit", 10))
    if limit > 100:
        raise invalid(f"This value must be less than or equal to 100 (it currently is '{limit}').", "limit")
    if limit < 1:
        raise invalid(f"This value must be greater than or equal to 1 (it currently is '{limit}').", "limit")
    return limit


def _add_created(clauses: list[str], bound: list[Any], created: int | Json | None) -> None:
    if isinstance(created, int):
        created = {"gte": created, "lte": created}
    for name, moment in (created or {}).items():
        clauses.append(f"created {COMPARISONS[name]} ?")
        bound.append(moment)


def _cursor(tx: Tx, table: str, kind: str, id: str, param: str) -> int:
    statement = f"SELECT seq FROM {table} WHERE id = ?"  # noqa: S608  the table is named by code
    row = tx.sql(statement, (id,)).fetchone()
    if row is None:
        raise missing(kind, id, param)
    return int(row["seq"])
