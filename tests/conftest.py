"""What every test can ask for; the larger fixtures live in `tests/fixtures`, one subject a file."""

from datetime import UTC, datetime

import pytest

from patronage.foundation import logs
from patronage.foundation.clock import FrozenClock

pytest_plugins = [
    "tests.fixtures.databases",
    "tests.fixtures.tools",
    "tests.fixtures.app",
    "tests.fixtures.stripe",
    "tests.fixtures.live",
    "tests.fixtures.chromium",
]

logs.configure(human=True)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> FrozenClock:
    """A clock that stands at noon UTC of Monday, 2 March 2026, until a test moves it."""
    return FrozenClock(NOON)


@pytest.fixture
def now(clock: FrozenClock) -> datetime:
    """The moment at which `clock` stands when the test begins, UTC."""
    return clock.now()
