"""Counting is exact, whatever the order of ballots, and ties fall as the published seed says."""

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patronage.ballots import tally

TOPICS = {1: 101, 2: 102, 3: 103, 4: 104}
Grouped = list[tuple[str, int]]

ballots = st.lists(
    st.tuples(
        st.sets(st.sampled_from(sorted(TOPICS))).map(lambda ticked: ",".join(map(str, sorted(ticked)))),
        st.integers(min_value=1, max_value=1000),
    ),
    max_size=20,
)
seeds = st.text("0123456789abcdef", min_size=1, max_size=64)


def test_the_topics_most_ballots_ticked_are_chosen() -> None:
    outcome = tally.approval([("1,2", 5), ("2", 3), ("", 2), ("3", 1)], TOPICS, 2, "seed")
    assert outcome.votes == {1: 5, 2: 8, 3: 1, 4: 0}
    assert outcome.ranking == (2, 1, 3, 4)
    assert outcome.slate == (2, 1)
    assert (outcome.cast, outcome.blank) == (11, 2)
    assert outcome.share(2) == Fraction(8, 11)


def test_a_topic_nobody_ticked_is_not_chosen() -> None:
    assert tally.approval([("1", 1)], TOPICS, 3, "seed").slate == (1,)


def test_a_round_without_ballots_chooses_nothing() -> None:
    outcome = tally.approval([], TOPICS, 3, "seed")
    assert outcome.slate == ()
    assert outcome.share(1) == 0


def test_a_tie_is_listed_in_the_order_of_the_seed() -> None:
    outcome = tally.approval([("1,2,3", 4)], TOPICS, 1, "a seed")
    by_hash = tuple(sorted((1, 2, 3), key=lambda position: tally.tie_key("a seed", TOPICS[position])))
    assert outcome.ties == (by_hash,)
    assert outcome.slate == by_hash[:1]


def test_a_ballot_for_what_is_not_there_is_told() -> None:
    with pytest.raises(tally.NotOnTheBallot, match="9"):
        tally.approval([("1,9", 1)], TOPICS, 1, "seed")


@given(grouped=ballots, seed=seeds, places=st.integers(1, 5))
def test_the_order_of_ballots_does_not_matter(grouped: Grouped, seed: str, places: int) -> None:
    forwards, backwards = (tally.approval(order, TOPICS, places, seed) for order in (grouped, grouped[::-1]))
    assert forwards == backwards


@given(grouped=ballots, seed=seeds, places=st.integers(1, 5))
def test_every_tick_is_counted_once(grouped: Grouped, seed: str, places: int) -> None:
    outcome = tally.approval(grouped, TOPICS, places, seed)
    ticks = Counter(position for choices, number in grouped for position in choices.split(",") * number if position)
    assert {str(position): votes for position, votes in outcome.votes.items() if votes} == ticks
    assert outcome.cast == sum(number for _, number in grouped)


@given(grouped=ballots, seed=seeds, places=st.integers(1, 5))
def test_nobody_left_out_had_more_votes_than_anybody_chosen(grouped: Grouped, seed: str, places: int) -> None:
    outcome = tally.approval(grouped, TOPICS, places, seed)
    rest = [outcome.votes[position] for position in TOPICS if position not in outcome.slate]
    chosen = [outcome.votes[position] for position in outcome.slate]
    assert len(chosen) == min(places, sum(1 for votes in outcome.votes.values() if votes))
    assert not chosen or not rest or min(chosen) >= max(rest)
    assert sorted(outcome.ranking) == sorted(TOPICS)
    assert all(len({outcome.votes[position] for position in tie}) == 1 for tie in outcome.ties)


@given(grouped=ballots, seed=seeds, places=st.integers(1, 4))
def test_one_place_more_only_adds_to_the_slate(grouped: Grouped, seed: str, places: int) -> None:
    fewer, more = (tally.approval(grouped, TOPICS, number, seed).slate for number in (places, places + 1))
    assert more[: len(fewer)] == fewer
