"""Ids as they stand in addresses: whole numbers that fit into the database, anything else is no id."""

from flask import Flask
from werkzeug.routing import IntegerConverter

LARGEST = 2**63 - 1


class IdConverter(IntegerConverter):
    """`<int:…>` in a route: a number no row can have is a page that is not there, not a fault of ours."""

    def __init__(self, *given: object, **named: object) -> None:
        super().__init__(*given, **{"max": LARGEST, **named})  # type: ignore[arg-type]  # passed through as given


def read_ids(app: Flask) -> None:
    """Have the routes of `app`, which are added later, take only ids that can be."""
    app.url_map.converters["int"] = IdConverter


def read(typed: str) -> int:
    """Read an id out of a query (`request.args.get("before", type=ids.read)`). Raises `ValueError`."""
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= len(str(LARGEST))) or int(typed) > LARGEST:
        raise ValueError(f"{typed[:40]!r} is no id")
    return int(typed)
