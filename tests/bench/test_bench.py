"""The benchmark measures what it says: with few requests and few ballots, on both databases, in seconds."""

from pathlib import Path

import pytest

from bench import ballots, books, counting, measuring, paths
from bench.report import OnOneDatabase, page

FEW = measuring.Effort(rounds=1, reads=8, writes=8, ballots=500, counts=1, payments=600)


@pytest.mark.slow
def test_every_path_answers_as_its_senders_expect(own_database_url: str, tmp_path: Path) -> None:
    measured = measuring.measure(own_database_url, tmp_path, FEW)
    assert {name: figures.failed for name, figures in measured.figures.items() if figures.failed} == {}
    assert {name: len(figures.took) for name, figures in measured.figures.items()} == {
        "hello": 8, "commit1": 8, "support page": 8, "result page": 8, "webhook intake": 8, "vote cast": 8,
    }  # fmt: skip
    assert 0 < measured.statements <= 5
    started, counted = measuring.Start(0.1, 0.1, 1.0, 0.1), ballots.Counted(1, 1, 0.1, 0.1, 0.1, 0.1, 1.0, 0, 0, True)
    kept = books.Kept(1, 0.1, 0.1, 0.1, 0.1, 0, 0, True)
    rules = counting.Rules(1, 0.1, (counting.Rule("approval", 0.1, 1.0),), 1, 0.1, 0.1, 1.0)
    text = page([OnOneDatabase("SQLite 3", measured, started, counted, kept)], rules, FEW)
    assert all(path.name in text for path in measured.paths)


def test_the_service_the_imports_and_the_help_are_started_in_turn(own_sqlite_url: str, tmp_path: Path) -> None:
    started = measuring.measure_start(own_sqlite_url, tmp_path, 1)
    assert min(started.first_answer, started.imports, started.help) > 0
    assert started.ratio == pytest.approx(started.first_answer / started.imports)


def test_ballots_are_counted_frozen_and_recounted(own_database_url: str) -> None:
    round_id = ballots.fill(own_database_url, FEW.ballots)
    counted = ballots.counted(own_database_url, round_id, FEW.counts)
    assert counted.ballots == FEW.ballots
    assert counted.holds


def test_books_are_added_up_closed_and_exported(own_database_url: str) -> None:
    books.fill(own_database_url, FEW.payments)
    kept = books.kept(own_database_url, FEW.payments, FEW.rounds)
    assert kept.agrees
    assert kept.exported > 0


def test_every_rule_counts_the_same_ballots_in_turn(tmp_path: Path) -> None:
    rules = counting.measured(FEW.ballots, FEW.ballots, FEW.rounds, tmp_path)
    assert len(rules.rules) == 3
    assert min(rules.passed, rules.file_read, rules.file_counted, *(each.seconds for each in rules.rules)) > 0


def test_limits_are_asked_as_often_as_told() -> None:
    assert [len(limit.requests(3)) for limit in paths.LIMITS] == [3, 3]
