"""Which titles ask for the same, in English and Ukrainian."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patronage.ballots.suggesting.similar import ALIKE, MOST_OFFERED, likeness, offered

WORDS = st.lists(st.text("abcdefgабвгд", min_size=2, max_size=9), min_size=1, max_size=6).map(" ".join)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Who owns the river port", "The river port’s owners"),
        ("Heating bills", "Why are HEATING bills so high this winter?"),
        ("Café prices", "Cafe price"),
        ("What happens to the city budget", "City budget: who decides?"),
        ("Чий річковий порт", "Хто володіє річковим портом"),
        ("Скільки коштує опалення", "Ціна опалення взимку"),
        ("Ремонт даху школи", "Дах школи тече"),
        ("Його пам'ять", "його памʼять"),
    ],
)
def test_titles_that_ask_for_the_same_are_alike(one: str, other: str) -> None:
    assert likeness(one, other) >= ALIKE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Who pays for the bridge", "Who pays for the school roof"),
        ("Bus fares for students", "School meals in winter"),
        ("Ремонт даху школи", "Ремонт дороги до лікарні"),
        ("Київ", "Heating bills"),
        ("?!", "?!"),
        ("", "Heating bills"),
    ],
)
def test_titles_that_share_only_how_one_asks_are_not(one: str, other: str) -> None:
    assert likeness(one, other) < ALIKE


def test_letters_of_their_own_are_no_accents() -> None:
    assert likeness("край", "краи") < 1000
    assert likeness("їжа", "іжа") < 1000
    assert likeness("naïve", "naive") == 1000


@given(WORDS, WORDS)
@settings(max_examples=50)
def test_likeness_is_the_same_both_ways_and_whole_with_itself(one: str, other: str) -> None:
    assert likeness(one, other) == likeness(other, one)
    assert 0 <= likeness(one, other) <= likeness(one, one) == 1000


def test_at_most_five_are_offered_the_most_alike_first() -> None:
    others = [(number, "The river port") for number in range(10)] + [(77, "Who owns the river port"), (78, "Bread")]
    found = offered("Who owns the river port?", others)
    assert found == [77, 9, 8, 7, 6]
    assert len(found) == MOST_OFFERED
