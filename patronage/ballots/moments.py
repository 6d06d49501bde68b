"""Reads dates and times as typed in the newsroom's zone, and refuses those the clocks skip or show twice."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l

from patronage.foundation.refused import Refused

TYPED = "%Y-%m-%dT%H:%M"


class NotAMoment(Refused):
    """What was typed is no date and time."""

    reason = _l("Write a date and a time, for example 2026-03-31 and 18:00.")


class SkippedByTheClocks(Refused):
    """A local time that does not exist, since the clocks are put forward over it."""

    def __init__(self, typed: datetime, earlier: datetime, later: datetime) -> None:
        super().__init__(
            _l(
                "%(time)s does not exist on that day: the clocks in %(zone)s are put forward over it. "
                "It could mean %(earlier)s or %(later)s. Type one of these.",
                time=_clock(typed), zone=str(earlier.tzinfo), earlier=_named(earlier), later=_named(later),
            )
        )  # fmt: skip


class ShownTwice(Refused):
    """A local time that comes twice, since the clocks are put back over it."""

    def __init__(self, first: datetime, second: datetime) -> None:
        super().__init__(
            _l(
                "%(time)s comes twice on that day: the clocks in %(zone)s are put back over it. It could mean "
                "%(first)s (%(first_utc)s UTC) or %(second)s (%(second_utc)s UTC). Type a time outside that hour.",
                time=_clock(first), zone=str(first.tzinfo), first=_named(first), second=_named(second),
                first_utc=_clock(first.astimezone(UTC)), second_utc=_clock(second.astimezone(UTC)),
            )
        )  # fmt: skip


def read(typed: str, zone: ZoneInfo) -> datetime:
    """Return the moment (UTC) that "2026-03-31T18:00" names in `zone`.

    Raises `NotAMoment`, `SkippedByTheClocks` or `ShownTwice`; it never guesses (PEP 495: fold 0 and fold 1 differ
    exactly for times that are skipped or repeated).
    """
    try:
        local = datetime.strptime(typed.strip()[:16].replace(" ", "T"), TYPED)  # noqa: DTZ007 - the zone follows
    except ValueError:
        raise NotAMoment from None
    first, second = local.replace(tzinfo=zone, fold=0), local.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return _checked(first)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local:
        raise ShownTwice(first, second)
    # A skipped time read with the offset before the jump lies after it, and the other way round.
    raise SkippedByTheClocks(local, second.astimezone(UTC).astimezone(zone), first.astimezone(UTC).astimezone(zone))


def typed(moment: datetime, zone: ZoneInfo) -> str:
    """Return `moment` as a form field shows it in `zone`."""
    return moment.astimezone(zone).strftime(TYPED)


def _checked(local: datetime) -> datetime:
    if not 2000 <= local.year <= 2200:
        raise NotAMoment
    return local.astimezone(UTC)


def _clock(moment: datetime) -> str:
    return moment.strftime("%H:%M")


def _named(moment: datetime) -> str:
    return f"{moment:%H:%M} {moment.tzname()}"
