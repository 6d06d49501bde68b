"""Who a slate leaves with nothing, and whether it keeps the promise of the fair slate.

The promise: if at least 1 in k voters ticked the same topic, they are not all left with nothing (justified
representation; Aziz et al., “Justified representation in approval-based committee voting”, 2017). It can be checked
of any slate, whoever made it. A voter here is a ballot with a tick: a blank ballot asked for nothing, and handing in
more of them makes it neither easier nor harder to keep the promise.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from patronage.ballots.counting.profile import Profile


@dataclass(frozen=True)
class LeftOut:
    """The largest group of voters who share a topic that was not chosen and hold none that was.

    `voters` is how many they are, `position` what they share; nobody and None where there is no such group.
    """

    voters: int
    position: int | None

    def keeps_promise(self, asking: int, places: int) -> bool:
        """Tell whether they are too few of `asking` voters to be owed one of `places`: fewer than 1 in `places`."""
        return self.voters == 0 or self.voters * places < asking


@dataclass(frozen=True)
class Badge:
    """Whether a slate keeps the promise: `left_out` is below `of` voters / `places`."""

    holds: bool
    left_out: LeftOut
    of: int
    places: int

    @property
    def bound(self) -> Fraction:
        """How many voters are enough to be owed something."""
        return Fraction(self.of, self.places)


@dataclass(frozen=True)
class Nothing:
    """How many voters got none of the topics they ticked, `of` how many."""

    voters: int
    of: int

    @property
    def share(self) -> Fraction:
        """Which part of the voters that is."""
        return Fraction(self.voters, self.of) if self.of else Fraction(0)


def badge(profile: Profile, slate: Iterable[int], places: int) -> Badge:
    """Tell whether `slate` keeps the promise for `places` (at least one), which may be more than it fills."""
    group = left_out(profile, slate)
    return Badge(group.keeps_promise(profile.asking, places), group, profile.asking, places)


def left_out(profile: Profile, slate: Iterable[int]) -> LeftOut:
    """Return the largest group without a chosen topic that shares one; among equal groups, of the lowest position."""
    left = _without(profile, slate)
    groups = (
        LeftOut(sum(map(left.__getitem__, profile.holders[place])), position)
        for place, position in enumerate(profile.positions)
    )
    largest = max(groups, key=lambda group: group.voters, default=LeftOut(0, None))
    return largest if largest.voters else LeftOut(0, None)


def with_nothing(profile: Profile, slate: Iterable[int]) -> Nothing:
    """Return how many voters got none of the topics they ticked."""
    return Nothing(sum(_without(profile, slate)), profile.asking)


def _without(profile: Profile, slate: Iterable[int]) -> "array[int]":
    """Return for every class how many of its ballots hold nothing of `slate`: all or none."""
    left = profile.counts[:]
    for position in slate:
        for number in profile.holders[profile.place(position)]:
            left[number] = 0
    return left
