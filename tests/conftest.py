"""What every test can ask for; the larger fixtures live in `tests/fixtures`, one subject a file."""

import gc
import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest

from patronage.foundation import logs
from patronage.foundation.clock import FrozenClock

pytest_plugins = [
    "tests.fixtures.databases",
    "tests.fixtures.tools",
    "tests.fixtures.routes",
    "tests.fixtures.app",
    "tests.fixtures.stripe",
    "tests.fixtures.live",
    "tests.fixtures.chromium",
    "tests.fixtures.receiver",
]

# Dozens of tests start programs of ours. Compiling them anew each time would take longer than running them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# What tests write is thrown away: it need not reach a disk, which would be waited for at every commit of SQLite.
MEMORY = Path("/dev/shm")
MEMORY_BYTES = 1 << 30
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_BYTES:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

# Loopback is reached without a proxy; not told so, Stripe's library reads the whole environment at each call.
os.environ["no_proxy"] = "127.0.0.1,localhost"

logs.configure(human=True)

hypothesis.settings.register_profile("quick", max_examples=50, deadline=None)  # a shared machine has no deadlines
hypothesis.settings.load_profile("quick")

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def pytest_collection_finish() -> None:
    """Let the collector pass over what stays until the end: modules, templates' code, a few thousand tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def clock() -> FrozenClock:
    """A clock that stands at noon UTC of Monday, 2 March 2026, until a test moves it."""
    return FrozenClock(NOON)


@pytest.fixture
def now(clock: FrozenClock) -> datetime:
    """The moment at which `clock` stands when the test begins, UTC."""
    return clock.now()
