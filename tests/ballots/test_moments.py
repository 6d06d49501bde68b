"""A time typed at the desk means one moment, or is refused with both readings."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patronage.ballots import moments

KYIV = ZoneInfo("Europe/Kyiv")


def test_a_time_is_read_in_the_newsrooms_zone() -> None:
    assert moments.read("2026-03-02T18:00", KYIV) == datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
    assert moments.read("2026-07-02T18:00", KYIV) == datetime(2026, 7, 2, 15, 0, tzinfo=UTC)


def test_a_time_the_clocks_skip_is_refused_with_both_readings() -> None:
    with pytest.raises(moments.SkippedByTheClocks) as refused:
        moments.read("2026-03-29T03:30", KYIV)
    assert "03:30 does not exist" in str(refused.value)
    assert "02:30 EET or 04:30 EEST" in str(refused.value)


def test_a_time_the_clocks_show_twice_is_refused_with_both_readings() -> None:
    with pytest.raises(moments.ShownTwice) as refused:
        moments.read("2026-10-25T03:30", KYIV)
    assert "comes twice" in str(refused.value)
    assert "03:30 EEST (00:30 UTC)" in str(refused.value)
    assert "03:30 EET (01:30 UTC)" in str(refused.value)


@pytest.mark.parametrize("typed", ["", "tomorrow", "2026-02-30T10:00", "2026-03-02", "0001-01-01T00:00"])
def test_what_is_no_time_is_refused(typed: str) -> None:
    with pytest.raises(moments.NotAMoment):
        moments.read(typed, KYIV)


def test_a_moment_is_shown_as_it_was_typed() -> None:
    assert moments.typed(moments.read("2026-03-02T18:00", KYIV), KYIV) == "2026-03-02T18:00"


@given(
    moment=st.datetimes(datetime(2001, 1, 1), datetime(2150, 1, 1)).map(  # noqa: DTZ001 - made aware beside it
        lambda naive: naive.replace(second=0, microsecond=0, tzinfo=UTC)
    ),
    zone=st.sampled_from(["Europe/Kyiv", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]).map(ZoneInfo),
)
def test_what_a_field_shows_is_read_as_the_same_moment_or_said_to_come_twice(moment: datetime, zone: ZoneInfo) -> None:
    shown = moments.typed(moment, zone)
    try:
        assert moments.read(shown, zone) == moment
    except moments.ShownTwice:
        first, second = (datetime.fromisoformat(shown).replace(tzinfo=zone, fold=fold) for fold in (0, 1))
        assert moment in {first.astimezone(UTC), second.astimezone(UTC)}
        assert first.utcoffset() != second.utcoffset()
