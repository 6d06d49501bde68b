"""The fair slate is the textbook's, to the fraction, and keeps what it promises."""

from fractions import Fraction
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from patronage.ballots import tally
from patronage.ballots.counting import fairness, phragmen
from patronage.ballots.counting.profile import Profile
from tests.ballots.counting import textbook
from tests.ballots.counting.elections import RUNNING, TOPICS, TWELFTH, A, B, C, D, ballots, grouped, lettered, profile

Ballots = list[frozenset[int]]
NUMBERS = {position: 100 + position for position in TOPICS}


def test_the_running_example_of_the_book_comes_out_as_printed() -> None:
    slate = phragmen.filled(RUNNING, 4, RUNNING.positions)
    assert slate.order == (A, B, C, D)
    assert slate.loads == (Fraction(1, 8), Fraction(11, 32), Fraction(55, 128), Fraction(5, 8))
    assert slate.ties == ((B, C),)


def test_the_book_s_example_with_unequal_loads_comes_out_as_printed() -> None:
    slate = phragmen.filled(TWELFTH, 3, TWELFTH.positions)
    assert slate.order == (C, B, D)
    assert slate.loads == (Fraction(1, 5), Fraction(1, 3), Fraction(29, 60))


@settings(max_examples=50)
@given(cast=ballots, standing=st.permutations(TOPICS), places=st.integers(1, 6))
def test_places_go_as_the_textbook_fills_them(cast: Ballots, standing: list[int], places: int) -> None:
    slate = phragmen.filled(profile(cast), places, standing)
    assert list(slate.order) == textbook.phragmen(cast, standing, places)
    assert list(slate.loads) == sorted(slate.loads)


@settings(max_examples=50)
@given(cast=ballots, places=st.integers(1, 5))
def test_the_slate_of_fewer_places_is_its_beginning(cast: Ballots, places: int) -> None:
    fewer, more = (phragmen.order(profile(cast), NUMBERS, number, "seed") for number in (places, places + 1))
    assert more.order[: len(fewer.order)] == fewer.order
    assert more.ties[: len(fewer.ties)] == fewer.ties


@settings(max_examples=50)
@given(cast=ballots, dice=st.randoms(use_true_random=False))
def test_neither_the_order_of_ballots_nor_their_grouping_matters(cast: Ballots, dice: Random) -> None:
    shuffled = [(choices, 1) for choices, number in grouped(cast) for _ in range(number)]
    dice.shuffle(shuffled)
    one, other = profile(cast), Profile.read(shuffled, TOPICS)
    assert phragmen.order(one, NUMBERS, 4, "seed") == phragmen.order(other, NUMBERS, 4, "seed")
    assert (one.cast, one.blank, one.votes) == (other.cast, other.blank, other.votes)


@settings(max_examples=50)
@given(cast=ballots, times=st.integers(2, 4))
def test_every_ballot_twice_changes_no_place(cast: Ballots, times: int) -> None:
    once, more = (phragmen.order(profile(counted), NUMBERS, 4, "seed") for counted in (cast, cast * times))
    assert once.order == more.order
    assert once.ties == more.ties


@settings(max_examples=50)
@given(cast=ballots, places=st.integers(1, 5))
def test_one_in_k_voters_with_a_topic_in_common_are_never_all_left_with_nothing(cast: Ballots, places: int) -> None:
    counted = profile(cast)
    slate = phragmen.order(counted, NUMBERS, places, "seed").order
    assert fairness.badge(counted, slate, places).holds


def test_a_tie_falls_as_the_seed_says() -> None:
    by_hash = tuple(sorted(TOPICS, key=lambda position: tally.tie_key("a seed", NUMBERS[position])))
    slate = phragmen.order(profile([frozenset(TOPICS)]), NUMBERS, 1, "a seed")
    assert (slate.order, slate.ties) == (by_hash[:1], (by_hash,))


def test_topics_that_stay_equal_for_several_places_are_told_as_one_tie() -> None:
    counted = lettered(["2 abc", "1 d", "1 e"], "abcde")
    slate = phragmen.filled(counted, 5, (3, 1, 2, 5, 4))
    assert slate.order == (3, 1, 5, 4, 2)
    assert slate.ties == ((3, 1, 2), (1, 2, 5, 4))


def test_a_round_without_ballots_fills_no_place() -> None:
    assert phragmen.order(profile([]), NUMBERS, 3, "seed").order == ()
