"""How far every purse can be raised before the method of equal shares could buy anything else.

While a run takes the same turns (buys the same topics in the same order, the same voters giving all they have), every
amount in it changes evenly with the purse: it is purse · x + y. So does the distance of each comparison from turning
out otherwise. Two runs, a step apart, that took the same turns give two points of every such line, and where the first
of them crosses zero is where the next turn may differ; before that all purses buy the same.
"""

from collections.abc import Iterator

from patronage.ballots.counting.buying import Run


def reach(first: Run, second: Run) -> int:
    """Return how many steps after `first` it surely still buys the same, `second` being one step after it.

    1 if they took different turns: nothing is known then beyond `second` itself. Both must have been watched.
    """
    if not _same_shape(first, second):
        return 1
    farthest: int | None = None
    for before, after in _distances(first, second):
        if before == after:
            continue
        if before * after < 0:
            return 1
        now, then = abs(before), abs(after)
        if then < now:
            steps = (now - 1) // (now - then)  # the last whole number of steps that leaves some of the distance
            farthest = steps if farthest is None else min(farthest, steps)
    return max(farthest or 1, 1)


def _same_shape(first: Run, second: Run) -> bool:
    return (
        first.slate == second.slate
        and [(look.step, look.at, look.payers) for look in first.looks]
        == [(look.step, look.at, look.payers) for look in second.looks]
        and [rivals.keys() for rivals in first.rivals] == [rivals.keys() for rivals in second.rivals]
    )


def _distances(first: Run, second: Run) -> Iterator[tuple[int, int]]:
    """Every comparison of both runs as two numbers of one unit, whose signs say how it turned out."""
    for one, other in zip(first.looks, second.looks, strict=True):
        for before, after in zip(one.slacks, other.slacks, strict=True):
            yield before * other.unit, after * one.unit
    for then, now in zip(first.rivals, second.rivals, strict=True):
        least, lowest = min(then.values()), min(now.values())
        for at, ratio in then.items():
            before_, after_ = ratio - least, now[at] - lowest
            yield before_.numerator * after_.denominator, after_.numerator * before_.denominator
