"""Equal shares buys what the textbook buys, purse by purse, however far it jumps."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from patronage.ballots.counting import equal_shares
from patronage.ballots.counting.profile import Profile
from tests.ballots.counting import textbook
from tests.ballots.counting.elections import grouped

TOPICS = (1, 2, 3, 4, 5)
elections = st.lists(st.frozensets(st.sampled_from(TOPICS)), min_size=1, max_size=9)
costs = st.lists(st.integers(1, 40), min_size=5, max_size=5).map(lambda all_: dict(zip(TOPICS, all_, strict=True)))


@settings(max_examples=50)
@given(ballots=elections, costs=costs, budget=st.integers(0, 90), standing=st.permutations(TOPICS),
       step=st.sampled_from([Fraction(1), Fraction(1, 3), Fraction(7, 2)]))  # fmt: skip
def test_raising_by_leaps_ends_where_raising_step_by_step_ends(
    ballots: list[frozenset[int]], costs: dict[int, int], budget: int, standing: list[int], step: Fraction
) -> None:
    ours = equal_shares.add1(Profile.read(grouped(ballots), TOPICS), costs, budget, step, standing)
    exact = {topic: Fraction(cost) for topic, cost in costs.items()}
    theirs = textbook.add1(ballots, exact, Fraction(budget), step, standing)
    assert list(ours.slate) == theirs.slate
    assert ours.cost == theirs.cost <= budget
