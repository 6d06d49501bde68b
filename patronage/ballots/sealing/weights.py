"""Weighted counts: every ballot as often as it weighs, and which of these sums may be told.

The plain count stands beside, so the sum of a topic tells what the ballots that weigh more ticked. It is hidden where
those are so few that it would tell how a handful of people voted.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

LEAST = 10


@dataclass(frozen=True)
class Weighing:
    """The sum of weights by position; ballots of each weight, and how many of them ticked each position."""

    votes: dict[int, int]
    ballots: dict[int, int]
    ticked: dict[int, Counter[int]]

    @classmethod
    def read(cls, weighed: Iterable[tuple[str, int, int]], positions: Iterable[int]) -> "Weighing":
        """Read (choices, weight, how many ballots), streamed."""
        ballots: defaultdict[int, int] = defaultdict(int)
        ticked: defaultdict[int, Counter[int]] = defaultdict(Counter)
        for choices, weight, many in weighed:
            ballots[weight] += many
            for position in choices.split(",") if choices else ():
                ticked[weight][int(position)] += many
        votes = {
            position: sum(weight * counted[position] for weight, counted in ticked.items())
            for position in sorted(positions)
        }
        return cls(votes, dict(ballots), dict(ticked))

    def shown(self, position: int) -> int | None:
        """Return the sum of weights of `position`, or None where it would tell of fewer than ten ballots."""
        tells = (self._tells_of_few(weight, position) for weight in self.ballots)
        return None if len(self.ballots) > 1 and any(tells) else self.votes[position]

    def _tells_of_few(self, weight: int, position: int) -> bool:
        ballots, ticked = self.ballots[weight], self.ticked.get(weight, Counter())[position]
        return ballots < LEAST or 0 < ticked < LEAST or 0 < ballots - ticked < LEAST
