"""“Patrons of A also want B”: how often the foremost topics were ticked together, small groups hidden."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from patronage.ballots.counting.profile import Profile

FOREMOST = 10
FEWEST = 10


@dataclass(frozen=True)
class Pair:
    """Two topics that `both` ballots ticked; `votes_a`, `votes_b` and `cast` as in the result."""

    a: int
    b: int
    both: int
    votes_a: int
    votes_b: int
    cast: int

    @property
    def lift(self) -> Fraction:
        """How many times as often they were ticked together as if the one had nothing to do with the other."""
        return Fraction(self.both * self.cast, self.votes_a * self.votes_b)

    @property
    def of_a(self) -> Fraction:
        """Which part of those who ticked `a` also ticked `b`."""
        return Fraction(self.both, self.votes_a)

    @property
    def of_b(self) -> Fraction:
        """Which part of those who ticked `b` also ticked `a`."""
        return Fraction(self.both, self.votes_b)

    @property
    def overlap(self) -> Fraction:
        """Which part of those who ticked either ticked both."""
        return Fraction(self.both, self.votes_a + self.votes_b - self.both)


def pairs(profile: Profile, ranking: tuple[int, ...]) -> tuple[Pair, ...]:
    """Return the pairs among the first ten of `ranking`, highest lift first, then in the order of the ranking.

    Hidden is a pair that fewer than ten ticked, and one where fewer than ten, but somebody, ticked one without the
    other: either would tell what a handful of people want.
    """
    votes, foremost = profile.votes, ranking[:FOREMOST]
    every = (Pair(a, b, profile.both(a, b), votes[a], votes[b], profile.cast) for a, b in combinations(foremost, 2))
    return tuple(sorted((pair for pair in every if _may_show(pair)), key=lambda pair: -pair.lift))


def _may_show(pair: Pair) -> bool:
    alone = (pair.votes_a - pair.both, pair.votes_b - pair.both)
    return pair.both >= FEWEST and all(few == 0 or few >= FEWEST for few in alone)
