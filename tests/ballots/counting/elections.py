"""Elections for the tests of counting: small ones from the literature, and ballots as rules read them."""

from collections import Counter
from collections.abc import Iterable


def grouped(ballots: Iterable[Iterable[int]]) -> list[tuple[str, int]]:
    """Group ballots (the positions each ticked) as the store does."""
    return list(Counter(",".join(map(str, sorted(ballot))) for ballot in ballots).items())
