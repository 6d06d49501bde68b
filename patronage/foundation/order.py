"""Lists whose order somebody decides by moving one thing at a time."""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

Thing = TypeVar("Thing")


class Placed(Protocol):
    """A row that knows its place."""

    position: int


def moved(order: Sequence[Thing], thing: Thing, by: int) -> list[Thing]:
    """Return `order` with `thing` moved by `by` places; at either end it stays, and what is not there moves nothing."""
    if thing not in order:
        return list(order)
    rest = [each for each in order if each != thing]
    rest.insert(min(max(order.index(thing) + by, 0), len(rest)), thing)
    return rest


def number(rows: Iterable[Placed]) -> None:
    """Write down the place of each row, counted from 0."""
    for position, row in enumerate(rows):
        row.position = position
