"""Moments as programs read them: RFC 3339, in UTC, to the second."""

from datetime import UTC, datetime


def to_the_second(moment: datetime) -> str:
    """Return an aware `moment` as text, such as "2026-03-01T18:00:00Z"."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
