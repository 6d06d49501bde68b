"""The method of equal shares with costs, completed by Add1: equal purses for all voters, topics are paid from them.

Rule "equal-shares", version 1. Every ballot cast gets budget / ballots. A topic can be bought while those who ticked it
can pay for it together; whoever cannot pay the equal part gives all that is left. With ρ the part of the cost that the
best-off of them pay, each pays min(what is left, ρ · cost), and the topic with the least ρ is bought next; topics that
are equal in it stand as the seed says. A topic is worth to a voter what it costs.

Add1: raise every purse by one `step`, run again from the start, and keep the last outcome that fits the budget; stop at
the first that does not, or once everything anybody ticked is bought. Nothing is filled up after. All exact.

Source: Peters, Pierczyński, Skowron, “Proportional Participatory Budgeting with Additive Utilities” (NeurIPS 2021).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from patronage.ballots.counting.buying import Market, Run
from patronage.ballots.counting.profile import Profile
from patronage.ballots.counting.raising import reach
from patronage.ballots.counting.standing import by_seed

RULE = "equal-shares"
RULE_VERSION = 1
COMPLETION = "add1"
STEPS_OF_A_ROUND = 100
MOST_PATIENCE = 16
Money = int | Fraction
Told = Callable[[int], object]


@dataclass(frozen=True)
class Slate:
    """Positions in the order in which they were bought, what they `cost`, the `purse` of each voter, and the ties."""

    slate: tuple[int, ...]
    cost: Fraction
    purse: Fraction
    ties: tuple[tuple[int, ...], ...]


def of_round(
    profile: Profile, topics: Mapping[int, int], costs: Mapping[int, Money], budget: Money, seed: str
) -> Slate:
    """Buy `topics` (position → topic id) of a round; costs and budget in reporter days, ties by the seed.

    A step is a hundredth of the budget, shared among all ballots cast.
    """
    step = Fraction(budget) / (STEPS_OF_A_ROUND * max(profile.cast, 1))
    return add1(profile, costs, budget, step, by_seed(topics, seed))


def add1(
    profile: Profile, costs: Mapping[int, Money], budget: Money, step: Money, standing: Sequence[int],
    told: Told | None = None,
) -> Slate:  # fmt: skip
    """Buy the positions in `standing`; among equals the one that stands first in it is bought first.

    `told` is called now and then with the number of steps so far. Raises `ValueError` for a cost or a step that is not
    above zero.
    """
    if step <= 0 or budget < 0 or any(costs[position] <= 0 for position in standing):
        raise ValueError("equal shares needs costs and steps above zero")
    if not profile.cast:
        return Slate((), Fraction(0), Fraction(0), ())
    unit = lcm(*(Fraction(amount).denominator for amount in (budget, *(costs[position] for position in standing))))
    market = Market(profile, {position: int(costs[position] * unit) for position in standing}, standing)
    first, raised = Fraction(budget) * unit / profile.cast, Fraction(step) * unit
    run = _completed(market, first, raised, int(budget * unit), told)
    return Slate(run.slate, Fraction(run.cost, unit), run.purse / unit, run.ties)


def _completed(market: Market, first: Fraction, step: Fraction, budget: int, told: Told | None) -> Run:
    """Return what a purse of `first` + t · `step` buys, for the last whole t before the budget is first exceeded.

    A purse is stepped over only where it is proved that it buys the same (see `raising`).
    """
    steps, patience, waited = 0, 1, 0
    run = market.run(first, budget)
    while not run.everything:
        if told:
            told(steps)
        watched = waited >= patience
        if watched:
            run = market.run(first + steps * step, budget, watch=True)
        next_ = market.run(first + (steps + 1) * step, budget, watch=watched)
        if next_.cost > budget:
            break
        same = reach(run, next_) if watched else 1
        waited = 0 if watched else waited + 1
        if same > 1:
            steps, patience, waited = steps + same, 1, 0
        else:
            steps, run = steps + 1, next_
            patience = min(2 * patience, MOST_PATIENCE) if watched else patience
    return market.run(first + steps * step, budget)
