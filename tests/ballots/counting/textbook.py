"""The rules as the textbooks write them, voter by voter and step by step: slow, and meant to be compared with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

Ballots = Sequence[frozenset[int]]


def phragmen(ballots: Ballots, standing: Sequence[int], places: int) -> list[int]:
    """Sequential Phragmén with a load for every voter."""
    load = [Fraction(0)] * len(ballots)
    chosen: list[int] = []
    while len(chosen) < places:
        ends = {}
        for topic in standing:
            voters = [voter for voter, ballot in enumerate(ballots) if topic in ballot]
            if voters and topic not in chosen:
                ends[topic] = (1 + sum(load[voter] for voter in voters)) / Fraction(len(voters))
        if not ends:
            break
        topic = min(ends, key=lambda each: (ends[each], standing.index(each)))
        chosen.append(topic)
        load = [ends[topic] if topic in ballot else load[voter] for voter, ballot in enumerate(ballots)]
    return chosen


@dataclass
class Bought:
    """What a purse bought, in order, and its cost."""

    slate: list[int]
    cost: Fraction


def equal_shares(ballots: Ballots, costs: Mapping[int, Fraction], purse: Fraction, standing: Sequence[int]) -> Bought:
    """The method of equal shares without completion, utility = cost, money for every voter."""
    money = [purse] * len(ballots)
    bought: list[int] = []
    while True:
        offers = {}
        for topic in standing:
            voters = [voter for voter, ballot in enumerate(ballots) if topic in ballot]
            if topic not in bought and voters and sum(money[voter] for voter in voters) >= costs[topic]:
                offers[topic] = _rho([money[voter] for voter in voters], costs[topic])
        if not offers:
            return Bought(bought, sum((costs[topic] for topic in bought), Fraction(0)))
        topic = min(offers, key=lambda each: (offers[each], standing.index(each)))
        bought.append(topic)
        for voter, ballot in enumerate(ballots):
            if topic in ballot:
                money[voter] -= min(money[voter], offers[topic] * costs[topic])


def _rho(money: list[Fraction], cost: Fraction) -> Fraction:
    """The least ρ with Σ min(money, ρ · cost) = cost."""
    for poor in range(len(money)):
        gone = sum(sorted(money)[:poor], Fraction(0))
        part = (cost - gone) / (len(money) - poor)
        if all(amount >= part for amount in sorted(money)[poor:]):
            return part / cost
    raise AssertionError("they could not pay for it")


def add1(
    ballots: Ballots, costs: Mapping[int, Fraction], budget: Fraction, step: Fraction, standing: Sequence[int]
) -> Bought:
    """Add1, one step after the other."""
    ticked = {topic for ballot in ballots for topic in ballot}
    purse = budget / len(ballots)
    kept = equal_shares(ballots, costs, purse, standing)
    while set(kept.slate) != ticked:
        purse += step
        next_ = equal_shares(ballots, costs, purse, standing)
        if next_.cost > budget:
            break
        kept = next_
    return kept
