"""Whom a slate leaves out is counted to the voter, and blank ballots make no promise easier to keep."""

from hypothesis import given, settings
from hypothesis import strategies as st

from patronage.ballots.counting import fairness
from tests.ballots.counting.elections import RUNNING, TOPICS, A, B, C, D, ballots, lettered, profile

Ballots = list[frozenset[int]]


@settings(max_examples=50)
@given(cast=ballots, slate=st.sets(st.sampled_from(TOPICS)), places=st.integers(1, 5))
def test_the_largest_group_left_out_is_who_one_would_find_by_looking(
    cast: Ballots, slate: set[int], places: int
) -> None:
    empty_handed = [ballot for ballot in cast if not ballot & slate]
    largest = max(sum(topic in ballot for ballot in empty_handed) for topic in TOPICS)
    counted, asking = profile(cast), sum(map(bool, cast))
    badge = fairness.badge(counted, slate, places)
    assert badge.left_out.voters == largest
    assert (badge.left_out.position is None) == (largest == 0)
    assert badge.holds == (largest == 0 or largest < badge.bound)
    nothing = fairness.with_nothing(counted, slate)
    assert (nothing.voters, nothing.of) == (sum(map(bool, empty_handed)), asking)


def test_exactly_one_in_k_voters_are_owed_a_topic_and_one_fewer_are_not() -> None:
    assert not fairness.LeftOut(3, A).keeps_promise(asking=9, places=3)
    assert fairness.LeftOut(2, A).keeps_promise(asking=9, places=3)
    assert fairness.LeftOut(0, None).keeps_promise(asking=0, places=3)


def test_a_slate_of_the_many_alone_has_no_badge_and_says_who_is_left_out() -> None:
    counted = lettered(["6 abc", "3 d"], "abcd")
    badge = fairness.badge(counted, (A, B, C), 3)
    assert not badge.holds
    assert badge.left_out == fairness.LeftOut(3, D)
    assert fairness.badge(counted, (A, B, D), 3).holds


def test_blank_ballots_change_neither_the_badge_nor_who_got_nothing() -> None:
    cast = [*[{1, 2, 3}] * 6, *[{4}] * 3]
    with_blank = profile([*cast, *[set[int]()] * 20])
    for slate in ((A, B, C), (A, B, D)):
        assert fairness.badge(with_blank, slate, 3) == fairness.badge(profile(cast), slate, 3)
        assert fairness.with_nothing(with_blank, slate) == fairness.with_nothing(profile(cast), slate)


def test_nobody_is_left_out_where_nobody_voted() -> None:
    badge = fairness.badge(profile([]), (), 3)
    assert badge.holds
    assert badge.left_out == fairness.LeftOut(0, None)
    assert fairness.with_nothing(profile([]), ()).share == 0


def test_the_share_left_with_nothing_is_of_those_who_asked() -> None:
    assert fairness.with_nothing(RUNNING, (A, B, C, D)).share.as_integer_ratio() == (1, 4)
