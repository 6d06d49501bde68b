"""One run of the method of equal shares: what voters buy together from purses that are all the same at first.

All money is counted in whole numbers over one common denominator, which grows with what has been bought.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from heapq import heappop, heappush
from math import gcd
from operator import mul

from patronage.ballots.counting.profile import Profile
from patronage.ballots.counting.purses import Purses
from patronage.ballots.counting.standing import note_tie

Offer = tuple[int, int]  # ρ as a whole number, rounded down, and where the topic stands among equals
FINE = 64  # bits of that number below one


@dataclass
class Look:
    """What one topic's price rested on, in units of 1 / `unit`, for `raising`: signs that must not change.

    `payers` counts who paid the equal part; for a topic nobody could afford it is 0 and `slacks` what was missing.
    """

    step: int
    at: int
    payers: int
    unit: int
    slacks: list[int]


@dataclass
class Run:
    """What a `purse` buys: positions in order, what they cost, ties; `everything` if nothing ticked is left.

    A run that exceeds the budget is broken off there. `looks` and `rivals` are filled for a watched run only: for
    each step, ρ of what was bought and of everything that could have been.
    """

    purse: Fraction
    slate: tuple[int, ...] = ()
    cost: int = 0
    ties: tuple[tuple[int, ...], ...] = ()
    everything: bool = False
    looks: list[Look] = field(default_factory=list)
    rivals: list[dict[int, Fraction]] = field(default_factory=list)


class Market:
    """Topics with their costs (whole numbers) and voters, for any number of runs."""

    def __init__(self, profile: Profile, costs: Mapping[int, int], standing: Sequence[int]) -> None:
        self.standing = [position for position in standing if profile.votes[position]]
        self.places = [profile.place(position) for position in self.standing]
        self.costs = [costs[position] for position in self.standing]
        self.votes = [profile.votes[position] for position in self.standing]
        self.purses = Purses(profile)

    def run(self, purse: Fraction, budget: int, *, watch: bool = False) -> Run:
        """Buy what every voter's `purse` allows."""
        return _Buying(self, purse, watch=watch).finished(budget)


class _Buying:
    def __init__(self, market: Market, purse: Fraction, *, watch: bool) -> None:
        self.market, self.watch, self.run = market, watch, Run(purse)
        self.unit, self.money = purse.denominator, [purse.numerator]  # money of each group, in 1 / unit
        self.parts: dict[int, tuple[int, int]] = {}  # the equal part as (numerator, payers), in 1 / unit
        self.least: dict[int, Fraction] = {}  # what is known of ρ: it is at least this
        self.bounds: list[Offer] = []
        for at, votes in enumerate(market.votes):
            missing = market.costs[at] * self.unit - votes * self.money[0]
            if missing > 0:
                self._note(Look(0, at, 0, self.unit, [missing]))
            else:
                self._bound(at, Fraction(1, votes))

    def finished(self, budget: int) -> Run:
        market, run = self.market, self.run
        bought: list[int] = []
        ties: list[tuple[int, ...]] = []
        while run.cost <= budget and (equal := self._cheapest(len(bought))):
            note_tie(ties, [market.standing[at] for at in equal])
            self._buy(len(bought), equal[0])
            bought.append(equal[0])
            run.cost += market.costs[equal[0]]
        run.slate = tuple(market.standing[at] for at in bought)
        run.ties, run.everything = tuple(ties), len(bought) == len(market.standing)
        return run

    def _cheapest(self, step: int) -> list[int]:
        """Return the topics with the least ρ, in the order of ties, and take the first of them off the market.

        ρ never falls while money is spent, so an earlier ρ is a lower bound, and most need not be computed again.
        """
        seen: dict[int, Fraction] = {}
        least: Fraction | None = None
        while self.bounds and (least is None or self.bounds[0][0] <= _whole(least)):
            at = heappop(self.bounds)[1]
            ratio = self._ratio(step, at)
            if ratio is not None:
                seen[at] = ratio
                least = ratio if least is None else min(least, ratio)
        if least is None:
            return []
        if self.watch:
            self.run.rivals.append(seen | {at: self.least[at] for _, at in self.bounds})
        equal = sorted(at for at, ratio in seen.items() if ratio == least)
        for at, ratio in seen.items():
            if at != equal[0]:
                self._bound(at, ratio)
        return equal

    def _bound(self, at: int, ratio: Fraction) -> None:
        self.least[at] = ratio
        heappush(self.bounds, (_whole(ratio), at))

    def _ratio(self, step: int, at: int) -> Fraction | None:
        """Return ρ of a topic, or None if those who ticked it cannot pay for it, now or later in this run."""
        market, money = self.market, self.money
        groups, numbers = market.purses.of(step, market.places[at])
        rest, payers = market.costs[at] * self.unit, market.votes[at]
        held = list(map(money.__getitem__, groups))
        if min(held) * payers < rest:
            missing = rest - sum(map(mul, held, numbers))
            if missing > 0:
                self._note(Look(step, at, 0, self.unit, [missing]))
                return None
            for amount, ballots in sorted(zip(held, numbers, strict=True)):
                if amount * payers >= rest:
                    break
                rest -= amount * ballots
                payers -= ballots
        self.parts[at] = (rest, payers)
        if self.watch:
            self._note(Look(step, at, payers, self.unit, [amount * payers - rest for amount in held]))
        return Fraction(rest, payers * market.costs[at] * self.unit)

    def _note(self, look: Look) -> None:
        if self.watch:
            self.run.looks.append(look)

    def _buy(self, step: int, at: int) -> None:
        rest, payers = self.parts[at]
        finer = payers // gcd(rest, payers)
        if finer > 1:
            self.unit *= finer
            self.money = [amount * finer for amount in self.money]
        part, money = rest * finer // payers, self.money
        money += [max(money[group] - part, 0) for group in self.market.purses.choose(step, self.market.places[at])]


def _whole(ratio: Fraction) -> int:
    """Round ρ down, for a quick first comparison: whoever is below another in this is below it in truth."""
    return (ratio.numerator << FINE) // ratio.denominator
