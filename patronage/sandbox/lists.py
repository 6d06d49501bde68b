"""Lists: newest first, a page at a time, by cursor."""

import json
from collections.abc import Sequence
from typing import Any

from patronage.sandbox.errors import invalid, missing
from patronage.sandbox.objects import refuse_unsupported
from patronage.sandbox.store import INVOICE_SUBSCRIPTION, PAID_INTENT, Json, Tx

LONGEST = 100  # entries on a page
COMMON = ("created", "ending_before", "expand", "limit", "starting_after")
# Filters that name an object, which must exist (though it may be deleted).
REFERENCES = {
    "charge": "charge",
    "customer": "customer",
    "invoice": "invoice",
    "payment_intent": "payment_intent",
    "product": "product",
    "subscription": "subscription",
    "test_clock": "test_helpers.test_clock",
    INVOICE_SUBSCRIPTION: "subscription",
    PAID_INTENT: "payment_intent",
}
COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def page(  # noqa: PLR0913  a list has this many sides
    tx: Tx,
    kind: str,
    params: Json,
    url: str,
    equal: Sequence[str] = (),
    where: str = "",
    values: Sequence[Any] = (),
    asked: Sequence[str] = (),
) -> Json:
    """One page of objects of a kind.

    `equal` names the parameters that must equal the object's field of the same name (dots reach into it);
    `where` is more SQL over `objects`, with its `values`, and answers the parameters `asked`.
    Raises StripeError for any other parameter, and where one names an object that there is not.
    """
    refuse_unsupported(params, {*COMMON, *equal, *asked})
    clauses, bound = ["object = ?"], [kind]
    for name in equal:
        if name in params:
            _check_reference(tx, name, params[name])
            clauses.append(f"json_extract(body, '$.{name}') = ?")
            bound.append(params[name])
    if where:
        clauses.append(where)
        bound.extend(values)
    return select(tx, "objects", clauses, bound, params, url, kind)


def _check_reference(tx: Tx, name: str, id: Any) -> None:
    if name not in REFERENCES:
        return
    found = tx.get(id)
    if found is None or found["object"] != REFERENCES[name]:
        raise missing(REFERENCES[name], id, name.rpartition(".")[2])


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
    backwards = _backwards(params)
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


def whole(data: list[Json], params: Json, url: str) -> Json:
    """A page out of a list that another object holds, in its own order."""
    ids = [entry["id"] for entry in data]
    backwards = _backwards(params)
    for name in ("starting_after", "ending_before"):
        if name in params and params[name] not in ids:
            raise missing(data[0]["object"] if data else "item", params[name], name)
    if "starting_after" in params:
        data = data[ids.index(params["starting_after"]) + 1 :]
    if backwards:
        data = data[: ids.index(params["ending_before"])]
    limit = page_size(params)
    shown = data[-limit:] if backwards else data[:limit]
    return {"object": "list", "data": shown, "has_more": len(data) > limit, "url": url}


def _backwards(params: Json) -> bool:
    if "ending_before" in params and "starting_after" in params:
        message = "You may only specify one of these parameters: ending_before, starting_after."
        raise invalid(message, "ending_before")
    return "ending_before" in params


def page_size(params: Json) -> int:
    """The `limit` asked for, 1 to 100, 10 when none is."""
    limit = int(params.get("limit", 10))
    if limit < 1 or limit > LONGEST:
        bound = f"less than or equal to {LONGEST}" if limit > LONGEST else "greater than or equal to 1"
        message = f"This value must be {bound} (it currently is '{limit}')."
        raise invalid(message, "limit", "parameter_invalid_integer")
    return limit


def _add_created(clauses: list[str], bound: list[Any], created: int | Json | None) -> None:
    if isinstance(created, int):
        created = {"gte": created, "lte": created}
    for name, moment in (created or {}).items():
        clauses.append(f"created {COMPARISONS[name]} ?")
        bound.append(moment)


def _cursor(tx: Tx, table: str, kind: str, id: str, param: str) -> int:
    statement = f"SELECT seq, body FROM {table} WHERE id = ?"  # noqa: S608  the table is named by code
    row = tx.sql(statement, (id,)).fetchone()
    if row is None or json.loads(row["body"])["object"] != kind:
        raise missing(kind, id, param)
    return int(row["seq"])
