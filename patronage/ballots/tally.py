"""Counts approval ballots: grouped ballots in, an exact outcome out; no database, no clock, no floats.

Rule "approval", version 1: every ballot approves any number of topics up to the round's limit; the topics are ranked
by how many ballots ticked them; topics with equally many are ordered by SHA-256(seed ‖ topic), the seed being drawn and
its hash published before voting began; the first `places` topics that anybody ticked are chosen.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

RULE = "approval"
RULE_VERSION = 1


class NotOnTheBallot(ValueError):
    """A ballot names a position the round does not have, or names one twice: the store is damaged."""


@dataclass(frozen=True)
class Decided:
    """What votes decide: the `ranking` of positions, `ties` in it, and the chosen `slate`.

    A tie is a run of at least two positions with equally many votes, in the order the seed gave them.
    """

    ranking: tuple[int, ...]
    ties: tuple[tuple[int, ...], ...]
    slate: tuple[int, ...]


@dataclass(frozen=True)
class Outcome(Decided):
    """What came of a round: also the `votes` by position; `cast` counts all ballots, `blank` those without a tick."""

    cast: int
    blank: int
    votes: Mapping[int, int]

    def share(self, position: int) -> Fraction:
        """Return which part of all ballots ticked `position`; the shares of a round add to more than one."""
        return Fraction(self.votes[position], self.cast) if self.cast else Fraction(0)


def approval(grouped: Iterable[tuple[str, int]], topics: Mapping[int, int], places: int, seed: str) -> Outcome:
    """Count `grouped` ballots ((choices such as "2,11,23", how many)) over `topics` (position → topic id).

    A million different ballots are read in one pass, so they may be streamed. Raises `NotOnTheBallot`.
    """
    ticked: defaultdict[str, int] = defaultdict(int)  # twice as fast as a Counter, over millions of ticks
    cast = blank = 0
    for choices, ballots in grouped:
        cast += ballots
        if not choices:
            blank += ballots
            continue
        for position in choices.split(","):
            ticked[position] += ballots
    votes = _by_position(ticked, topics)
    return Outcome(**vars(decided(votes, topics, places, seed)), cast=cast, blank=blank, votes=votes)


def decided(votes: Mapping[int, int], topics: Mapping[int, int], places: int, seed: str) -> Decided:
    """Rank the positions, most `votes` (or weight) first, equal ones by SHA-256(seed ‖ topic id), and fill `places`."""
    ranking = tuple(sorted(votes, key=lambda position: (-votes[position], tie_key(seed, topics[position]))))
    slate = tuple(position for position in ranking[:places] if votes[position])
    return Decided(ranking, _ties(ranking, votes), slate)


def tie_key(seed: str, topic_id: int) -> str:
    """Return where a topic stands among equals: the hex SHA-256 of the seed's text followed by the decimal id."""
    return hashlib.sha256(f"{seed}{topic_id}".encode()).hexdigest()


def _by_position(ticked: Mapping[str, int], topics: Mapping[int, int]) -> dict[int, int]:
    names = {str(position): position for position in topics}
    strangers = sorted(set(ticked) - set(names))
    if strangers:
        raise NotOnTheBallot(f"ballots name positions that are not on the ballot: {', '.join(strangers)[:200]}")
    return {position: ticked.get(name, 0) for name, position in sorted(names.items(), key=lambda pair: pair[1])}


def _ties(ranking: tuple[int, ...], votes: Mapping[int, int]) -> tuple[tuple[int, ...], ...]:
    runs = (tuple(run) for _, run in groupby(ranking, key=lambda position: votes[position]))
    return tuple(run for run in runs if len(run) > 1)
