"""Who goes first among equals: positions in the order a seed gave them, and what is kept of a tie."""

from collections.abc import Mapping, Sequence

from patronage.ballots.tally import tie_key


def by_seed(topics: Mapping[int, int], seed: str) -> tuple[int, ...]:
    """Return the positions of `topics` (position → topic id) by SHA-256(seed ‖ topic id): the first wins a tie."""
    return tuple(sorted(topics, key=lambda position: tie_key(seed, topics[position])))


def note_tie(ties: list[tuple[int, ...]], equal: Sequence[int]) -> None:
    """Add `equal` (who stood equal for one decision, in the order of ties) to `ties`, unless it repeats the last one.

    Of three that are equal one is taken, and two are often still equal: that is the same tie, told once.
    """
    if len(equal) > 1 and not (ties and set(equal) < set(ties[-1])):
        ties.append(tuple(equal))
