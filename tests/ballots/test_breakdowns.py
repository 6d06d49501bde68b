"""Breakdowns tell nothing of few voters, neither shown nor computed from what is shown."""

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from patronage.ballots import results
from patronage.ballots.models import Electorate, Round
from patronage.ballots.sealing.breakdowns import LEAST, suppressed
from patronage.ballots.sealing.weights import Weighing
from patronage.foundation.database import Database
from tests.ballots.polls import a_patron, an_open_round, closed, votes

BANDS = st.integers(1, 4).flatmap(
    lambda topics: st.lists(
        st.integers(1, 40).flatmap(
            lambda voters: st.tuples(
                st.just(voters), st.lists(st.integers(0, voters), min_size=topics, max_size=topics)
            )
        ),
        min_size=2,
        max_size=6,
    )
)


def _few(many: int) -> bool:
    return 0 < many < LEAST


@given(BANDS)
def test_no_shown_cell_and_no_difference_from_the_total_tells_of_few(bands: list[tuple[int, list[int]]]) -> None:
    voters, ticked = [band[0] for band in bands], [band[1] for band in bands]
    shown = suppressed(voters, ticked)
    for band, (many, cells) in enumerate(shown):
        assert many is None or many >= LEAST
        for topic, cell in enumerate(cells):
            assert cell is None or not (_few(cell) or _few(voters[band] - cell) or voters[band] < LEAST), (band, topic)
    for topic in range(len(ticked[0])):
        hidden = [band for band, (_many, cells) in enumerate(shown) if cells[topic] is None]
        assert len(hidden) != 1
        if hidden and len(hidden) < len(bands):
            together, of = sum(ticked[band][topic] for band in hidden), sum(voters[band] for band in hidden)
            assert not _few(together)
            assert not _few(of - together)
    unnamed = [band for band, (many, _cells) in enumerate(shown) if many is None]
    assert len(unnamed) != 1
    assert not _few(sum(voters[band] for band in unnamed)) or len(unnamed) == len(bands)


def test_large_groups_are_shown_as_they_are_and_all_or_none_is_told() -> None:
    assert suppressed([40, 30], [[40, 20], [12, 0]]) == [(40, [40, 20]), (30, [12, 0])]


def test_a_small_group_hides_and_another_with_it() -> None:
    assert suppressed([9, 40, 50], [[3], [20], [20]]) == [(None, [None]), (None, [None]), (50, [20])]


def test_the_chosen_topics_are_broken_down_once_at_closing(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now, places=1)
        people = [a_patron(session, now) for _ in range(44)]
        for number, person in enumerate(people):
            votes(session, round_, person, "1,2" if number % 4 < 2 else "1" if number % 4 == 2 else "3", now)
            band = {"lang": "en" if number % 4 < 2 else "uk", "tier_band": "friend", "tenure_band": None}
            mine = (Electorate.round_id == round_.id, Electorate.person_id == person.id)
            session.execute(update(Electorate).where(*mine).values(**band))
        closed(session, round_, now)
        result = results.visible_results(session, round_, None).result
        assert result
        (by_language,) = result.breakdowns  # one level of support and one span of time say nothing
        assert (by_language.dimension, by_language.positions) == ("language", (1,))
        assert [(band.name, band.voters, band.ticked) for band in by_language.bands] == [
            ("en", 22, (22,)),
            ("uk", 22, (11,)),
        ]
        session.execute(update(Electorate).values(lang="pl"))
        assert results.recount(session, session.get_one(Round, round_.id))


def test_a_breakdown_counts_a_changed_ballot_once(database: Database, now: datetime) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now, places=1)
        for number in range(24):
            person = a_patron(session, now)
            votes(session, round_, person, "2", now)
            votes(session, round_, person, "1", now)
            language = update(Electorate).where(Electorate.person_id == person.id)
            session.execute(language.values(lang="en" if number % 2 else "uk"))
        closed(session, round_, now)
        result = results.visible_results(session, round_, None).result
        assert result
        assert [band.ticked for each in result.breakdowns for band in each.bands] == [(12,), (12,)]
        assert len(list(session.scalars(select(Electorate)))) == 24


def test_the_sum_of_weights_is_hidden_where_it_would_tell_how_few_voted() -> None:
    weighing = Weighing.read([("1", 1, 30), ("2", 1, 30), ("1", 3, 12), ("2", 3, 3)], [1, 2, 3])
    assert weighing.votes == {1: 66, 2: 39, 3: 0}
    assert [weighing.shown(position) for position in (1, 2, 3)] == [None, None, 0]
    assert Weighing.read([("1", 1, 30), ("2", 1, 30), ("1", 2, 12), ("2", 2, 12)], [1, 2]).shown(1) == 54
    assert Weighing.read([("1", 1, 30), ("1", 2, 9)], [1]).shown(1) is None
