"""The benchmark of comparing with Stripe compares what it wrote."""

from pathlib import Path

from bench import reconciling


def test_what_was_made_to_differ_is_found_by_few_requests(tmp_path: Path) -> None:
    compared = reconciling.measured(250, tmp_path)
    assert compared.mended == reconciling.DIFFERENT
    assert compared.requests <= 3 + 3 * reconciling.DIFFERENT
    assert "| 250 |" in reconciling.told([compared])
