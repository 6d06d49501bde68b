"""Margins are paired, and exact at the boundary; what a few people want together stays hidden."""

from fractions import Fraction
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patronage.ballots.counting import co_support, margins
from patronage.ballots.counting.margins import Verdict
from tests.ballots.counting.elections import A, B, lettered


@pytest.mark.parametrize(
    ("ballots", "eligible", "verdict"),
    [
        (["60 a", "40 b"], 1000, Verdict.CLEAR),  # z = 20 / √(100 · 900/999) = 2.11
        (["58 a", "42 b"], 1000, Verdict.CLOSE),  # 1.69
        (["58 a", "42 b"], 120, Verdict.CLEAR),  # 16 / √(100 · 20/119) = 3.90
        (["58 a", "42 b", "500 ab"], 100_000, Verdict.CLOSE),  # who ticked both says nothing of their order
        (["40 a", "60 b"], 1000, Verdict.CLEAR),
        (["50 a", "50 b"], 1000, Verdict.CLOSE),
        (["51 a", "50 b"], 101, Verdict.DECIDED),
        (["50 a", "50 b"], 100, Verdict.EQUAL),
    ],
)
def test_a_margin_is_told_by_those_who_ticked_only_one_of_the_two(
    ballots: list[str], eligible: int, verdict: Verdict
) -> None:
    assert margins.between(lettered(ballots, "ab"), A, B, eligible).verdict == verdict


def test_a_margin_exactly_at_the_bound_is_clear() -> None:
    counted = lettered(["343 a", "294 b"], "ab")  # 49² · 33761 / (637 · 33125) = 1.96²
    assert margins.between(counted, A, B, 33_762).verdict == Verdict.CLEAR
    assert margins.between(counted, A, B, 33_763).verdict == Verdict.CLOSE


@settings(max_examples=50)
@given(only_a=st.integers(0, 500), only_b=st.integers(0, 500), both=st.integers(0, 500), away=st.integers(1, 5000))
def test_clear_is_where_the_formula_says_so(only_a: int, only_b: int, both: int, away: int) -> None:
    voted = only_a + only_b + both
    counted = lettered([f"{only_a} a", f"{only_b} b", f"{both} ab"], "ab")
    margin = margins.between(counted, A, B, voted + away)
    assert (margin.only_a, margin.only_b) == (only_a, only_b)
    spread = sqrt((only_a + only_b) * away / max(voted + away - 1, 1))
    z = abs(only_a - only_b) / spread if spread else 0.0
    assert z == pytest.approx(1.96) or (margin.verdict == Verdict.CLEAR) == (z > 1.96)


def test_so_few_ballots_turn_the_last_place() -> None:
    counted = lettered(["10 a", "7 b", "3 c"], "abc")
    assert margins.to_flip(counted, (1, 2, 3), 1) == margins.Flip(1, 2, extra=4, switched=2)
    assert margins.to_flip(counted, (1, 2, 3), 2) == margins.Flip(2, 3, extra=5, switched=3)
    assert margins.to_flip(counted, (1, 2, 3), 3) is None


def test_who_wants_one_topic_and_also_another() -> None:
    counted = lettered(["30 ab", "10 a", "20 b", "40 c"], "abc")
    (pair,) = co_support.pairs(counted, (1, 2, 3))
    assert (pair.a, pair.b, pair.both) == (1, 2, 30)
    assert (pair.of_a, pair.of_b, pair.overlap) == (Fraction(3, 4), Fraction(3, 5), Fraction(1, 2))
    assert pair.lift == Fraction(3, 2)


@pytest.mark.parametrize("ballots", [["9 ab", "20 a", "20 b"], ["30 ab", "9 a", "20 b"], ["30 ab", "20 a", "1 b"]])
def test_a_pair_that_would_tell_of_fewer_than_ten_is_hidden(ballots: list[str]) -> None:
    assert co_support.pairs(lettered(ballots, "ab"), (1, 2)) == ()


@pytest.mark.parametrize("ballots", [["10 ab", "10 a", "10 b"], ["10 ab"], ["10 ab", "10 a"]])
def test_a_pair_that_tells_of_nobody_or_of_ten_is_shown(ballots: list[str]) -> None:
    assert len(co_support.pairs(lettered(ballots, "ab"), (1, 2))) == 1


def test_only_the_ten_foremost_are_paired() -> None:
    letters = "abcdefghijkl"
    counted = lettered([f"20 {letters}", *(f"20 {letter}" for letter in letters)], letters)
    assert len(co_support.pairs(counted, counted.positions)) == 45
