"""Elections for the tests of counting: those the literature works out, and ballots as rules read them."""

from collections import Counter
from collections.abc import Iterable, Sequence

from hypothesis import strategies as st

from patronage.ballots.counting.profile import Profile

TOPICS = (1, 2, 3, 4, 5)
ballots = st.lists(st.frozensets(st.sampled_from(TOPICS)), min_size=1, max_size=9)


def grouped(cast: Iterable[Iterable[int]]) -> list[tuple[str, int]]:
    """Group ballots (the positions each ticked) as the store does."""
    return list(Counter(",".join(map(str, sorted(ballot))) for ballot in cast).items())


def profile(cast: Iterable[Iterable[int]], positions: Iterable[int] = TOPICS) -> Profile:
    """Return the profile of ballots, each the positions it ticked."""
    return Profile.read(grouped(cast), positions)


def lettered(written: Sequence[str], letters: str) -> Profile:
    """Return the profile of ballots written as "3 ab": three ticked a and b; a stands for position 1."""
    of = {letter: str(position) for position, letter in enumerate(letters, 1)}
    rows = [(line.split()[1], int(line.split()[0])) for line in written]
    return Profile.read([(",".join(of[letter] for letter in ticked), number) for ticked, number in rows],
                        range(1, len(letters) + 1))  # fmt: skip


# Lackner & Skowron (2023), example 1, which runs through their book; and their example 12.
RUNNING = lettered(["3 ab", "3 ac", "2 ad", "1 bcf", "1 e", "1 f", "1 g"], "abcdefg")
TWELFTH = lettered(["3 cd", "2 ab", "2 ac", "1 bd"], "abcd")
A, B, C, D = 1, 2, 3, 4
