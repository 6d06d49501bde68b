"""Moving one thing within an order."""

import pytest

from patronage.foundation.order import moved


@pytest.mark.parametrize(
    ("thing", "by", "expected"),
    [("b", -1, "bac"), ("b", 1, "acb"), ("a", -1, "abc"), ("c", 1, "abc"), ("a", 5, "bca"), ("x", 1, "abc")],
)
def test_one_thing_moves_and_stays_within_the_ends(thing: str, by: int, expected: str) -> None:
    assert "".join(moved("abc", thing, by)) == expected
