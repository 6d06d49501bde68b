"""Approval ballots in a compact form: what every rule counts.

A profile keeps positions as two bytes each, so that a million different ballots of five ticks take some 25 MB. Ballots
that are alike may come as one class or as several; no rule's outcome depends on that, nor on their order.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from patronage.ballots.tally import NotOnTheBallot

MOST_POSITIONS = 65_535  # what two bytes can tell apart


@dataclass(frozen=True, eq=False)
class Profile:
    """Ballots over `positions` (ascending): `cast` counts all of them, `blank` those without a tick.

    The rest is how they are kept: class i holds the places (indices into `positions`) from `starts[i]` to
    `starts[i + 1]` of `ticks`, and stands for `counts[i]` ballots. Blank ballots are in no class.
    """

    positions: tuple[int, ...]
    cast: int
    blank: int
    ticks: "array[int]"
    starts: "array[int]"
    counts: "array[int]"

    @classmethod
    def read(cls, grouped: Iterable[tuple[str, int]], positions: Iterable[int]) -> "Profile":
        """Read `grouped` ballots ((choices such as "2,11,23", how many)); weights are already multiplied in.

        Reads in one pass and keeps nothing else, so ballots may be streamed. Raises `NotOnTheBallot` for a position
        that is not among `positions`, or stands twice in one ballot; `ValueError` for fewer than no ballots.
        """
        asked = tuple(sorted(positions))
        place = {str(position): index for index, position in enumerate(asked)}
        return cls.gathered(((_places(choices, place), ballots) for choices, ballots in grouped), asked)

    @classmethod
    def gathered(cls, ballots: Iterable[tuple[Sequence[int], int]], positions: tuple[int, ...]) -> "Profile":
        """Gather `ballots` ((different places in the ascending `positions`, how many)) in one pass."""
        if len(positions) > MOST_POSITIONS:
            raise ValueError(f"more than {MOST_POSITIONS} topics cannot be counted")
        ticks, starts, counts = array("H"), array("I", [0]), array("q")
        cast = blank = 0
        for places, number in ballots:
            if number < 0:
                raise ValueError("there cannot be fewer than no ballots")
            cast += number
            if not places:
                blank += number
                continue
            ticks.extend(places)
            starts.append(len(ticks))
            counts.append(number)
        return cls(positions, cast, blank, ticks, starts, counts)

    @property
    def asking(self) -> int:
        """How many ballots ticked something."""
        return self.cast - self.blank

    def classes(self) -> Iterator[tuple[tuple[int, ...], int]]:
        """Every class as (positions as ticked, how many ballots), blank ones not among them."""
        positions, ticks = self.positions, self.ticks
        for (begin, end), ballots in zip(pairwise(self.starts), self.counts, strict=True):
            yield tuple(positions[place] for place in ticks[begin:end]), ballots

    @cached_property
    def votes(self) -> dict[int, int]:
        """How many ballots ticked each position."""
        counts = self.counts
        return {
            position: sum(map(counts.__getitem__, held))
            for position, held in zip(self.positions, self.holders, strict=True)
        }

    @cached_property
    def holders(self) -> "list[array[int]]":
        """For each place, the numbers of the classes that ticked it, ascending."""
        held: list[array[int]] = [array("I") for _ in self.positions]
        for number, (begin, end) in enumerate(pairwise(self.starts)):
            for place in self.ticks[begin:end]:
                held[place].append(number)
        return held

    def place(self, position: int) -> int:
        """Return where `position` stands among the positions."""
        return self._place_of[position]

    @cached_property
    def _place_of(self) -> dict[int, int]:
        return {position: place for place, position in enumerate(self.positions)}

    def both(self, one: int, other: int) -> int:
        """Return how many ballots ticked both positions."""
        held = sorted((self.holders[self.place(one)], self.holders[self.place(other)]), key=len)
        return sum(map(self.counts.__getitem__, set(held[0]).intersection(held[1])))


def _places(choices: str, place: dict[str, int]) -> list[int]:
    if not choices:
        return []
    named = choices.split(",")
    try:
        places = [place[position] for position in named]
    except KeyError as stranger:
        raise NotOnTheBallot(f"a ballot names a position that is not on it: {stranger.args[0][:50]}") from None
    if len(set(places)) != len(places):
        raise NotOnTheBallot(f"a ballot names a position twice: {choices[:200]}")
    return places
