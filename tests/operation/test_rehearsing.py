"""The rehearsal by which an operator sees that nothing is lost: a small one, with everything going wrong."""

from pathlib import Path

import pytest

from patronage.operation.rehearsal import Line, Plan, Verdict, rehearse


@pytest.mark.slow
def test_some_months_in_which_everything_goes_wrong_come_out_to_the_cent(own_database_url: str, tmp_path: Path) -> None:
    verdict = rehearse(Plan(patrons=4, months=2, seed=3), own_database_url, tmp_path)
    assert verdict.counts["payments"] > 4
    assert (verdict.differ_still, verdict.broken, verdict.given_up) == ([], [], [])
    assert [line for line in verdict.lines if not line.is_equal] == []
    assert verdict.is_good


def test_one_cent_too_many_is_not_good() -> None:
    assert Verdict(lines=[Line("EUR", 100, 100, 50, 50)]).is_good
    assert not Verdict(lines=[Line("EUR", 101, 100, 50, 50)]).is_good
    assert not Verdict(lines=[Line("EUR", 100, 100, 50, 50)], broken=["a settled pledge has no payment: 1"]).is_good
    assert not Verdict().is_good
