"""How sure the order of two topics is, and how few ballots would have turned it.

Both topics were judged by the same voters, so the margin is paired (McNemar's test, with the correction for a finite
electorate): of N who may vote m voted, b ticked A and not B, c ticked B and not A, and

    z = (b − c) / √((b + c) · (N − m) / (N − 1))

It speaks of voting patrons had those who stayed away ticked alike, not of readers. All of it is compared in integers.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from patronage.ballots.counting.profile import Profile

CLEAR = Fraction(196, 100) ** 2  # 95 %, squared


class Verdict(StrEnum):
    """What can be said of the order of two topics."""

    CLEAR = "clear"
    CLOSE = "too close to call"
    DECIDED = "decided"  # everybody voted: by so many ballots, and no doubt about it
    EQUAL = "equal"  # everybody voted, and both have equally many


@dataclass(frozen=True)
class Margin:
    """Topic `a` beside topic `b`: how many ticked only the one, only the other; the verdict."""

    a: int
    b: int
    only_a: int
    only_b: int
    verdict: Verdict

    @property
    def ballots(self) -> int:
        """How many ballots `a` is ahead of `b`; negative if behind."""
        return self.only_a - self.only_b


@dataclass(frozen=True)
class Flip:
    """How few ballots turn places k and k + 1: so many new ones, or so many that change from one to the other."""

    above: int
    below: int
    extra: int
    switched: int


def between(profile: Profile, a: int, b: int, eligible: int) -> Margin:
    """Return the margin of position `a` over `b`; `eligible` counts who may vote, whether or not they did.

    For ballots of one vote each: a weight is no second voter.
    """
    both = profile.both(a, b)
    only_a, only_b = profile.votes[a] - both, profile.votes[b] - both
    return Margin(a, b, only_a, only_b, _verdict(only_a, only_b, eligible, profile.cast))


def _verdict(only_a: int, only_b: int, eligible: int, voted: int) -> Verdict:
    away = eligible - voted
    if away <= 0:
        return Verdict.EQUAL if only_a == only_b else Verdict.DECIDED
    if only_a == only_b:
        return Verdict.CLOSE
    squared = Fraction((only_a - only_b) ** 2 * (eligible - 1), (only_a + only_b) * away)
    return Verdict.CLEAR if squared >= CLEAR else Verdict.CLOSE


def to_flip(profile: Profile, ranking: tuple[int, ...], places: int) -> Flip | None:
    """Return how few ballots turn the last place and the first without one; None where every topic has a place."""
    if not 0 < places < len(ranking):
        return None
    above, below = ranking[places - 1], ranking[places]
    ahead = profile.votes[above] - profile.votes[below]
    return Flip(above, below, ahead + 1, ahead // 2 + 1)
