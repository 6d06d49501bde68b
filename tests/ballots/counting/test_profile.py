"""A profile holds ballots as they were cast, and takes none that a ballot paper could not hold."""

import pytest

from patronage.ballots.counting.profile import MOST_POSITIONS, Profile
from patronage.ballots.tally import NotOnTheBallot


def test_a_profile_gives_back_what_it_read() -> None:
    profile = Profile.read([("2,11", 3), ("", 4), ("11", 1), ("2,11", 1)], (11, 2, 5))
    assert profile.positions == (2, 5, 11)
    assert list(profile.classes()) == [((2, 11), 3), ((11,), 1), ((2, 11), 1)]
    assert (profile.cast, profile.blank, profile.asking) == (9, 4, 5)
    assert profile.votes == {2: 4, 5: 0, 11: 5}
    assert (profile.both(2, 11), profile.both(2, 5)) == (4, 0)


@pytest.mark.parametrize(("choices", "said"), [("1,9", "9"), ("2,2", "twice"), ("1,", "not on it"), ("01", "01")])
def test_a_ballot_with_a_stranger_or_one_topic_twice_is_refused(choices: str, said: str) -> None:
    with pytest.raises(NotOnTheBallot, match=said):
        Profile.read([("1", 5), (choices, 1)], (1, 2))


def test_fewer_than_no_ballots_and_more_topics_than_there_can_be_are_refused() -> None:
    with pytest.raises(ValueError, match="fewer than no ballots"):
        Profile.read([("1", -1)], (1, 2))
    with pytest.raises(ValueError, match=str(MOST_POSITIONS)):
        Profile.read([], range(MOST_POSITIONS + 1))
