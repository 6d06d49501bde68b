"""The fair slate: sequential Phragmén; places are filled one at a time, next for whoever has had least so far.

Rule "phragmen", version 1. Every topic on the slate is a load of one, shared by those who ticked it so that they all
end at the same load; the next place goes to the topic whose voters end lowest, none to a topic that nobody ticked:

    load(topic) = (1 + Σ load of each voter who ticked it) / number of voters who ticked it

Source: Brill, Freeman, Janson, Lackner, “Phragmén's voting methods and justified representation”, Mathematical
Programming 203 (2024); Lackner & Skowron, “Multi-Winner Voting with Approval Preferences” (Springer, 2023), rule 8.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from patronage.ballots.counting.profile import Profile
from patronage.ballots.counting.standing import by_seed, note_tie

RULE = "phragmen"
RULE_VERSION = 1


@dataclass(frozen=True)
class Order:
    """Positions in the order in which places were filled, and who was `tied` for one of them.

    `loads` holds the load each choice brought its voters to, ascending. The slate of fewer places is a prefix:
    `order[:k]`. A tie is listed once, in the order of ties.
    """

    order: tuple[int, ...]
    ties: tuple[tuple[int, ...], ...]
    loads: tuple[Fraction, ...]


def order(profile: Profile, topics: Mapping[int, int], places: int, seed: str) -> Order:
    """Fill `places` from `topics` (position → topic id), ties by the seed.

    Fewer are filled only where every topic that anybody ticked has one.
    """
    return filled(profile, places, by_seed(topics, seed))


def filled(profile: Profile, places: int, standing: Sequence[int]) -> Order:
    """Fill `places` from the positions in `standing`; among equals the one that stands first in it wins."""
    count = _Count(profile)
    open_ = [position for position in standing if profile.votes[position]]
    chosen: list[int] = []
    ties: list[tuple[int, ...]] = []
    loads: list[Fraction] = []
    while open_ and len(chosen) < places:
        load = {position: count.load(profile.place(position)) for position in open_}
        least = min(load.values())
        equal = [position for position in open_ if load[position] == least]
        note_tie(ties, equal)
        chosen.append(equal[0])
        loads.append(least)
        open_.remove(equal[0])
        count.choose(profile.place(equal[0]), least)
    return Order(tuple(chosen), tuple(ties), tuple(loads))


class _Count:
    """Loads so far, in whole numbers of 1 / `unit`.

    All voters whose last choice came in the same step carry the same load, so each class of ballots only needs to know
    that step.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile, self.unit = profile, 1
        self.steps = [0]  # the load of those whose last choice came in step i; in step 0 nobody has one
        self.last_step = [0] * len(profile.counts)
        self.votes = [profile.votes[position] for position in profile.positions]
        self.carried = [0] * len(self.votes)  # by place: the loads of all who ticked it

    def load(self, place: int) -> Fraction:
        """Return the load that the voters of `place` would end at."""
        return Fraction(self.unit + self.carried[place], self.votes[place] * self.unit)

    def choose(self, place: int, load: Fraction) -> None:
        """Bring all voters of `place` to `load`."""
        finer = lcm(self.unit, load.denominator) // self.unit
        self.unit *= finer
        self.steps = [before * finer for before in self.steps]
        self.carried = [carried * finer for carried in self.carried]
        brought = load.numerator * (self.unit // load.denominator)
        for before, ticks in self._moved(place).items():
            more = brought - self.steps[before]
            for tick, ballots in ticks.items():
                self.carried[tick] += more * ballots
        self.steps.append(brought)

    def _moved(self, place: int) -> dict[int, dict[int, int]]:
        """Note the next step for all who ticked `place`; return their ticks, by last step: place → ballots."""
        profile, last_step, step = self.profile, self.last_step, len(self.steps)
        ticks, starts, counts = profile.ticks, profile.starts, profile.counts
        moved: defaultdict[int, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
        for number in profile.holders[place]:
            held, ballots = moved[last_step[number]], counts[number]
            last_step[number] = step
            for tick in ticks[starts[number] : starts[number + 1]]:
                held[tick] += ballots
        return dict(moved)
