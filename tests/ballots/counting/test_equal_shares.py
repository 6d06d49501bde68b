"""Equal shares buys what the textbook buys, purse by purse, however far it leaps."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patronage.ballots.counting import buying, equal_shares, raising
from patronage.ballots.counting.buying import Look
from patronage.ballots.counting.profile import Profile
from tests.ballots.counting import textbook
from tests.ballots.counting.elections import RUNNING, TOPICS, TWELFTH, A, B, C, D, ballots, lettered, profile

NEVER = 10**9  # a step so high that the first raise exceeds every budget
EQUAL = dict.fromkeys(range(1, 8), 1)
costs = st.lists(st.integers(1, 60), min_size=5, max_size=5).map(lambda all_: dict(zip(TOPICS, all_, strict=True)))


@settings(max_examples=50)
@given(cast=ballots, costs=costs, budget=st.integers(0, 150), standing=st.permutations(TOPICS),
       step=st.sampled_from([Fraction(1), Fraction(1, 3), Fraction(7, 2)]))  # fmt: skip
def test_raising_by_leaps_ends_where_raising_step_by_step_ends(
    cast: list[frozenset[int]], costs: dict[int, int], budget: int, standing: list[int], step: Fraction
) -> None:
    ours = equal_shares.add1(profile(cast), costs, budget, step, standing)
    exact = {topic: Fraction(cost) for topic, cost in costs.items()}
    theirs = textbook.add1(cast, exact, Fraction(budget), step, standing)
    assert list(ours.slate) == theirs.slate
    assert ours.cost == theirs.cost <= budget


def test_raising_leaps_where_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[Fraction] = []
    run = buying.Market.run

    def counted(market: buying.Market, purse: Fraction, budget: int, *, watch: bool = False) -> buying.Run:
        runs.append(purse)
        return run(market, purse, budget, watch=watch)

    monkeypatch.setattr(buying.Market, "run", counted)
    slate = equal_shares.add1(
        lettered(["2 a", "1 ab", "1 c"], "abc"), {1: 30, 2: 700_000, 3: 900_000}, 10**6, 1, (1, 2, 3)
    )
    assert slate.slate == (A, B)
    assert slate.purse == 899_999
    assert len(runs) < 40


@pytest.mark.parametrize(
    ("step", "slate"), [(NEVER, (A,)), (Fraction(5, 12), (A,)), (Fraction(1, 24 * 12), (A, B, C, D))]
)
def test_the_running_example_of_the_book_comes_out_as_pabutools_publishes_it(
    step: Fraction, slate: tuple[int, ...]
) -> None:
    assert equal_shares.add1(RUNNING, EQUAL, 4, step, RUNNING.positions).slate == slate


def test_the_book_s_example_of_equal_shares_comes_out_as_printed() -> None:
    bought = equal_shares.add1(TWELFTH, EQUAL, 3, NEVER, TWELFTH.positions)
    assert (bought.slate, bought.purse) == ((C, A), Fraction(3, 8))


def test_a_topic_is_worth_what_it_costs() -> None:
    counted = lettered(["1 a", "2 bcd", "1 c"], "abcd")
    costs = {A: Fraction(1), B: Fraction(9, 10), C: Fraction(2), D: Fraction(109, 100)}
    bought = equal_shares.add1(counted, costs, 4, NEVER, counted.positions)
    assert sorted(bought.slate) == [A, C]


def test_it_stops_at_the_first_purse_that_buys_too_much_though_something_cheaper_would_still_fit() -> None:
    counted = lettered(["3 ab", "1 c"], "abc")
    bought = equal_shares.add1(counted, {1: 50, 2: 51, 3: 40}, 100, 1, counted.positions)
    assert (bought.slate, bought.purse) == ((A,), Fraction(33))
    assert equal_shares.add1(counted, {1: 50, 2: 51, 3: 30}, 100, 1, counted.positions).slate == (A, C)


def test_a_step_of_a_round_is_a_hundredth_of_the_budget_shared_by_all() -> None:
    counted = lettered(["3 ab", "1 c"], "abc")
    bought = equal_shares.of_round(counted, {1: 11, 2: 12, 3: 13}, {1: 5, 2: 5, 3: 4}, 10, "seed")
    assert (bought.purse - Fraction(10, 4)) % Fraction(10, 400) == 0
    assert bought.cost <= 10


def test_who_ticked_nothing_has_a_purse_and_a_share_of_each_step_too() -> None:
    counted = lettered(["1 a"], "a")
    with_blank = Profile.read([("1", 1), ("", 9)], (A,))
    alone, among_ten = (equal_shares.of_round(each, {A: 11}, {A: 5}, 7, "seed").purse for each in (counted, with_blank))
    assert alone == 7
    assert among_ten == Fraction(7, 10) + 615 * Fraction(7, 1000)


def test_nothing_is_leapt_over_once_two_groups_have_changed_sides() -> None:
    """As many pay the equal part in both runs, but not the same: what held until then need not go on."""
    poor_and_rich, rich_and_poor = ([Look(0, 0, 2, 1, slacks)] for slacks in ([-9, 4], [8, -4]))
    first = buying.Run(Fraction(1), (A,), looks=poor_and_rich, rivals=[{0: Fraction(1)}])
    second = buying.Run(Fraction(2), (A,), looks=rich_and_poor, rivals=[{0: Fraction(1)}])
    assert raising.reach(first, second) == 1
    unchanged = buying.Run(Fraction(2), (A,), looks=[Look(0, 0, 2, 1, [-8, 4])], rivals=[{0: Fraction(1)}])
    assert raising.reach(first, unchanged) == 8


def test_a_tie_is_listed_and_falls_as_it_stands() -> None:
    counted = lettered(["1 ab"], "ab")
    bought = equal_shares.add1(counted, {1: 5, 2: 5}, 5, 1, (B, A))
    assert (bought.slate, bought.ties) == ((B,), ((B, A),))


def test_what_costs_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above zero"):
        equal_shares.add1(RUNNING, dict.fromkeys(EQUAL, 0), 4, 1, RUNNING.positions)
